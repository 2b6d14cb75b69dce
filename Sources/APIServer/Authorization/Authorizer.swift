import KubernetesTypes

/// Decides what a caller may do: members of `system:masters` everything, nodes what nodes need, all others what RBAC grants.
final class Authorizer: Sendable {
    struct Decision: Sendable {
        var isAllowed: Bool
        var reason: String

        static let denied = Decision(isAllowed: false, reason: "")
    }

    struct Grant: Sendable {
        var subject: JSONValue
        /// The binding's namespace; nil when it holds everywhere.
        var namespace: String?
        var bindingName: String
        var roleKind: String
        var roleName: String
        var rules: [PolicyRule]

        func concerns(_ user: UserInfo) -> Bool {
            let name = subject["name"]?.string ?? ""
            switch subject["kind"]?.string {
            case "User": return name == user.name
            case "Group": return user.isIn(name)
            case "ServiceAccount":
                let namespace = subject["namespace"]?.string ?? self.namespace ?? ""
                return user.name == "system:serviceaccount:\(namespace):\(name)"
            default: return false
            }
        }

        /// In upstream's words.
        var reason: String {
            let binding = namespace.map { "RoleBinding \"\(bindingName)/\($0)\"" } ?? "ClusterRoleBinding \"\(bindingName)\""
            let kind = subject["kind"]?.string ?? ""
            let name = subject["name"]?.string ?? ""
            let who =
                kind == "ServiceAccount"
                ? "ServiceAccount \"\(name)/\(subject["namespace"]?.string ?? "")\"" : "\(kind) \"\(name)\""
            return "RBAC: allowed by \(binding) of \(roleKind) \"\(roleName)\" to \(who)"
        }
    }

    private let store: ObjectStore
    private let cache = DerivedValue<[Grant]>()

    private let nodes: NodeAuthorizer

    init(store: ObjectStore) {
        self.store = store
        nodes = NodeAuthorizer(store: store)
    }

    /// Forgets what was read of roles and bindings.
    func invalidate() { cache.invalidate() }

    func decide(_ user: UserInfo, _ info: RequestInfo) -> Decision {
        if user.isIn(UserInfo.masters) { return Decision(isAllowed: true, reason: "") }
        var refusal = ""
        if let node = NodeAuthorizer.node(user) {
            let decision = nodes.decide(node: node, info)
            if decision.isAllowed { return decision }
            refusal = decision.reason
        }
        for grant in grants where applies(grant, info) && grant.concerns(user) {
            if grant.rules.contains(where: { $0.allows(info) }) { return Decision(isAllowed: true, reason: grant.reason) }
        }
        return Decision(isAllowed: false, reason: refusal)
    }

    private func applies(_ grant: Grant, _ info: RequestInfo) -> Bool {
        guard let namespace = grant.namespace else { return true }
        return info.isResourceRequest && namespace == info.namespace
    }

    /// All rules that hold for a user in a namespace, in the order of upstream's resolver.
    func rules(of user: UserInfo, namespace: String) -> [PolicyRule] {
        var rules: [PolicyRule] = []
        if user.isIn(UserInfo.masters) {
            rules.append(PolicyRule(["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]))
            rules.append(PolicyRule(["verbs": ["*"], "nonResourceURLs": ["*"]]))
        }
        for grant in grants where (grant.namespace == nil || grant.namespace == namespace) && grant.concerns(user) {
            rules += grant.rules
        }
        return rules
    }

    private var grants: [Grant] { cache.get(makeGrants) }

    private func objects(_ resource: String) -> [StoredObject] {
        Array(store.objects(ResourceName(group: "rbac.authorization.k8s.io", resource: resource)).objects)
    }

    private func makeGrants() -> [Grant] {
        func rules(_ object: StoredObject) -> [PolicyRule] { (object.value["rules"]?.array ?? []).map(PolicyRule.init) }
        let clusterRoles = Dictionary(objects("clusterroles").map { ($0.key, rules($0)) }, uniquingKeysWith: { $1 })
        let roles = Dictionary(objects("roles").map { ($0.key, rules($0)) }, uniquingKeysWith: { $1 })
        var grants: [Grant] = []
        func add(_ binding: StoredObject, namespace: String?) {
            let value = binding.value
            let kind = value["roleRef"]?["kind"]?.string ?? ""
            let name = value["roleRef"]?["name"]?.string ?? ""
            let found = kind == "ClusterRole" ? clusterRoles[name] : roles["\(namespace ?? "")/\(name)"]
            guard let found else { return }
            for subject in value["subjects"]?.array ?? [] {
                grants.append(
                    Grant(
                        subject: subject, namespace: namespace, bindingName: binding.name, roleKind: kind, roleName: name,
                        rules: found))
            }
        }
        for binding in objects("clusterrolebindings") { add(binding, namespace: nil) }
        for binding in objects("rolebindings") { add(binding, namespace: binding.namespace) }
        return grants
    }
}

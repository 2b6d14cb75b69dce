import KubernetesTypes

/// Nobody can grant through RBAC what they do not have, unless they may `escalate` or `bind`.
struct EscalationCheck: Sendable {
    static let group = "rbac.authorization.k8s.io"

    let store: ObjectStore
    let authorizer: Authorizer

    func check(_ object: JSONValue, old: JSONValue?, _ context: AdmissionContext) throws(APIError) {
        let user = context.scope.user
        guard context.definition.group == Self.group, context.operation != .delete, !user.isIn(UserInfo.masters) else { return }
        let namespace = context.scope.info.namespace
        let name = object["metadata"]?["name"]?.string ?? ""
        let rules: [PolicyRule]
        if context.definition.plural.hasSuffix("bindings") {
            if let old, old["roleRef"] == object["roleRef"], old["subjects"] == object["subjects"] { return }
            let role = object["roleRef"]?["name"]?.string ?? ""
            let isCluster = object["roleRef"]?["kind"]?.string == "ClusterRole"
            let plural = isCluster ? "clusterroles" : "roles"
            if allows("bind", plural, role, context) { return }
            let key = StoredKey.key(namespace: isCluster ? "" : namespace, name: role)
            guard let found = store.object(ResourceName(group: Self.group, resource: plural), key: key)?.value else {
                throw .notFound(ResourceName(group: Self.group, resource: plural), name: role)
            }
            rules = (found["rules"]?.array ?? []).map(PolicyRule.init)
        } else {
            if let old, old["rules"] == object["rules"] { return }
            if allows("escalate", context.definition.plural, name, context) { return }
            rules = (object["rules"]?.array ?? []).map(PolicyRule.init)
        }
        let held = authorizer.rules(of: user, namespace: namespace)
        let missing = rules.filter { !covers(held, $0) }
        guard !missing.isEmpty else { return }
        let groups = user.groups.map { "\"\($0)\"" }.joined(separator: " ")
        throw .forbidden(
            context.definition.name, name: name,
            "user \"\(user.name)\" (groups=[\(groups)]) is attempting to grant RBAC permissions not currently held:\n"
                + missing.map(shown).joined(separator: "\n"))
    }

    private func allows(_ verb: String, _ resource: String, _ name: String, _ context: AdmissionContext) -> Bool {
        let question = RequestInfo(
            verb: verb, group: Self.group, resource: resource, namespace: context.scope.info.namespace, name: name)
        return authorizer.decide(context.scope.user, question).isAllowed
    }

    /// Taken apart into single verbs, groups and resources, each of which some held rule has to grant.
    private func covers(_ held: [PolicyRule], _ wanted: PolicyRule) -> Bool {
        for verb in wanted.verbList {
            for path in wanted.nonResourceURLs {
                let isHeld = held.contains { rule in
                    (rule.verbs.contains("*") || rule.verbs.contains(verb))
                        && rule.nonResourceURLs.contains { $0 == path || PolicyRule.matches($0, path: path) }
                }
                if !isHeld { return false }
            }
            for group in wanted.groupList {
                for resource in wanted.resourceList {
                    let names: [String?] = wanted.nameList.isEmpty ? [nil] : wanted.nameList
                    for name in names {
                        guard held.contains(where: { $0.covers(verb: verb, group: group, resource: resource, name: name) }) else {
                            return false
                        }
                    }
                }
            }
        }
        return true
    }

    private func shown(_ rule: PolicyRule) -> String {
        func list(_ texts: [String]) -> String { "[" + texts.map { "\"\($0)\"" }.joined(separator: " ") + "]" }
        var parts: [String] = []
        if !rule.groupList.isEmpty { parts.append("APIGroups:\(list(rule.groupList))") }
        if !rule.resourceList.isEmpty { parts.append("Resources:\(list(rule.resourceList))") }
        if !rule.nameList.isEmpty { parts.append("ResourceNames:\(list(rule.nameList))") }
        if !rule.nonResourceURLs.isEmpty { parts.append("NonResourceURLs:\(list(rule.nonResourceURLs))") }
        parts.append("Verbs:\(list(rule.verbList))")
        return "{\(parts.joined(separator: ", "))}"
    }
}

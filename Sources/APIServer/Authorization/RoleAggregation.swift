import FoundationEssentials
import KubernetesTypes

/// Keeps ClusterRoles that are made of others (`admin`, `edit`, `view`) what their parts add up to.
struct RoleAggregation: Sendable {
    private static let resource = ResourceName(group: "rbac.authorization.k8s.io", resource: "clusterroles")

    let core: APIServerCore

    func run() async {
        // A role may be made of roles that are themselves made of others: again until nothing changes.
        for _ in 0..<4 {
            var hasChanged = false
            let roles = core.store.objects(Self.resource).objects
            for role in roles {
                let object = role.value
                guard let selectors = object["aggregationRule"]?["clusterRoleSelectors"]?.array else { continue }
                let rules = aggregate(selectors, roles, except: role.name)
                guard .array(rules) != object["rules"] ?? .array([]) else { continue }
                if await write(role, object, rules) { hasChanged = true }
            }
            if !hasChanged { return }
            core.authorizer.invalidate()
        }
    }

    private func aggregate(_ selectors: [JSONValue], _ roles: ContiguousArray<StoredObject>, except name: String) -> [JSONValue] {
        var rules: [JSONValue] = []
        for selector in selectors {
            guard let typed = try? selector.decode(LabelSelector.self), let selection = LabelSelection(typed) else { continue }
            for role in roles where role.name != name && selection.matches(role.labels) {
                for rule in role.value["rules"]?.array ?? [] where !rules.contains(rule) { rules.append(rule) }
            }
        }
        return rules
    }

    private func write(_ role: StoredObject, _ old: JSONValue, _ rules: [JSONValue]) async -> Bool {
        guard let definition = core.registry.definition(group: Self.resource.group, plural: Self.resource.resource) else {
            return false
        }
        var before = old
        before["apiVersion"] = .string(definition.apiVersion)
        before["kind"] = .string(definition.kind)
        var object = before
        object["rules"] = .array(rules)
        let writer = FieldWriter(manager: "clusterrole-aggregation-controller", subresource: nil, time: core.configuration.now())
        object = core.merging.recorded(old: before, new: object, definition, by: writer)
        do throws(StoreError) {
            _ = try await core.store.commit(
                StoreWrite(
                    resource: Self.resource, operation: .update(PreparedObject(object), expected: role.revision)))
            return true
        } catch {
            // Somebody wrote the role meanwhile, and that write aggregates again.
            return false
        }
    }
}

import FoundationEssentials
import KubernetesTypes

/// ResourceQuotas: what a namespace may have of objects, requests and limits.
///
/// Usage is kept in the quota's status and raised before the object is made, so that two requests at once cannot both take the
/// last of it; the quota controller lowers it again.
struct QuotaAdmission: Sendable {
    let store: ObjectStore
    let registry: ResourceRegistry
    let merging: any ObjectMerging
    let now: @Sendable () -> Date

    private static let resource = ResourceName(group: "", resource: "resourcequotas")

    func admit(_ object: JSONValue, _ context: AdmissionContext) async throws(APIError) {
        let namespace = context.scope.info.namespace
        guard !namespace.isEmpty, context.operation == .create, context.subresource == nil else { return }
        let quotas = ResourceTable.inNamespace(namespace, store.objects(Self.resource).objects)
        guard !quotas.isEmpty else { return }
        let asked = try QuotaUsage.usage(object, context.definition)
        for quota in quotas { try await charge(quota, asked, object, context) }
    }

    private func charge(
        _ quota: StoredObject, _ asked: [String: Quantity], _ object: JSONValue, _ context: AdmissionContext
    ) async throws(APIError) {
        var current = quota
        for _ in 0..<10 {
            let value = current.value
            guard let hard = value["status"]?["hard"]?.object, !hard.isEmpty else { return }
            let relevant = asked.filter { hard[$0.key] != nil }
            guard !relevant.isEmpty else { return }
            let name = object["metadata"]?["name"]?.string ?? ""
            try requireStated(hard, object, quota.name, name, context)
            let used = value["status"]?["used"]?.object ?? [:]
            var next = used
            var exceeded: [String] = []
            for key in relevant.keys.sorted() {
                guard let request = relevant[key], let limit = hard[key]?.string.flatMap(Quantity.init) else { continue }
                let before = used[key]?.string.flatMap(Quantity.init) ?? Quantity(0)
                let after = before + request
                next[key] = .string(after.description)
                if after > limit { exceeded.append(key) }
            }
            if !exceeded.isEmpty {
                func shown(_ text: (String) -> String) -> String { exceeded.map { "\($0)=\(text($0))" }.joined(separator: ",") }
                throw .forbidden(
                    context.definition.name, name: name,
                    "exceeded quota: \(quota.name), requested: \(shown { relevant[$0]?.description ?? "" }), "
                        + "used: \(shown { used[$0]?.string ?? "0" }), limited: \(shown { hard[$0]?.string ?? "" })")
            }
            if context.isDryRun { return }
            guard let definition = registry.definition(group: "", plural: Self.resource.resource) else { return }
            var old = value
            old["apiVersion"] = "v1"
            old["kind"] = "ResourceQuota"
            var updated = old
            updated["status"]?["used"] = .object(next)
            let writer = FieldWriter(manager: "kube-apiserver", subresource: "status", time: now())
            updated = merging.recorded(old: old, new: updated, definition, by: writer)
            do throws(StoreError) {
                _ = try await store.commit(
                    StoreWrite(
                        resource: Self.resource, operation: .update(PreparedObject(updated), expected: current.revision)))
                return
            } catch {
                guard case .conflict(let latest?) = error else {
                    throw .internalError("the quota could not be charged: \(error)")
                }
                current = latest
            }
        }
        throw .internalError("the quota \(quota.name) changes too fast to be charged")
    }

    /// A quota on cpu or memory means that every container has to say what it wants.
    private func requireStated(
        _ hard: [String: JSONValue], _ object: JSONValue, _ quota: String, _ name: String, _ context: AdmissionContext
    ) throws(APIError) {
        guard context.definition.group.isEmpty, context.definition.plural == "pods" else { return }
        let containers = (object["spec"]?["containers"]?.array ?? []) + (object["spec"]?["initContainers"]?.array ?? [])
        for key in hard.keys.sorted() {
            let parts: (field: String, resource: String)
            switch key {
            case "cpu", "memory": parts = ("requests", key)
            case "requests.cpu", "requests.memory": parts = ("requests", String(key.dropFirst(9)))
            case "limits.cpu", "limits.memory": parts = ("limits", String(key.dropFirst(7)))
            default: continue
            }
            let silent = containers.filter { $0["resources"]?[parts.field]?[parts.resource] == nil }.compactMap {
                $0["name"]?.string
            }
            guard silent.isEmpty else {
                throw .forbidden(
                    context.definition.name, name: name,
                    "failed quota: \(quota): must specify \(key) for: \(silent.joined(separator: ","))")
            }
        }
    }
}

/// What one object counts for.
enum QuotaUsage {
    static func usage(_ object: JSONValue, _ definition: ResourceDefinition) throws(APIError) -> [String: Quantity] {
        let one = Quantity(1)
        let counted = "count/\(definition.name.qualified)"
        var usage = [counted: one]
        guard definition.group.isEmpty else { return usage }
        switch definition.plural {
        case "pods":
            usage["pods"] = one
            for (key, value) in podResources(object) { usage[key] = value }
        case "services":
            usage["services"] = one
            let type = object["spec"]?["type"]?.string ?? ""
            if type == "LoadBalancer" { usage["services.loadbalancers"] = one }
            if type == "NodePort" || type == "LoadBalancer" {
                usage["services.nodeports"] = Quantity(object["spec"]?["ports"]?.array?.count ?? 0)
            }
        case "persistentvolumeclaims":
            usage["persistentvolumeclaims"] = one
            if let storage = object["spec"]?["resources"]?["requests"]?["storage"]?.string.flatMap(Quantity.init) {
                usage["requests.storage"] = storage
            }
        case "configmaps", "secrets", "replicationcontrollers", "resourcequotas": usage[definition.plural] = one
        default: break
        }
        return usage
    }

    /// Sum of the containers, or the largest init container where that is more.
    private static func podResources(_ pod: JSONValue) -> [String: Quantity] {
        var usage: [String: Quantity] = [:]
        for field in ["requests", "limits"] {
            var total: [String: Quantity] = [:]
            for container in pod["spec"]?["containers"]?.array ?? [] {
                for (resource, value) in container["resources"]?[field]?.object ?? [:] {
                    guard let quantity = value.string.flatMap(Quantity.init) else { continue }
                    total[resource] = total[resource].map { $0 + quantity } ?? quantity
                }
            }
            for container in pod["spec"]?["initContainers"]?.array ?? [] {
                for (resource, value) in container["resources"]?[field]?.object ?? [:] {
                    guard let quantity = value.string.flatMap(Quantity.init) else { continue }
                    total[resource] = total[resource].map { max($0, quantity) } ?? quantity
                }
            }
            for (resource, quantity) in total {
                usage["\(field).\(resource)"] = quantity
                if field == "requests", resource == "cpu" || resource == "memory" { usage[resource] = quantity }
            }
        }
        return usage
    }
}

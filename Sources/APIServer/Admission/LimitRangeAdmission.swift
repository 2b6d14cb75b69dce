import KubernetesTypes

/// LimitRanges: defaults for containers that say nothing, and bounds for those that do.
struct LimitRangeAdmission: Sendable {
    let store: ObjectStore

    private func limits(_ namespace: String) -> [JSONValue] {
        let ranges = ResourceTable.inNamespace(
            namespace, store.objects(ResourceName(group: "", resource: "limitranges")).objects)
        return ranges.flatMap { $0.value["spec"]?["limits"]?.array ?? [] }
    }

    func applyDefaults(_ pod: inout JSONValue, _ context: AdmissionContext) {
        let limits = limits(context.scope.info.namespace).filter { $0["type"]?.string == "Container" }
        guard !limits.isEmpty else { return }
        var notes: [String] = []
        for (list, title) in [("containers", "container"), ("initContainers", "init container")] {
            guard var containers = pod["spec"]?[list]?.array else { continue }
            for index in containers.indices {
                for limit in limits { fill(&containers[index], limit, title: title, &notes) }
            }
            pod["spec"]?[list] = .array(containers)
        }
        guard !notes.isEmpty else { return }
        var annotations = pod["metadata"]?["annotations"]?.object ?? [:]
        annotations["kubernetes.io/limit-ranger"] = .string("LimitRanger plugin set: \(notes.joined(separator: "; "))")
        pod["metadata"]?["annotations"] = .object(annotations)
    }

    private func fill(_ container: inout JSONValue, _ limit: JSONValue, title: String, _ notes: inout [String]) {
        let name = container["name"]?.string ?? ""
        var resources = container["resources"]?.object ?? [:]
        for (field, source, word) in [("requests", "defaultRequest", "request"), ("limits", "default", "limit")] {
            var values = resources[field]?.object ?? [:]
            var added: [String] = []
            for (resource, value) in limit[source]?.object ?? [:] where values[resource] == nil {
                values[resource] = value
                added.append(resource)
            }
            guard !added.isEmpty else { continue }
            resources[field] = .object(values)
            notes.append("\(added.sorted().joined(separator: ", ")) \(word) for \(title) \(name)")
        }
        container["resources"] = .object(resources)
    }

    func validate(_ pod: JSONValue, _ context: AdmissionContext) throws(APIError) {
        var problems: [String] = []
        for limit in limits(context.scope.info.namespace) where limit["type"]?.string == "Container" {
            for container in (pod["spec"]?["containers"]?.array ?? []) + (pod["spec"]?["initContainers"]?.array ?? []) {
                problems += check(container, limit)
            }
        }
        guard !problems.isEmpty else { return }
        let list = problems.count == 1 ? problems[0] : "[\(problems.joined(separator: ", "))]"
        throw .forbidden(context.definition.name, name: pod["metadata"]?["name"]?.string ?? "", list)
    }

    private func check(_ container: JSONValue, _ limit: JSONValue) -> [String] {
        var problems: [String] = []
        func quantity(_ field: String, _ resource: String) -> (Quantity, String)? {
            guard let text = container["resources"]?[field]?[resource]?.string, let value = Quantity(text) else { return nil }
            return (value, text)
        }
        for (resource, bound) in (limit["min"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let text = bound.string, let minimum = Quantity(text) else { continue }
            if let (request, shown) = quantity("requests", resource) {
                if request < minimum {
                    problems.append("minimum \(resource) usage per Container is \(text), but request is \(shown)")
                }
            } else {
                problems.append("minimum \(resource) usage per Container is \(text).  No request is specified")
            }
        }
        for (resource, bound) in (limit["max"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let text = bound.string, let maximum = Quantity(text) else { continue }
            if let (limit, shown) = quantity("limits", resource) {
                if limit > maximum {
                    problems.append("maximum \(resource) usage per Container is \(text), but limit is \(shown)")
                }
            } else {
                problems.append("maximum \(resource) usage per Container is \(text).  No limit is specified")
            }
        }
        return problems
    }
}

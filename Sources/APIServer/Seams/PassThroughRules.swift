import KubernetesTypes

/// Rules for kinds of which nothing more is known: every field is kept, nothing but status and generation is looked after.
struct PassThroughRules: ObjectRules {
    var hasStatus = true
    var hasGeneration = true

    func decode(_ object: JSONValue) throws(APIError) -> DecodedObject { DecodedObject(object: object, findings: []) }

    func defaulted(_ object: JSONValue) -> JSONValue { object }

    func prepareForCreate(_ object: JSONValue) -> JSONValue { object }

    func prepareForUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> JSONValue {
        guard hasStatus else { return new }
        if subresource == "status" {
            var result = old
            result["metadata"] = new["metadata"]
            result["status"] = new["status"]
            return result
        }
        var result = new
        result["status"] = old["status"]
        return result
    }

    func validateCreate(_ object: JSONValue) -> [FieldError] { [] }

    func validateUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> [FieldError] { [] }
}

struct PassThroughRulesProvider: ObjectRulesProvider {
    private static let withoutStatus: Set<String> = [
        "ConfigMap", "Secret", "ServiceAccount", "Endpoints", "Event", "Lease", "Role", "ClusterRole", "RoleBinding",
        "ClusterRoleBinding",
        "PriorityClass", "LimitRange", "EndpointSlice", "RuntimeClass", "StorageClass", "ControllerRevision",
    ]

    private static let withoutGeneration: Set<String> = withoutStatus.union([
        "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim", "ResourceQuota", "Service",
    ])

    func rules(group: String, version: String, kind: String) -> any ObjectRules {
        PassThroughRules(
            hasStatus: !Self.withoutStatus.contains(kind), hasGeneration: !Self.withoutGeneration.contains(kind))
    }

    func rules(definition: JSONValue, version: String) -> any ObjectRules { PassThroughRules() }
}

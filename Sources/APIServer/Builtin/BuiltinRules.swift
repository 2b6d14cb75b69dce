import KubernetesTypes

/// What one built-in kind has of its own; the closures stand where upstream has a strategy.
struct KindBehavior: Sendable {
    var defaults: @Sendable (inout JSONValue) -> Void = { _ in }
    /// Status is written through its own path.
    var hasStatus = false
    var hasGeneration = false
    var prepareForCreate: @Sendable (inout JSONValue) -> Void = { _ in }
    var prepareForUpdate: @Sendable (_ old: JSONValue, _ new: inout JSONValue) -> Void = { _, _ in }
    var validate: @Sendable (JSONValue) -> [FieldError] = { _ in [] }
    var validateUpdate: @Sendable (_ old: JSONValue, _ new: JSONValue) -> [FieldError] = { _, _ in [] }
    var validateStatus: @Sendable (_ old: JSONValue, _ new: JSONValue) -> [FieldError] = { _, _ in [] }
    var warnings: @Sendable (JSONValue, JSONValue?) -> [String] = { _, _ in [] }
    var changesGeneration: @Sendable (JSONValue, JSONValue) -> Bool = { $0["spec"] != $1["spec"] }
}

/// The rules of a built-in kind: its structure from the schema, the rest from its ``KindBehavior``.
struct BuiltinRules: ObjectRules {
    let kind: GroupVersionKind
    let type: FieldType
    let behavior: KindBehavior

    var hasGeneration: Bool { behavior.hasGeneration }

    func decode(_ object: JSONValue) throws(APIError) -> DecodedObject {
        var decoder = BuiltinDecoder(kind: kind)
        do throws(BuiltinDecoder.Mismatch) {
            let decoded = try decoder.decode(object, type)
            return DecodedObject(object: defaulted(decoded), findings: decoder.findings)
        } catch {
            throw .badRequest("\(kind.kind) in version \"\(kind.version)\" cannot be handled as a \(kind.kind): \(error.message)")
        }
    }

    /// The stored form without defaults and findings; the object itself where it cannot be read.
    func normalized(_ object: JSONValue) -> JSONValue {
        var decoder = BuiltinDecoder(kind: kind)
        guard let decoded = try? decoder.decode(object, type) else { return object }
        return defaulted(decoded)
    }

    func defaulted(_ object: JSONValue) -> JSONValue {
        var object = object
        behavior.defaults(&object)
        return object
    }

    func prepareForCreate(_ object: JSONValue) -> JSONValue {
        var object = object
        if behavior.hasStatus { object["status"] = emptyStatus }
        behavior.prepareForCreate(&object)
        return object
    }

    func prepareForUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> JSONValue {
        var object = new
        if subresource == "status" {
            object = old
            object["status"] = new["status"] ?? emptyStatus
            // Status updates of most kinds may change labels and the like as well.
            object["metadata"] = new["metadata"]
            // The class follows from the spec; a status that does not say it does not change it.
            if kind.kind == "Pod", (new[path: ["status", "qosClass"]]?.string ?? "").isEmpty {
                object[path: ["status", "qosClass"]] = old[path: ["status", "qosClass"]]
            }
            if kind.kind == "Deployment" { object[path: ["metadata", "labels"]] = old[path: ["metadata", "labels"]] }
            return object
        }
        if behavior.hasStatus { object["status"] = old["status"] }
        if subresource == nil { behavior.prepareForUpdate(old, &object) }
        return object
    }

    func validateCreate(_ object: JSONValue) -> [FieldError] { behavior.validate(object) }

    func validateUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> [FieldError] {
        if subresource == "status" { return behavior.validateStatus(old, new) }
        return behavior.validateUpdate(old, new)
    }

    func warnings(_ object: JSONValue, old: JSONValue?) -> [String] { behavior.warnings(object, old) }

    func changesGeneration(old: JSONValue, new: JSONValue) -> Bool {
        // Annotations of a Deployment are copied to its ReplicaSets, so they count as part of what is wanted.
        if kind.kind == "Deployment", old[path: ["metadata", "annotations"]] != new[path: ["metadata", "annotations"]] {
            return true
        }
        return behavior.changesGeneration(old, new)
    }

    var fields: (any FieldStructure)? { KindFields(type: type, emptyObject: BuiltinDecoder.empty(kind, type)) }

    private var emptyStatus: JSONValue? { BuiltinDecoder.empty(kind, type)["status"] }
}

/// The structure of a kind as the request path hands it on to merging.
struct KindFields: FieldStructure {
    var type: FieldType
    var emptyObject: JSONValue
}

import KubernetesTypes
import Synchronization

/// What one built-in kind has of its own; the closures stand where upstream has a strategy.
struct KindBehavior: Sendable {
    var defaults: @Sendable (inout JSONValue) -> Void = { _ in }
    /// Status is written through its own path.
    var hasStatus = false
    var hasGeneration = false
    /// Upstream compares the specs of most kinds by meaning, and of some by their Go values, where an empty list is not none.
    var countsEmptyLists = false
    var prepareForCreate: @Sendable (inout JSONValue) -> Void = { _ in }
    var prepareForUpdate: @Sendable (_ old: JSONValue, _ new: inout JSONValue) -> Void = { _, _ in }
    /// What a write of the status may not take away.
    var prepareForStatus: @Sendable (_ old: JSONValue, _ new: inout JSONValue) -> Void = { _, _ in }
    /// Paths below the object that write one part of it: the part, and its rules.
    var parts: [String: (path: [String], validate: @Sendable (_ old: JSONValue, _ new: JSONValue) -> [FieldError])] = [:]
    var validate: @Sendable (JSONValue) -> [FieldError] = { _ in [] }
    var validateUpdate: @Sendable (_ old: JSONValue, _ new: JSONValue) -> [FieldError] = { _, _ in [] }
    var validateStatus: @Sendable (_ old: JSONValue, _ new: JSONValue) -> [FieldError] = { _, _ in [] }
    var warnings: @Sendable (JSONValue, JSONValue?) -> [String] = { _, _ in [] }
    var changesGeneration: @Sendable (JSONValue, JSONValue) -> Bool = { $0["spec"] != $1["spec"] }
}

/// The rules of a built-in kind: its structure from the schema, the rest from its ``KindBehavior``.
struct BuiltinRules: ObjectRules {
    let kind: GroupVersionKind
    let behavior: KindBehavior
    private let structure: KindStructure

    init(kind: GroupVersionKind, behavior: KindBehavior) {
        self.kind = kind
        self.behavior = behavior
        structure = KindStructure(kind)
    }

    private var type: FieldType { structure.fields.type }

    var hasGeneration: Bool { behavior.hasGeneration }

    var countsEmptyLists: Bool { behavior.countsEmptyLists }

    func decode(_ object: JSONValue) throws(APIError) -> DecodedObject {
        var decoder = BuiltinDecoder(kind: kind)
        do throws(BuiltinDecoder.Mismatch) {
            let decoded = try decoder.decode(object, type)
            return DecodedObject(
                object: defaulted(decoded), findings: decoder.findings, hadEmptyLists: decoder.hadEmptyLists)
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
        pairPlurals(&object)
        return object
    }

    /// Fields that came first as one value and then as a list say the same thing twice.
    private func pairPlurals(_ object: inout JSONValue) {
        if kind.kind == "Pod", let address = object[path: ["status", "podIP"]]?.string, !address.isEmpty,
            object[path: ["status", "podIPs"]] == nil
        {
            object[path: ["status", "podIPs"]] = [["ip": .string(address)]]
        }
        if kind.kind == "Node", let network = object[path: ["spec", "podCIDR"]]?.string, !network.isEmpty,
            object[path: ["spec", "podCIDRs"]] == nil
        {
            object[path: ["spec", "podCIDRs"]] = [.string(network)]
        }
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
            if kind.kind == "Deployment" { object[path: ["metadata", "labels"]] = old[path: ["metadata", "labels"]] }
            behavior.prepareForStatus(old, &object)
            return object
        }
        if let subresource, let part = behavior.parts[subresource] {
            object = old
            object["metadata"] = new["metadata"]
            object[path: part.path] = new[path: part.path]
            return object
        }
        if behavior.hasStatus { object["status"] = old["status"] }
        if subresource == nil { behavior.prepareForUpdate(old, &object) }
        return object
    }

    func validateCreate(_ object: JSONValue) -> [FieldError] { behavior.validate(object) }

    func validateUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> [FieldError] {
        if subresource == "status" { return behavior.validateStatus(old, new) }
        if let subresource, let part = behavior.parts[subresource] { return part.validate(old, new) }
        return behavior.validateUpdate(old, new)
    }

    func warnings(_ object: JSONValue, old: JSONValue?) -> [String] { behavior.warnings(object, old) }

    func changesGeneration(old: JSONValue, new: JSONValue) -> Bool { behavior.changesGeneration(old, new) }

    var fields: (any FieldStructure)? { structure.fields }

    private var emptyStatus: JSONValue? { structure.fields.emptyObject["status"] }
}

/// The structure of a built-in kind, read when it is first asked for: a server that starts needs none of them.
private final class KindStructure: Sendable {
    private let kind: GroupVersionKind
    private let known = Mutex<KindFields?>(nil)

    init(_ kind: GroupVersionKind) { self.kind = kind }

    var fields: KindFields {
        if let fields = known.withLock({ $0 }) { return fields }
        let type = KubernetesSchema.builtin.type(of: kind) ?? .deduced
        let fields = KindFields(type: type, emptyObject: BuiltinDecoder.empty(kind, type))
        known.withLock { $0 = fields }
        return fields
    }
}

/// The structure of a kind as the request path hands it on to merging.
struct KindFields: FieldStructure {
    var type: FieldType
    var emptyObject: JSONValue
}

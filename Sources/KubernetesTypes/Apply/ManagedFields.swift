/// Who owns which fields: `metadata.managedFields`, decoded.
public struct ManagedFields: Sendable, Equatable {
    public enum Operation: String, Sendable { case apply = "Apply", update = "Update" }

    /// What tells one entry from another. Appliers keep one entry whatever version they apply in.
    struct Identity: Sendable, Hashable {
        var manager: String
        var operation: Operation
        /// Empty for appliers.
        var apiVersion: String
        var subresource: String

        init(manager: String, operation: Operation, apiVersion: String, subresource: String) {
            self.manager = manager
            self.operation = operation
            self.apiVersion = operation == .apply ? "" : apiVersion
            self.subresource = subresource
        }
    }

    /// One entry.
    public struct Entry: Sendable, Equatable {
        public var apiVersion: String
        public var fields: FieldSet
        /// RFC 3339, seconds.
        public var time: String?
    }

    var entries: [Identity: Entry] = [:]

    init() {}

    /// - Returns: nil where the list cannot be understood.
    init?(_ value: JSONValue?) {
        for entry in value?.array ?? [] {
            guard let operation = entry["operation"]?.string.flatMap(Operation.init(rawValue:)),
                let apiVersion = entry["apiVersion"]?.string, !apiVersion.isEmpty, entry["fieldsType"]?.string == "FieldsV1",
                let fields = FieldSet(fieldsV1: entry["fieldsV1"] ?? [:])
            else { return nil }
            let identity = Identity(
                manager: entry["manager"]?.string ?? "", operation: operation, apiVersion: apiVersion,
                subresource: entry["subresource"]?.string ?? "")
            entries[identity] = Entry(apiVersion: apiVersion, fields: fields, time: entry["time"]?.string)
        }
    }

    /// The list as it is stored: appliers first, then by time and name. Nil when nobody owns anything.
    var json: JSONValue? {
        if entries.isEmpty { return nil }
        let sorted = entries.sorted { left, right in
            if left.key.operation != right.key.operation { return left.key.operation.rawValue < right.key.operation.rawValue }
            if left.value.time ?? "" != right.value.time ?? "" { return left.value.time ?? "" < right.value.time ?? "" }
            if left.key.manager != right.key.manager { return left.key.manager < right.key.manager }
            if left.value.apiVersion != right.value.apiVersion { return left.value.apiVersion < right.value.apiVersion }
            return left.key.subresource < right.key.subresource
        }
        return .array(
            sorted.map { identity, entry in
                var value: JSONValue = [
                    "manager": .string(identity.manager), "operation": .string(identity.operation.rawValue),
                    "apiVersion": .string(entry.apiVersion), "fieldsType": "FieldsV1", "fieldsV1": entry.fields.fieldsV1,
                ]
                if let time = entry.time { value["time"] = .string(time) }
                if !identity.subresource.isEmpty { value["subresource"] = .string(identity.subresource) }
                return value
            })
    }

    /// The fields that a manager holds in an object by applying, over all versions and on one subresource.
    public static func applied(by manager: String, subresource: String = "", in object: JSONValue) -> FieldSet {
        guard let fields = ManagedFields(object[path: ["metadata", "managedFields"]]) else { return FieldSet() }
        let identity = Identity(manager: manager, operation: .apply, apiVersion: "", subresource: subresource)
        return fields.entries[identity]?.fields ?? FieldSet()
    }

    /// Upstream keeps at most ten updaters; the oldest are merged into one.
    mutating func capUpdaters(at maximum: Int = 10) {
        var updaters = entries.filter { $0.key.operation == .update }.sorted { left, right in
            left.value.time ?? "" != right.value.time ?? ""
                ? left.value.time ?? "" < right.value.time ?? "" : left.key.manager < right.key.manager
        }[...]
        var excess = updaters.count - maximum
        var firstOfVersion: [String: Identity] = [:]
        while excess > 0, let (identity, entry) = updaters.popFirst() {
            let bucket = Identity(
                manager: "ancient-changes", operation: .update, apiVersion: entry.apiVersion, subresource: "")
            if let first = firstOfVersion[entry.apiVersion] {
                if entries[bucket] == nil { entries[bucket] = entries.removeValue(forKey: first) }
                let gathered = entries[bucket]?.fields.union(entry.fields) ?? entry.fields
                entries[bucket] = Entry(apiVersion: entry.apiVersion, fields: gathered, time: entry.time)
                if identity != bucket { entries[identity] = nil }
                excess -= 1
            } else {
                firstOfVersion[entry.apiVersion] = identity
            }
        }
    }
}

/// Why an apply was refused.
public struct ApplyFailure: Error, Sendable, Equatable {
    public struct Cause: Sendable, Equatable {
        /// `.spec.replicas`
        public var field: String
        /// `conflict with "kubectl" using apps/v1`
        public var message: String
    }

    /// HTTP status: 409 for conflicts, 400 for what cannot be applied, 500 for what does not fit the schema.
    public var code: Int
    public var message: String
    /// One for each conflicting field.
    public var causes: [Cause] = []
}

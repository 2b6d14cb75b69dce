/// Keeps `metadata.managedFields` of one kind through creates, updates, patches and applies.
///
/// Pure: the time is handed in. Upstream's `apimachinery/pkg/util/managedfields` is the reference.
public struct FieldManager: Sendable {
    public static let lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration"

    /// The kind that requests are made in.
    public var kind: GroupVersionKind
    /// `status`, `scale`, …; empty for the object itself.
    public var subresource: String
    private var ownership: FieldOwnership
    /// Fills in defaults and brings the object in its stored form, after a merge.
    private var normalize: @Sendable (JSONValue) -> JSONValue
    /// What a create starts from. Fields that are there before anything is set are not owned by who sets what is below them.
    private var emptyObject: JSONValue

    /// - Parameters:
    ///   - resetFields: fields that this path of the API does not change, such as `status`.
    ///   - emptyObject: a new object before anything is set; nil where that is nothing but its kind.
    ///   - checksOtherVersions: for kinds whose versions are not converted into each other.
    ///   - normalize: defaults and drops empty fields as decoding a request does.
    ///   - typeAt: the type of the object in a version of its group; nil for a version that is gone.
    public init(
        kind: GroupVersionKind, subresource: String = "", resetFields: FieldSet = FieldSet(), emptyObject: JSONValue? = nil,
        checksOtherVersions: Bool = false,
        normalize: @escaping @Sendable (JSONValue) -> JSONValue = { $0 },
        typeAt: @escaping @Sendable (_ apiVersion: String) -> FieldType?
    ) {
        self.kind = kind
        self.subresource = subresource
        self.normalize = normalize
        self.emptyObject =
            emptyObject ?? ["apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind), "metadata": [:]]
        ownership = FieldOwnership(ignored: resetFields, checksOtherVersions: checksOtherVersions, typeAt: typeAt)
    }

    /// The object of a create, update or patch with `managedFields` set.
    ///
    /// Called with the decoded and defaulted object, before admission and before the strategy resets fields.
    ///
    /// - Parameters:
    ///   - live: the stored object; nil for a create.
    ///   - now: RFC 3339 in seconds.
    public func updating(live: JSONValue?, new: JSONValue, manager: String, now: String) -> JSONValue {
        let live = live ?? emptyObject
        let stored = live[path: ["metadata", "managedFields"]]
        var fields = decodedForUpdate(stored: stored, sent: new[path: ["metadata", "managedFields"]])
        let object = Self.withoutManagedFields(new)
        // An object that nobody tracks stays so, until somebody applies.
        if fields.entries.isEmpty, live[path: ["metadata", "uid"]]?.string?.isEmpty == false { return object }
        do throws(FieldOwnership.Failure) {
            fields = try tracked(live: Self.withoutManagedFields(live), new: object, fields: fields, manager: manager, now: now)
        } catch {
            // Objects that do not fit their schema are still written, and then nobody knows who owns what.
            return object
        }
        return Self.with(object, managedFields: fields.json)
    }

    /// The result of a server-side apply, defaulted and with `managedFields` set.
    ///
    /// - Parameter live: the stored object; nil where the apply creates it.
    public func applying(
        _ configuration: JSONValue, to live: JSONValue?, manager: String, force: Bool, now: String
    ) throws(ApplyFailure) -> JSONValue {
        let sent = GroupVersionKind(
            apiVersion: configuration["apiVersion"]?.string ?? "", kind: configuration["kind"]?.string ?? "")
        guard sent == kind else {
            throw ApplyFailure(code: 400, message: "invalid object type: \(Self.shown(sent))")
        }
        if let own = configuration[path: ["metadata", "managedFields"]], !own.isNull {
            throw ApplyFailure(code: 400, message: "metadata.managedFields must be nil")
        }
        let live = live ?? emptyObject
        guard var fields = ManagedFields(live[path: ["metadata", "managedFields"]]) else {
            throw ApplyFailure(code: 500, message: "failed to decode managed fields: not FieldsV1")
        }
        let bare = Self.withoutManagedFields(live)
        if fields.entries.isEmpty {
            do throws(FieldOwnership.Failure) {
                fields = try tracked(live: emptyObject, new: bare, fields: fields, manager: "before-first-apply", now: now)
            } catch {
                throw failure(error, doing: "failed to create manager for existing fields")
            }
        }
        try check(configuration, live: bare)
        let identity = ManagedFields.Identity(
            manager: manager.isEmpty ? "unknown" : manager, operation: .apply, apiVersion: kind.apiVersion,
            subresource: subresource)
        var result = try merge(configuration, into: bare, fields: fields, identity: identity, force: force)
        var object = bare
        Self.strip(&result.fields, identity)
        if let merged = result.object {
            object = normalize(merged)
            result.fields.entries[identity]?.time = now
        }
        if manager == "kubectl", let last = bare[path: ["metadata", "annotations", Self.lastAppliedAnnotation]]?.string,
            !last.isEmpty
        {
            var applied = configuration
            applied[path: ["metadata", "annotations", Self.lastAppliedAnnotation]] = nil
            object[path: ["metadata", "annotations", Self.lastAppliedAnnotation]] = .string(JSONSerializer.string(applied) + "\n")
        }
        return Self.with(object, managedFields: result.fields.json)
    }

    /// The old object where the new one differs from it in nothing but times of `managedFields`, so that nothing is written.
    public static func ignoringTimeOnlyChange(old: JSONValue, new: JSONValue) -> JSONValue {
        func timeless(_ object: JSONValue) -> JSONValue {
            guard let entries = object[path: ["metadata", "managedFields"]]?.array else { return object }
            var result = object
            result[path: ["metadata", "managedFields"]] = .array(
                entries.map { entry in
                    var entry = entry
                    entry["time"] = nil
                    return entry
                }.sorted { JSONSerializer.string($0) < JSONSerializer.string($1) })
            return result
        }
        return old == new || timeless(old) == timeless(new) ? old : new
    }

    // MARK: - Steps

    /// A client may edit the list itself; an empty one, or a list of one empty entry, resets it.
    private func decodedForUpdate(stored: JSONValue?, sent: JSONValue?) -> ManagedFields {
        let known = ManagedFields(stored) ?? ManagedFields()
        guard subresource.isEmpty else { return known }
        if let list = sent?.array, list.isEmpty || list == [[:]] { return ManagedFields() }
        guard let decoded = ManagedFields(sent), !decoded.entries.isEmpty else { return known }
        return decoded
    }

    private func tracked(
        live: JSONValue, new: JSONValue, fields: ManagedFields, manager: String, now: String
    ) throws(FieldOwnership.Failure) -> ManagedFields {
        guard let type = ownership.typeAt(kind.apiVersion) else { return fields }
        do throws(TypedErrors) {
            try TypedValidation.check(new, type, allowingDuplicates: true)
            try TypedValidation.check(live, type, allowingDuplicates: true)
        } catch {
            throw .typed(error)
        }
        // The write is tracked under a name of its own first, so that the writer's earlier fields are not at stake.
        let current = ManagedFields.Identity(
            manager: "\u{0}current-operation", operation: .update, apiVersion: kind.apiVersion, subresource: subresource)
        var result = try ownership.update(
            live: live, new: new, type: type, apiVersion: kind.apiVersion, fields: fields, identity: current)
        Self.strip(&result, current)
        if var entry = result.entries.removeValue(forKey: current) {
            let identity = ManagedFields.Identity(
                manager: manager.isEmpty ? "unknown" : manager, operation: .update, apiVersion: kind.apiVersion,
                subresource: subresource)
            if let previous = result.entries[identity] { entry.fields = entry.fields.union(previous.fields) }
            entry.time = now
            result.entries[identity] = entry
        }
        result.capUpdaters()
        return result
    }

    private func check(_ configuration: JSONValue, live: JSONValue) throws(ApplyFailure) {
        guard let type = ownership.typeAt(kind.apiVersion) else { return }
        do throws(TypedErrors) {
            try TypedValidation.check(configuration, type, allowingDuplicates: false)
        } catch {
            throw ApplyFailure(
                code: 500, message: "failed to create typed patch object (\(shownName(configuration))): \(error.message)")
        }
        do throws(TypedErrors) {
            try TypedValidation.check(live, type, allowingDuplicates: true)
        } catch {
            throw ApplyFailure(
                code: 500, message: "failed to create typed live object (\(shownName(live))): \(error.message)")
        }
    }

    private func merge(
        _ configuration: JSONValue, into live: JSONValue, fields: ManagedFields, identity: ManagedFields.Identity, force: Bool
    ) throws(ApplyFailure) -> (object: JSONValue?, fields: ManagedFields) {
        let type = ownership.typeAt(kind.apiVersion) ?? .deduced
        func attempt(force: Bool) throws(FieldOwnership.Failure) -> (object: JSONValue?, fields: ManagedFields) {
            try ownership.apply(
                live: live, configuration: configuration, type: type, apiVersion: kind.apiVersion, fields: fields,
                identity: identity, force: force)
        }
        do throws(FieldOwnership.Failure) {
            return try attempt(force: force)
        } catch {
            guard case .conflicts(let conflicts) = error else { throw failure(error, doing: nil) }
            // kubectl may take over what its client-side apply wrote before.
            let allowed = identity.manager == "kubectl" ? fieldsOfLastApplied(live, type) : FieldSet()
            let remaining = conflicts.filter { !allowed.contains($0.path) }
            guard remaining.isEmpty else { throw Self.failure(remaining, fields) }
            do throws(FieldOwnership.Failure) {
                return try attempt(force: true)
            } catch {
                throw failure(error, doing: nil)
            }
        }
    }

    private func fieldsOfLastApplied(_ live: JSONValue, _ type: FieldType) -> FieldSet {
        guard let text = live[path: ["metadata", "annotations", Self.lastAppliedAnnotation]]?.string,
            let last = try? JSONParser.parse(text), last["apiVersion"]?.string == kind.apiVersion,
            let comparison = try? TypedComparison(last, live, type)
        else { return FieldSet() }
        return TypedFields.fields(of: last, type).difference(comparison.modified).difference(comparison.added)
            .difference(comparison.removed)
    }

    private static let strippedFields = FieldSet(
        [["apiVersion"], ["kind"], ["metadata"]].map { $0.map(PathElement.field) }
            + [
                "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
                "resourceVersion",
            ].map { [.field("metadata"), .field($0)] })

    private static func strip(_ fields: inout ManagedFields, _ identity: ManagedFields.Identity) {
        guard let entry = fields.entries[identity] else { return }
        let left = entry.fields.difference(strippedFields)
        if left.isEmpty { fields.entries[identity] = nil } else { fields.entries[identity]?.fields = left }
    }

    // MARK: - Texts

    private func failure(_ failure: FieldOwnership.Failure, doing: String?) -> ApplyFailure {
        switch failure {
        case .conflicts(let conflicts): return Self.failure(conflicts, ManagedFields())
        case .typed(let errors):
            return ApplyFailure(code: 500, message: doing.map { "\($0): \(errors.message)" } ?? errors.message)
        }
    }

    private static func failure(_ conflicts: [FieldOwnership.Conflict], _ fields: ManagedFields) -> ApplyFailure {
        let causes = conflicts.map {
            ApplyFailure.Cause(field: $0.path.text, message: "conflict with \(shown($0.manager))")
        }
        if conflicts.count == 1 {
            return ApplyFailure(
                code: 409, message: "Apply failed with 1 conflict: \(causes[0].message): \(causes[0].field)", causes: causes)
        }
        var lines: [String] = []
        var previous: ManagedFields.Identity?
        for conflict in conflicts {
            if conflict.manager != previous { lines.append("conflicts with \(shown(conflict.manager)):") }
            previous = conflict.manager
            lines.append("- \(conflict.path.text)")
        }
        return ApplyFailure(
            code: 409, message: "Apply failed with \(conflicts.count) conflicts: \(lines.joined(separator: "\n"))",
            causes: causes)
    }

    private static func shown(_ manager: ManagedFields.Identity) -> String {
        var text = JSONSerializer.string(.string(manager.manager))
        if !manager.subresource.isEmpty { text += " with subresource \"\(manager.subresource)\"" }
        if manager.operation == .update { text += " using \(manager.apiVersion)" }
        return text
    }

    private static func shown(_ kind: GroupVersionKind) -> String {
        "\(kind.group)/\(kind.version), Kind=\(kind.kind)"
    }

    private func shownName(_ object: JSONValue) -> String {
        let metadata = object["metadata"]
        return "\(metadata?["namespace"]?.string ?? "")/\(metadata?["name"]?.string ?? ""); \(Self.shown(kind))"
    }

    private static func withoutManagedFields(_ object: JSONValue) -> JSONValue { with(object, managedFields: nil) }

    private static func with(_ object: JSONValue, managedFields: JSONValue?) -> JSONValue {
        var object = object
        if object[path: ["metadata", "managedFields"]] != nil || managedFields != nil {
            object[path: ["metadata", "managedFields"]] = managedFields
        }
        return object
    }
}

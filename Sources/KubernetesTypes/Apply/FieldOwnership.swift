/// The heart of server-side apply: who owns what after an update or an apply (structured-merge-diff's `merge/update.go`).
///
/// Versions of a kind differ in their schema only, so an object is never converted; a manager whose version is gone is forgotten.
struct FieldOwnership {
    typealias Identity = ManagedFields.Identity

    /// Fields that another path of the API answers for (status, or all but status); changes of them are nobody's here.
    var ignored: FieldSet
    /// Whether objects must fit the schemas of all versions that fields were recorded in. Without a conversion between versions
    /// an object can have fields that another version does not know.
    var checksOtherVersions = false
    /// The type of the object in a version; nil for a version that does not exist any more.
    var typeAt: @Sendable (_ apiVersion: String) -> FieldType?

    struct Conflict: Sendable {
        var manager: Identity
        var path: FieldPath
    }

    enum Failure: Error {
        case conflicts([Conflict])
        case typed(TypedErrors)
    }

    /// What a plain write changed becomes the writer's, and nobody else's.
    func update(
        live: JSONValue, new: JSONValue, type: FieldType, apiVersion: String, fields: ManagedFields, identity: Identity
    ) throws(Failure) -> ManagedFields {
        var fields = reconciled(fields)
        let comparison = try takeOver(
            live: live, new: new, apiVersion: apiVersion, fields: &fields, identity: identity, force: true)
        let held = fields.entries[identity]?.fields ?? FieldSet()
        let set = held.difference(comparison.removed).union(comparison.modified).union(comparison.added)
            .recursiveDifference(ignored)
        let time = fields.entries[identity]?.time
        fields.entries[identity] = set.isEmpty ? nil : ManagedFields.Entry(apiVersion: apiVersion, fields: set, time: time)
        return fields
    }

    /// Merges a configuration, takes away what the manager no longer applies and nobody else owns, and finds conflicts.
    ///
    /// - Returns: the new object, nil where nothing changed, and the new ownership.
    func apply(
        live: JSONValue, configuration: JSONValue, type: FieldType, apiVersion: String, fields: ManagedFields,
        identity: Identity, force: Bool
    ) throws(Failure) -> (object: JSONValue?, fields: ManagedFields) {
        var fields = reconciled(fields)
        var merged: JSONValue
        do throws(TypedErrors) {
            merged = try TypedMerge.merge(live, configuration, type)
        } catch {
            throw .typed(TypedErrors("failed to merge config: \(error.message)"))
        }
        let last = fields.entries[identity]
        let set = TypedFields.fields(of: configuration, type).recursiveDifference(ignored)
        fields.entries[identity] = ManagedFields.Entry(apiVersion: apiVersion, fields: set, time: last?.time)
        if let last, !last.fields.isEmpty, let lastType = typeAt(last.apiVersion) {
            if last.apiVersion != apiVersion {
                do throws(TypedErrors) {
                    try TypedValidation.check(merged, lastType, allowingDuplicates: true)
                } catch {
                    throw .typed(
                        TypedErrors(
                            "failed to prune fields: failed to convert merged object to last applied version: \(error.message)"))
                }
            }
            merged = pruned(merged, last: last.fields, lastVersion: last.apiVersion, type: lastType, fields: fields)
        }
        _ = try takeOver(live: live, new: merged, apiVersion: apiVersion, fields: &fields, identity: identity, force: force)
        // `nil` alone would be taken for JSON's null.
        return (merged == live ? JSONValue?.none : merged, fields)
    }

    /// Takes changed fields from the other managers, or refuses to.
    private func takeOver(
        live: JSONValue, new: JSONValue, apiVersion: String, fields: inout ManagedFields, identity: Identity, force: Bool
    ) throws(Failure) -> TypedComparison {
        var comparisons: [String: TypedComparison] = [:]
        let own = try comparison(live, new, typeAt(apiVersion) ?? .deduced)
        comparisons[apiVersion] = own
        var conflicts: [Conflict] = []
        var taken: [Identity: FieldSet] = [:]
        for (manager, entry) in fields.entries where manager != identity {
            if comparisons[entry.apiVersion] == nil {
                guard let type = typeAt(entry.apiVersion) else {
                    fields.entries[manager] = nil
                    continue
                }
                if checksOtherVersions { try check([live, new], type) }
                comparisons[entry.apiVersion] = try comparison(live, new, type)
            }
            guard let comparison = comparisons[entry.apiVersion] else { continue }
            let conflict = entry.fields.intersection(comparison.modified.union(comparison.added))
            conflicts += conflict.paths.map { Conflict(manager: manager, path: $0) }
            taken[manager] = conflict.union(comparison.removed)
        }
        if !force, !conflicts.isEmpty {
            throw .conflicts(conflicts.sorted { $0.manager.manager < $1.manager.manager })
        }
        for (manager, set) in taken {
            guard let entry = fields.entries[manager] else { continue }
            let left = entry.fields.difference(set)
            if left.isEmpty { fields.entries[manager] = nil } else { fields.entries[manager]?.fields = left }
        }
        for (manager, entry) in fields.entries where entry.fields.isEmpty { fields.entries[manager] = nil }
        return own
    }

    private func check(_ objects: [JSONValue], _ type: FieldType) throws(Failure) {
        do throws(TypedErrors) {
            for object in objects { try TypedValidation.check(object, type, allowingDuplicates: true) }
        } catch {
            throw .typed(TypedErrors("failed to compare objects: \(error.message)"))
        }
    }

    private func comparison(_ live: JSONValue, _ new: JSONValue, _ type: FieldType) throws(Failure) -> TypedComparison {
        do throws(TypedErrors) {
            var result = try TypedComparison(live, new, type)
            result.exclude(ignored)
            return result
        } catch {
            throw .typed(TypedErrors("failed to compare objects: \(error.message)"))
        }
    }

    /// Removes what the manager applied last time and nobody owns now.
    private func pruned(
        _ merged: JSONValue, last: FieldSet, lastVersion: String, type: FieldType, fields: ManagedFields
    ) -> JSONValue {
        let lastNamed = last.ensuringNamedFieldsAreMembers(type)
        var pruned = TypedFields.removing(lastNamed, from: merged, type) ?? [:]

        // What other managers, or this one now, own below what was removed comes back; first in the version pruned at.
        var owned: [String: FieldSet] = [:]
        for entry in fields.entries.values {
            owned[entry.apiVersion] = owned[entry.apiVersion]?.union(entry.fields) ?? entry.fields
        }
        let versions = owned.keys.sorted { ($0 == lastVersion ? 0 : 1, $0) < ($1 == lastVersion ? 0 : 1, $1) }
        for version in versions {
            guard let versionType = typeAt(version), let managed = owned[version] else { continue }
            let all = TypedFields.fields(of: merged, versionType).ensuringNamedFieldsAreMembers(versionType)
            let kept = TypedFields.fields(of: pruned, versionType).ensuringNamedFieldsAreMembers(versionType)
            let remove = all.difference(kept.union(managed.ensuringNamedFieldsAreMembers(versionType)))
            pruned = TypedFields.removing(remove, from: merged, versionType) ?? [:]
        }

        // Fields that nobody ever owned stay, also where a removed parent took them along.
        let kept = TypedFields.fields(of: pruned, type).ensuringNamedFieldsAreMembers(type)
        let all = TypedFields.fields(of: merged, type).ensuringNamedFieldsAreMembers(type)
        return TypedFields.removing(all.difference(kept).intersection(lastNamed), from: merged, type) ?? [:]
    }

    /// Field sets written when a list or map was granular that is atomic now own the whole of it.
    private func reconciled(_ fields: ManagedFields) -> ManagedFields {
        var result = fields
        for (identity, entry) in fields.entries {
            guard let type = typeAt(entry.apiVersion) else { continue }
            result.entries[identity]?.fields = Self.reconciled(entry.fields, type)
        }
        return result
    }

    private static func reconciled(_ set: FieldSet, _ type: FieldType) -> FieldSet {
        var atomics: [FieldPath] = []
        collectAtomics(set, type, path: [], into: &atomics)
        if atomics.isEmpty { return set }
        let roots = FieldSet(atomics)
        return set.recursiveDifference(roots).union(roots)
    }

    private static func collectAtomics(_ set: FieldSet, _ type: FieldType, path: FieldPath, into atomics: inout [FieldPath]) {
        for (element, child) in set.children {
            let childType: FieldType?
            if case .field(let name) = element { childType = type.member(name) } else { childType = type.list?.element.type }
            guard let childType else { continue }
            let isAtomic =
                childType.map.map(\.isAtomic) ?? (childType.scalar == nil && childType.list?.relationship == .atomic)
            if isAtomic, childType.scalar == nil {
                atomics.append(path + [element])
            } else {
                collectAtomics(child, childType, path: path + [element], into: &atomics)
            }
        }
    }
}

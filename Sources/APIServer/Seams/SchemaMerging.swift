import FoundationEssentials
import KubernetesTypes

/// Patches and server-side apply over the structure of the kind.
struct SchemaMerging: ObjectMerging {
    func jsonPatch(_ current: JSONValue, _ patch: JSONValue) throws(APIError) -> JSONValue {
        do throws(PatchError) {
            return try JSONPatch(patch).apply(to: current)
        } catch {
            throw Self.apiError(error)
        }
    }

    func mergePatch(_ current: JSONValue, _ patch: JSONValue) throws(APIError) -> JSONValue {
        MergePatch.apply(patch, to: current)
    }

    func strategicMergePatch(_ current: JSONValue, _ patch: JSONValue, _ definition: ResourceDefinition) throws(APIError)
        -> JSONValue
    {
        do throws(PatchError) {
            return try StrategicMergePatch.apply(patch, to: current, type: Self.type(definition))
        } catch {
            throw Self.apiError(error)
        }
    }

    private static func apiError(_ error: PatchError) -> APIError {
        switch error.code {
        case .malformed: .badRequest(error.message)
        case .operationFailed:
            APIError(
                code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request",
                details: [:])
        case .notApplicable: APIError(code: 500, reason: "", message: error.message)
        }
    }

    func recorded(old: JSONValue?, new: JSONValue, _ definition: ResourceDefinition, by writer: FieldWriter) -> JSONValue {
        manager(definition, writer).updating(live: old, new: new, manager: writer.manager, now: Self.text(writer.time))
    }

    func applied(
        _ configuration: JSONValue, to current: JSONValue?, _ definition: ResourceDefinition, by writer: FieldWriter, force: Bool
    ) throws(APIError) -> JSONValue {
        do throws(ApplyFailure) {
            return try manager(definition, writer).applying(
                configuration, to: current, manager: writer.manager, force: force, now: Self.text(writer.time))
        } catch {
            if error.code == 400 { throw .badRequest(error.message) }
            if error.code == 409 {
                let causes = error.causes.map { cause -> JSONValue in
                    ["reason": "FieldManagerConflict", "message": .string(cause.message), "field": .string(cause.field)]
                }
                throw APIError(code: 409, reason: "Conflict", message: error.message, details: ["causes": .array(causes)])
            }
            throw APIError(code: error.code, reason: "", message: error.message)
        }
    }

    private static func text(_ time: Date) -> String { Timestamp(time).description }

    private static func type(_ definition: ResourceDefinition) -> FieldType {
        (definition.rules.fields as? KindFields)?.type ?? FieldType.deduced
    }

    private func manager(_ definition: ResourceDefinition, _ writer: FieldWriter) -> FieldManager {
        let structure = definition.rules.fields as? KindFields
        let rules = definition.rules
        let kind = GroupVersionKind(group: definition.group, version: definition.version, kind: definition.kind)
        let others = definition.custom?.structures ?? [:]
        let isCustom = definition.custom != nil
        return FieldManager(
            kind: kind, subresource: writer.subresource ?? "",
            resetFields: ResetFields.fields(definition, subresource: writer.subresource), emptyObject: structure?.emptyObject,
            checksOtherVersions: isCustom, normalize: { object in (try? rules.decode(object))?.object ?? object },
            typeAt: { apiVersion in
                if apiVersion == kind.apiVersion, let structure { return structure.type }
                if isCustom { return (others[apiVersion] as? KindFields)?.type }
                return KubernetesSchema.builtin.type(of: GroupVersionKind(apiVersion: apiVersion, kind: kind.kind))
            })
    }
}

/// Fields that a path of the API does not change, so that nobody owns them through it.
enum ResetFields {
    static func fields(_ definition: ResourceDefinition, subresource: String?) -> FieldSet {
        guard definition.subresource("status") != nil else { return FieldSet() }
        switch subresource {
        case nil, "finalize": return FieldSet([[.field("status")]])
        case "status":
            if definition.custom != nil { return FieldSet([[.field("metadata")], [.field("spec")]]) }
            switch definition.kind {
            case "Pod":
                return FieldSet([
                    [.field("spec")], [.field("metadata"), .field("deletionTimestamp")],
                    [.field("metadata"), .field("ownerReferences")],
                ])
            case "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet":
                return FieldSet([[.field("spec")], [.field("metadata"), .field("labels")]])
            default: return FieldSet([[.field("spec")]])
            }
        default: return FieldSet()
        }
    }
}

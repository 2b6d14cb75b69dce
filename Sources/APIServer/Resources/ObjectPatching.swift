import FoundationEssentials
import KubernetesTypes

extension APIServerCore {
    enum PatchType: String {
        case json = "application/json-patch+json"
        case merge = "application/merge-patch+json"
        case strategic = "application/strategic-merge-patch+json"
        case apply = "application/apply-patch+yaml"
        case applyCBOR = "application/apply-patch+cbor"
    }

    func patch(_ definition: ResourceDefinition, subresource: String?, _ scope: RequestScope) async throws(APIError)
        -> APIResponse
    {
        let form = try ContentNegotiation.form(scope.request)
        let type = try patchType(definition, scope)
        let options = try WriteOptions(scope.request, kind: "PatchOptions", isApply: type == .apply)
        if type == .apply {
            let (object, isNew) = try await apply(definition, subresource: subresource, scope, options)
            return try encoder(definition).response(object, form: form, status: isNew ? 201 : 200, scope: scope)
        }
        let document = try patchDocument(type, scope)
        let updated = try await modify(definition, subresource: subresource, scope, options) { current throws(APIError) in
            let decoded = try patched(encoder(definition).value(current), document, type, definition, scope, options)
            return Change(object: decoded.object, recordsFields: true, hadEmptyLists: decoded.hadEmptyLists)
        }
        return try encoder(definition).response(updated, form: form, scope: scope)
    }

    func patchType(_ definition: ResourceDefinition, _ scope: RequestScope) throws(APIError) -> PatchType {
        let header = (scope.request.header("content-type") ?? "").split(separator: ";").first.map { $0.trimmed } ?? ""
        guard let type = PatchType(rawValue: header), type != .applyCBOR else {
            throw APIError(code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: [:])
        }
        if type == .strategic, definition.custom != nil {
            throw APIError(
                code: 415, reason: "UnsupportedMediaType",
                message: "the body of the request was in an unknown format - accepted media types include: "
                    + "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml")
        }
        return type
    }

    func patchDocument(_ type: PatchType, _ scope: RequestScope) throws(APIError) -> JSONValue {
        let value: JSONValue
        do {
            value = try JSONParser.parse(scope.request.body)
        } catch {
            let problem = GoJSONErrors.describe(scope.request.body)
            throw .badRequest(type == .strategic ? problem : "error decoding patch: \(problem)")
        }
        switch type {
        case .json where value.array == nil:
            throw .badRequest(
                "error decoding patch: json: cannot unmarshal \(GoJSONErrors.typeName(value)) into Go value of type []handlers.jsonPatchOp"
            )
        case .merge where value.object == nil, .strategic where value.object == nil:
            if value.isNull { return [:] }
            let problem = "json: cannot unmarshal \(GoJSONErrors.typeName(value)) into Go value of type map[string]interface {}"
            throw .badRequest(type == .strategic ? problem : "error decoding patch: \(problem)")
        default: return value
        }
    }

    /// The object after the patch, decoded and defaulted again.
    func patched(
        _ old: JSONValue, _ document: JSONValue, _ type: PatchType, _ definition: ResourceDefinition, _ scope: RequestScope,
        _ options: WriteOptions
    ) throws(APIError) -> DecodedObject {
        var object =
            switch type {
            case .json: try merging.jsonPatch(old, document)
            case .strategic: try merging.strategicMergePatch(old, document, definition)
            default: try merging.mergePatch(old, document)
            }
        if object["kind"]?.string != definition.kind || object["apiVersion"]?.string != definition.apiVersion {
            let shown = shownPatch(object, old, document, type, definition)
            try checkPatchedType(&object, definition, shown: shown)
        }
        let decoded: DecodedObject
        do throws(APIError) {
            decoded = try definition.rules.decode(object)
        } catch {
            throw invalidPatch(shownPatch(object, old, document, type, definition), error, definition)
        }
        try reportPatch(decoded.findings, definition, scope, options) {
            shownPatch(object, old, document, type, definition)
        }
        try checkName(decoded.object, scope)
        try checkNamespace(decoded.object, definition, scope)
        return decoded
    }

    private func checkPatchedType(
        _ object: inout JSONValue, _ definition: ResourceDefinition, shown: String
    ) throws(APIError) {
        let kind = object["kind"]?.string ?? ""
        let apiVersion = object["apiVersion"]?.string ?? ""
        if definition.custom == nil, kind.isEmpty, apiVersion.isEmpty {
            object["kind"] = .string(definition.kind)
            object["apiVersion"] = .string(definition.apiVersion)
            return
        }
        if definition.custom != nil {
            if kind != definition.kind {
                throw .invalid(
                    group: definition.group, kind: kind, name: object["metadata"]?["name"]?.string ?? "",
                    [.invalid("kind", .string(kind), "must be \(definition.kind)")])
            }
            throw .badRequest(
                "the API version in the data (\(apiVersion)) does not match the expected API version (\(definition.apiVersion))")
        }
        let problem =
            "no kind \"\(kind)\" is registered for version \"\(apiVersion)\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\""
        throw Self.invalidPatch(shown: shown, problem)
    }

    private func shownPatch(
        _ object: JSONValue, _ old: JSONValue, _ document: JSONValue, _ type: PatchType, _ definition: ResourceDefinition
    ) -> String {
        if type == .strategic { return GoValueText.map(document) }
        guard definition.custom == nil else { return JSONSerializer.string(object) }
        let kind = GroupVersionKind(group: definition.group, version: definition.version, kind: definition.kind)
        return PatchQuote.text(
            object, old: old, type: KubernetesSchema.builtin.typeName(of: kind) ?? "",
            reach: type == .json ? .json(document) : .merge(document))
    }

    private func invalidPatch(_ shown: String, _ error: APIError, _ definition: ResourceDefinition) -> APIError {
        let prefix = "\(definition.kind) in version \"\(definition.version)\" cannot be handled as a \(definition.kind): "
        let problem = error.message.hasPrefix(prefix) ? String(error.message.dropFirst(prefix.count)) : error.message
        return Self.invalidPatch(shown: shown, problem)
    }

    static func invalidPatch(shown: String, _ problem: String) -> APIError {
        let message = "Invalid value: \(JSONSerializer.string(.string(shown))): \(problem)"
        return APIError(
            code: 422, reason: "Invalid", message: " \"\" is invalid: patch: \(message)",
            details: ["causes": [["reason": "FieldValueInvalid", "message": .string(message), "field": "patch"]]])
    }

    private func reportPatch(
        _ findings: [String], _ definition: ResourceDefinition, _ scope: RequestScope, _ options: WriteOptions,
        shown: () -> String
    ) throws(APIError) {
        guard !findings.isEmpty else { return }
        switch options.fieldValidation {
        case .ignore: return
        case .warn: for finding in findings { scope.warn(finding) }
        case .strict:
            throw Self.invalidPatch(shown: shown(), "strict decoding error: \(findings.joined(separator: ", "))")
        }
    }

    // MARK: Apply

    private func apply(
        _ definition: ResourceDefinition, subresource: String?, _ scope: RequestScope, _ options: WriteOptions
    ) async throws(APIError) -> (object: StoredObject, isNew: Bool) {
        let configuration = try applyDocument(scope)
        let writer = FieldWriter(manager: options.fieldManager, subresource: subresource, time: self.configuration.now())
        try checkApplied(configuration, definition, scope)
        while true {
            let wasThere = store.object(definition.storageName, key: key(definition, scope)) != nil
            do throws(APIError) {
                if !wasThere {
                    guard subresource == nil else { throw .notFound(definition.name, name: scope.info.name) }
                    return (try await applyNew(configuration, definition, scope, options, writer), true)
                }
                let updated = try await applyOver(configuration, definition, subresource: subresource, scope, options, writer)
                return (updated, false)
            } catch {
                // Somebody else created or deleted it in between.
                let isThere = store.object(definition.storageName, key: key(definition, scope)) != nil
                let isOvertaken = error.reason == (wasThere ? "NotFound" : "AlreadyExists") && subresource == nil
                guard isOvertaken, isThere != wasThere, !Task.isCancelled else { throw error }
            }
        }
    }

    private func applyNew(
        _ configuration: JSONValue, _ definition: ResourceDefinition, _ scope: RequestScope, _ options: WriteOptions,
        _ writer: FieldWriter
    ) async throws(APIError) -> StoredObject {
        var applied = try merging.applied(configuration, to: nil, definition, by: writer, force: options.force ?? false)
        // The version that a client expects says nothing where there is no object yet.
        applied["metadata"]?["resourceVersion"] = nil
        let decoded = try definition.rules.decode(applied)
        return try await create(
            decoded.object, definition, scope, options, managedFields: applied["metadata"]?["managedFields"] ?? .null)
    }

    private func applyOver(
        _ configuration: JSONValue, _ definition: ResourceDefinition, subresource: String?, _ scope: RequestScope,
        _ options: WriteOptions, _ writer: FieldWriter
    ) async throws(APIError) -> StoredObject {
        try await modify(definition, subresource: subresource, scope, options) { current throws(APIError) in
            let old = encoder(definition).value(current)
            var applied = try merging.applied(configuration, to: old, definition, by: writer, force: options.force ?? false)
            if let version = configuration["metadata"]?["resourceVersion"]?.string {
                applied["metadata"]?["resourceVersion"] = .string(version)
            }
            let decoded = try definition.rules.decode(applied)
            try checkName(decoded.object, scope)
            try checkNamespace(decoded.object, definition, scope)
            return Change(object: decoded.object, recordsFields: false)
        }
    }

    /// YAML, of which most clients send the part that is JSON: that is read as such, which is quicker, and what stands in its strings
    /// is never taken for anchors and aliases.
    func applyDocument(_ scope: RequestScope) throws(APIError) -> JSONValue {
        if let (value, duplicates) = try? JSONParser.parse(scope.request.body, recordingDuplicates: true), duplicates.isEmpty,
            value.object != nil
        {
            return value
        }
        do {
            return try YAML.parse(String(decoding: scope.request.body, as: UTF8.self)).first ?? [:]
        } catch {
            throw .badRequest("error decoding YAML: error converting YAML to JSON: yaml: \(RequestBody.yamlMessage(error))")
        }
    }

    private func checkApplied(_ object: JSONValue, _ definition: ResourceDefinition, _ scope: RequestScope) throws(APIError) {
        let kind = object["kind"]?.string ?? ""
        let apiVersion = object["apiVersion"]?.string ?? ""
        if kind != definition.kind || apiVersion != definition.apiVersion {
            let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false)
            let group = parts.count > 1 ? parts[0] : ""
            throw .badRequest("invalid object type: \(group)/\(parts.last ?? ""), Kind=\(kind)")
        }
        if object["metadata"]?["managedFields"]?.array?.isEmpty == false {
            throw .badRequest("metadata.managedFields must be nil")
        }
        let name = object["metadata"]?["name"]?.string ?? ""
        if !name.isEmpty, name != scope.info.name {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(scope.info.name))")
        }
        try checkNamespace(object, definition, scope)
    }
}

/// Values as Go prints them with `%v`.
enum GoValueText {
    /// As `%T` names the type of a decoded value.
    static func type(_ value: JSONValue) -> String {
        switch value {
        case .null: "<nil>"
        case .bool: "bool"
        case .integer: "int64"
        case .number: "float64"
        case .string: "string"
        case .array: "[]interface {}"
        case .object: "map[string]interface {}"
        }
    }

    static func map(_ value: JSONValue) -> String {
        switch value {
        case .null: "<nil>"
        case .bool(let flag): String(flag)
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .string(let text): text
        case .array(let elements): "[\(elements.map(map).joined(separator: " "))]"
        case .object(let members):
            "map[\(members.sorted { $0.key < $1.key }.map { "\($0.key):\(map($0.value))" }.joined(separator: " "))]"
        }
    }
}

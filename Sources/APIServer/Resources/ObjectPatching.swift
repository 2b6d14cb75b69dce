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
            let object = try patched(encoder(definition).value(current), document, type, definition, scope, options)
            return Change(object: object, recordsFields: true)
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
    ) throws(APIError) -> JSONValue {
        var object =
            switch type {
            case .json: try merging.jsonPatch(old, document)
            case .strategic: try merging.strategicMergePatch(old, document, definition)
            default: try merging.mergePatch(old, document)
            }
        if object["kind"]?.string != definition.kind || object["apiVersion"]?.string != definition.apiVersion {
            try checkPatchedType(&object, definition)
        }
        let decoded: DecodedObject
        do throws(APIError) {
            decoded = try definition.rules.decode(object)
        } catch {
            throw invalidPatch(
                definition.custom == nil ? shownPatch(object, document, type) : shownPatch(object, document, type), error,
                definition)
        }
        try reportPatch(decoded.findings, object, document, type, definition, scope, options)
        try checkName(decoded.object, scope)
        try checkNamespace(decoded.object, definition, scope)
        return decoded.object
    }

    private func checkPatchedType(_ object: inout JSONValue, _ definition: ResourceDefinition) throws(APIError) {
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
        throw Self.invalidPatch(shown: JSONSerializer.string(object), problem)
    }

    private func shownPatch(_ object: JSONValue, _ document: JSONValue, _ type: PatchType) -> String {
        type == .strategic ? GoValueText.map(document) : JSONSerializer.string(object)
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
        _ findings: [String], _ object: JSONValue, _ document: JSONValue, _ type: PatchType, _ definition: ResourceDefinition,
        _ scope: RequestScope, _ options: WriteOptions
    ) throws(APIError) {
        guard !findings.isEmpty else { return }
        switch options.fieldValidation {
        case .ignore: return
        case .warn: for finding in findings { scope.warn(finding) }
        case .strict:
            throw Self.invalidPatch(
                shown: shownPatch(object, document, type), "strict decoding error: \(findings.joined(separator: ", "))")
        }
    }

    // MARK: Apply

    private func apply(
        _ definition: ResourceDefinition, subresource: String?, _ scope: RequestScope, _ options: WriteOptions
    ) async throws(APIError) -> (object: StoredObject, isNew: Bool) {
        let configuration = try applyDocument(scope)
        let writer = FieldWriter(manager: options.fieldManager, subresource: subresource, time: self.configuration.now())
        try checkApplied(configuration, definition, scope)
        if store.object(definition.storageName, key: key(definition, scope)) == nil {
            guard subresource == nil else { throw .notFound(definition.name, name: scope.info.name) }
            let applied = try merging.applied(configuration, to: nil, definition, by: writer, force: options.force ?? false)
            let decoded = try definition.rules.decode(applied)
            let created = try await create(
                decoded.object, definition, scope, options, managedFields: applied["metadata"]?["managedFields"] ?? .null)
            return (created, true)
        }
        let updated = try await modify(definition, subresource: subresource, scope, options) { current throws(APIError) in
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
        return (updated, false)
    }

    func applyDocument(_ scope: RequestScope) throws(APIError) -> JSONValue {
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

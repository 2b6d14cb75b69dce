import KubernetesTypes

extension APIServerCore {
    /// The body of a create or update as an object of the resource's kind, with its defaults.
    func decoded(_ definition: ResourceDefinition, _ scope: RequestScope, _ options: WriteOptions) throws(APIError)
        -> DecodedObject
    {
        let body = try RequestBody.decode(scope.request, kind: definition.kind)
        var object = body.value
        try report(otherVersionFindings(object, definition), definition, scope, options)
        try checkType(&object, definition, body: scope.request.body)
        let decoded = try definition.rules.decode(object)
        // Custom resources are pruned in the order of their field names, built-in ones decoded in the order of the text.
        var findings = definition.custom == nil ? FieldOrder.sorted(decoded.findings, json: body.json) : decoded.findings
        findings += body.duplicates.map { "duplicate field \"\($0)\"" }
        try report(findings, definition, scope, options)
        var result = decoded
        // An empty list is a wish: forget who owns what. Decoding drops it like any other empty list.
        if let entries = object["metadata"]?["managedFields"]?.array, entries.isEmpty || entries == [[:]] {
            result.object["metadata"]?["managedFields"] = []
        }
        return result
    }

    /// A version that is not served has no schema, so that nothing in an object of it is known; it is refused after the warnings.
    private func otherVersionFindings(_ object: JSONValue, _ definition: ResourceDefinition) -> [String] {
        guard definition.custom != nil, object["kind"]?.string == definition.kind, let version = object["apiVersion"]?.string,
            version != definition.apiVersion, version.hasPrefix("\(definition.group)/"),
            registry.definition(apiVersion: version, kind: definition.kind) == nil
        else { return [] }
        return (object.object ?? [:]).keys.filter { !["apiVersion", "kind", "metadata"].contains($0) }.sorted()
            .map { "unknown field \"\($0)\"" }
    }

    func report(
        _ findings: [String], _ definition: ResourceDefinition, _ scope: RequestScope, _ options: WriteOptions
    ) throws(APIError) {
        guard !findings.isEmpty else { return }
        switch options.fieldValidation {
        case .ignore: return
        case .warn: for finding in findings { scope.warn(finding) }
        case .strict:
            throw .badRequest(
                "\(definition.kind) in version \"\(definition.version)\" cannot be handled as a \(definition.kind): strict decoding error: "
                    + findings.joined(separator: ", "))
        }
    }

    /// Makes sure that the object is of the kind and version of the path; what it does not say is filled in for built-in kinds.
    func checkType(_ object: inout JSONValue, _ definition: ResourceDefinition, body: [UInt8]) throws(APIError) {
        let kind = object["kind"]?.string ?? ""
        let apiVersion = object["apiVersion"]?.string ?? ""
        if definition.custom != nil {
            if kind.isEmpty {
                throw RequestBody.unrecognized(
                    "Object 'Kind' is missing in '\(String(decoding: body, as: UTF8.self))'", body, kind: definition.kind)
            }
            if apiVersion != definition.apiVersion {
                throw .badRequest(
                    "the API version in the data (\(apiVersion)) does not match the expected API version (\(definition.apiVersion))"
                )
            }
            if kind != definition.kind {
                throw .invalid(
                    group: definition.group, kind: kind, name: object["metadata"]?["name"]?.string ?? "",
                    [.invalid("kind", .string(kind), "must be \(definition.kind)")])
            }
            return
        }
        try BuiltinTypeCheck.check(
            &object, expectedKind: definition.kind, expectedAPIVersion: definition.apiVersion, registry: registry)
    }

    func checkNamespace(_ object: JSONValue, _ definition: ResourceDefinition, _ scope: RequestScope) throws(APIError) {
        let namespace = object["metadata"]?["namespace"]?.string ?? ""
        guard !namespace.isEmpty, definition.isNamespaced, namespace != scope.info.namespace else { return }
        throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
    }

    func checkName(_ object: JSONValue, _ scope: RequestScope) throws(APIError) {
        let name = object["metadata"]?["name"]?.string ?? ""
        if name.isEmpty {
            throw .badRequest(
                "the name of the object (\(scope.info.name) based on URL) was undeterminable: name must be provided")
        }
        if name != scope.info.name {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(scope.info.name))")
        }
    }
}

/// Checks the type of a body that must be of a built-in kind, as Go's codec does it.
enum BuiltinTypeCheck {
    static func check(
        _ object: inout JSONValue, expectedKind: String, expectedAPIVersion: String, registry: ResourceRegistry
    ) throws(APIError) {
        let kind = object["kind"]?.string ?? ""
        let apiVersion = object["apiVersion"]?.string ?? ""
        let actualKind = kind.isEmpty ? expectedKind : kind
        let actualVersion = apiVersion.isEmpty ? expectedAPIVersion : apiVersion
        object["kind"] = .string(actualKind)
        object["apiVersion"] = .string(actualVersion)
        if actualKind == expectedKind, actualVersion == expectedAPIVersion { return }
        let parts = actualVersion.split(separator: "/")
        let group = parts.count > 1 ? String(parts[0]) : ""
        let version = parts.last.map(String.init) ?? ""
        let problem: String
        if let other = registry.definition(apiVersion: actualVersion, kind: actualKind), other.custom == nil {
            let target = expectedAPIVersion.split(separator: "/")
            let targetPackage = GoTypes.package(group: target.count > 1 ? String(target[0]) : "")
            // Another version of the same kind converts.
            if other.kind == expectedKind, group == (target.count > 1 ? String(target[0]) : "") { return }
            problem = "converting (\(version).\(actualKind)) to (\(targetPackage).\(expectedKind)): unknown conversion"
        } else {
            problem =
                "no kind \"\(actualKind)\" is registered for version \"\(actualVersion)\" in scheme "
                + "\"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\""
        }
        throw .badRequest("\(actualKind) in version \"\(version)\" cannot be handled as a \(expectedKind): \(problem)")
    }
}

/// Puts findings about fields into the order in which the fields are in the text.
enum FieldOrder {
    static func sorted(_ findings: [String], json: [UInt8]?) -> [String] {
        guard findings.count > 1, let json else { return findings }
        let text = String(decoding: json, as: UTF8.self)
        func position(_ finding: String) -> String.Index {
            // The last part of the path is the member's name; its first occurrence as a key is near enough.
            guard let path = finding.split(separator: "\"").dropFirst().first, let name = path.split(separator: ".").last else {
                return text.endIndex
            }
            return text.firstRange(of: "\"\(name)\"")?.lowerBound ?? text.endIndex
        }
        return findings.map { ($0, position($0)) }.enumerated()
            .sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }.map(\.element.0)
    }
}

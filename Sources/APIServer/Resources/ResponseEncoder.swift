import FoundationEssentials
import KubernetesTypes

/// Puts objects, lists and tables into the form that the caller accepts.
struct ResponseEncoder: Sendable {
    let definition: ResourceDefinition
    let now: @Sendable () -> Date

    // MARK: One object

    /// The stored bytes with their type in front: what most answers and watch events are made of.
    func bytes(_ object: StoredObject) -> [UInt8] {
        if let current = defaultedBytes(object) { return current }
        var output: [UInt8] = []
        output.reserveCapacity(object.body.count + 64)
        appendTyped(object.body, to: &output)
        return output
    }

    private func appendTyped(_ body: [UInt8], to output: inout [UInt8]) {
        output.append(contentsOf: "{\"kind\":\"\(definition.kind)\",\"apiVersion\":\"\(definition.apiVersion)\"".utf8)
        if body.count > 2 { output.append(UInt8(ascii: ",")) }
        output.append(contentsOf: body[1...])
    }

    /// Custom resources are read through the schema as it is now, not as it was when they were written.
    private func defaultedBytes(_ object: StoredObject) -> [UInt8]? {
        guard definition.custom != nil || isConverted else { return nil }
        return JSONSerializer.bytes(value(object))
    }

    private var isConverted: Bool { definition.custom == nil && EventConversion.isNeeded(definition) }

    func value(_ object: StoredObject) -> JSONValue {
        let value = object.value(apiVersion: definition.apiVersion, kind: definition.kind)
        if isConverted { return EventConversion.toNew(value) }
        return definition.custom == nil ? value : definition.rules.defaulted(value)
    }

    func response(_ object: StoredObject, form: ResponseForm, status: Int = 200, scope: RequestScope) throws(APIError)
        -> APIResponse
    {
        if form.shape == .object, form.encoding == .json, !form.isPretty {
            return APIResponse(
                status: status, headers: [("Content-Type", "application/json")] + scope.warningHeaders,
                body: .bytes(bytes(object)))
        }
        return try response(value: value(object), form: form, status: status, scope: scope)
    }

    func response(value: JSONValue, form: ResponseForm, status: Int = 200, scope: RequestScope) throws(APIError) -> APIResponse {
        let shaped: JSONValue
        switch form.shape {
        case .object: shaped = value
        case .table:
            let mode = try includeObject(scope)
            shaped = TableRenderer(definition: definition, now: now()).table(
                objects: [value], listMetadata: ["resourceVersion": value["metadata"]?["resourceVersion"] ?? ""], includes: mode)
        case .partialMetadata: shaped = Self.partial(value)
        case .partialMetadataList:
            throw APIError(
                code: 406, reason: "NotAcceptable",
                message:
                    "you requested PartialObjectMetadataList, but the requested object is not a list (\(GoTypes.pointer(definition)))"
            )
        }
        return Self.response(shaped, form: form, status: status, warnings: scope.warningHeaders)
    }

    // MARK: Lists

    func response(
        list objects: [StoredObject], metadata: JSONValue, form: ResponseForm, scope: RequestScope
    ) throws(APIError) -> APIResponse {
        switch form.shape {
        case .object:
            if form.encoding == .json, !form.isPretty {
                return fastList(objects, metadata: metadata, warnings: scope.warningHeaders)
            }
            var items = objects.map { value($0) }
            if definition.custom == nil {
                for index in items.indices {
                    items[index]["kind"] = nil
                    items[index]["apiVersion"] = nil
                }
            }
            let list: JSONValue = [
                "kind": .string(definition.listKind), "apiVersion": .string(definition.apiVersion),
                "metadata": listMetadata(metadata),
                "items": .array(items),
            ]
            return Self.response(list, form: form, warnings: scope.warningHeaders)
        case .table:
            let mode = try includeObject(scope)
            let table = TableRenderer(definition: definition, now: now()).table(
                objects: objects.map { value($0) }, listMetadata: metadata, includes: mode)
            return Self.response(table, form: form, warnings: scope.warningHeaders)
        case .partialMetadataList:
            let list: JSONValue = [
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "items": objects.isEmpty ? .null : .array(objects.map { Self.partial(value($0)) }),
            ]
            return Self.response(list, form: form, warnings: scope.warningHeaders)
        case .partialMetadata:
            throw APIError(
                code: 406, reason: "NotAcceptable",
                message:
                    "you requested PartialObjectMetadata, but the requested object is a list (\(GoTypes.listPointer(definition)))"
            )
        }
    }

    private func listMetadata(_ metadata: JSONValue) -> JSONValue {
        var metadata = metadata
        if definition.custom != nil, metadata["continue"] == nil { metadata["continue"] = "" }
        return metadata
    }

    private func fastList(_ objects: [StoredObject], metadata: JSONValue, warnings: [(name: String, value: String)])
        -> APIResponse
    {
        var output: [UInt8] = []
        output.reserveCapacity(objects.reduce(256) { $0 + $1.body.count + 80 })
        output.append(
            contentsOf: "{\"kind\":\"\(definition.listKind)\",\"apiVersion\":\"\(definition.apiVersion)\",\"metadata\":".utf8)
        JSONSerializer.write(listMetadata(metadata), to: &output)
        output.append(contentsOf: ",\"items\":[".utf8)
        var isFirst = true
        for object in objects {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            if definition.custom != nil {
                output.append(contentsOf: bytes(object))
            } else if isConverted {
                var item = value(object)
                item["kind"] = nil
                item["apiVersion"] = nil
                JSONSerializer.write(item, to: &output)
            } else {
                output.append(contentsOf: object.body)
            }
        }
        output.append(contentsOf: "]}".utf8)
        return APIResponse(status: 200, headers: [("Content-Type", "application/json")] + warnings, body: .bytes(output))
    }

    // MARK: Parts

    static func partial(_ object: JSONValue) -> JSONValue {
        var metadata = object["metadata"] ?? [:]
        // Upstream takes metadata from its internal types, where this counter is a field of the spec.
        if object["kind"]?.string == "DaemonSet", var annotations = metadata["annotations"]?.object {
            annotations[WorkloadBehaviors.templateGeneration] = nil
            metadata["annotations"] = annotations.isEmpty ? nil : .object(annotations)
        }
        return ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata]
    }

    func includeObject(_ scope: RequestScope) throws(APIError) -> TableRenderer.Inclusion {
        switch scope.request.parameter("includeObject") ?? "" {
        case "", "Metadata": return .metadata
        case "None": return .none
        case "Object": return .object
        case let other:
            throw .badRequest(
                "Unable to convert to Table as requested: includeObject: Invalid value: \"\(other)\": must be 'Metadata', 'Object', "
                    + "'None', or empty")
        }
    }

    /// Any JSON document in the accepted encoding.
    static func response(
        _ value: JSONValue, form: ResponseForm, status: Int = 200, warnings: [(name: String, value: String)] = []
    ) -> APIResponse {
        switch form.encoding {
        case .yaml:
            let text = (try? YAML.string(value)) ?? ""
            return APIResponse(
                status: status, headers: [("Content-Type", "application/yaml")] + warnings, body: .bytes(Array(text.utf8)))
        case .json:
            let body =
                form.isPretty
                ? Array((JSONSerializer.prettyString(value) + "\n").utf8)
                : StatusEncoder.bytes(value) ?? JSONSerializer.bytes(value)
            return APIResponse(status: status, headers: [("Content-Type", "application/json")] + warnings, body: .bytes(body))
        }
    }
}

/// Names of Go types that upstream's messages quote.
enum GoTypes {
    static func package(_ definition: ResourceDefinition) -> String {
        package(group: definition.group, isCustom: definition.custom != nil)
    }

    static func package(group: String, isCustom: Bool = false) -> String {
        if isCustom { return "unstructured" }
        return group.isEmpty ? "core" : String(group.split(separator: ".")[0])
    }

    static func pointer(_ definition: ResourceDefinition) -> String {
        definition.custom == nil ? "*\(package(definition)).\(definition.kind)" : "*unstructured.Unstructured"
    }

    static func listPointer(_ definition: ResourceDefinition) -> String {
        definition.custom == nil ? "*\(package(definition)).\(definition.kind)List" : "*unstructured.UnstructuredList"
    }
}

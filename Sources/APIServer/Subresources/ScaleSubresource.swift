import FoundationEssentials
import KubernetesTypes

/// `scale`: the replica count of any workload under one shape.
struct ScaleSubresource: Sendable {
    let core: APIServerCore
    let definition: ResourceDefinition

    static let columns = [
        PrinterColumn(name: "Name", type: "string", description: TableRenderer.nameDescription),
        PrinterColumn(
            name: "Desired", type: "integer", description: "replicas is the desired number of instances for the scaled object."),
        PrinterColumn(
            name: "Available", type: "integer",
            description: "replicas is the actual number of observed instances of the scaled object."),
        PrinterColumn(name: "Age", type: "string", description: TableRenderer.createdDescription),
    ]

    private var shownColumns: [PrinterColumn] {
        guard definition.custom != nil else { return Self.columns }
        return [
            PrinterColumn(name: "Name", type: "string", format: "name", description: TableRenderer.nameDescription),
            PrinterColumn(name: "Desired", type: "integer", description: "Number of desired replicas"),
            PrinterColumn(name: "Available", type: "integer", description: "Number of actual replicas"),
            PrinterColumn(name: "Age", type: "date", description: TableRenderer.createdDescription),
        ]
    }

    private var paths: ScalePaths {
        definition.custom?.scale
            ?? ScalePaths(specReplicas: "spec.replicas", statusReplicas: "status.replicas", labelSelector: nil)
    }

    /// The kind of the answer.
    private var scaleDefinition: ResourceDefinition {
        ResourceDefinition(
            group: "autoscaling", version: "v1", kind: "Scale", plural: "scales", singular: "scale", isNamespaced: true,
            verbs: [],
            storageGroup: "autoscaling", storageVersion: "v1",
            rules: core.rules.rules(group: "autoscaling", version: "v1", kind: "Scale"), columns: Self.columns)
    }

    func respond(_ scope: RequestScope) async throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request)
        switch scope.info.verb {
        case "get":
            let object = try core.stored(definition, namespace: scope.info.namespace, name: scope.info.name)
            return try answer(scale(core.encoder(definition).value(object)), form, scope)
        case "update":
            let options = try WriteOptions(scope.request, kind: "UpdateOptions")
            var body = try RequestBody.decode(scope.request, kind: "Scale").value
            try BuiltinTypeCheck.check(
                &body, expectedKind: "Scale", expectedAPIVersion: "autoscaling/v1", registry: core.registry)
            try core.checkName(body, scope)
            let requested = body
            return try await write(scope, options, form) { _ throws(APIError) in requested }
        default: return try await patch(scope, form)
        }
    }

    private func answer(_ scale: JSONValue, _ form: ResponseForm, _ scope: RequestScope) throws(APIError) -> APIResponse {
        if form.shape == .table {
            let metadata = scale["metadata"] ?? [:]
            let age = Ages.since(metadata["creationTimestamp"], now: core.configuration.now())
            let row: JSONValue = [
                "cells": [
                    metadata["name"] ?? "", scale["spec"]?["replicas"] ?? 0, scale["status"]?["replicas"] ?? 0, .string(age),
                ], "object": ResponseEncoder.partial(scale),
            ]
            let table: JSONValue = [
                "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                "metadata": ["resourceVersion": metadata["resourceVersion"] ?? ""],
                "columnDefinitions": .array(shownColumns.map(TableRenderer.definition)), "rows": [row],
            ]
            return ResponseEncoder.response(table, form: form, warnings: scope.warningHeaders)
        }
        return try core.encoder(scaleDefinition).response(value: scale, form: form, scope: scope)
    }

    /// What is recorded through `scale` has no time upstream, because it is converted from the fields of a Scale.
    static func forgetTimes(_ object: inout JSONValue) {
        guard var entries = object["metadata"]?["managedFields"]?.array else { return }
        for index in entries.indices where entries[index]["subresource"]?.string == "scale" { entries[index]["time"] = nil }
        object["metadata"]?["managedFields"] = .array(entries)
    }

    private func parts(_ path: String) -> [String] { path.split(separator: ".").map(String.init) }

    func scale(_ object: JSONValue) -> JSONValue {
        let old = object["metadata"] ?? [:]
        var metadata: JSONValue = [:]
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] { metadata[field] = old[field] }
        var spec: JSONValue = [:]
        let replicas = object[path: parts(paths.specReplicas)]?.integer ?? 0
        if replicas != 0 { spec["replicas"] = .integer(replicas) }
        var status: JSONValue = ["replicas": .integer(object[path: parts(paths.statusReplicas)]?.integer ?? 0)]
        if let selector = selector(object), !selector.isEmpty { status["selector"] = .string(selector) }
        return ["kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status]
    }

    private func selector(_ object: JSONValue) -> String? {
        if definition.custom != nil { return paths.labelSelector.flatMap { object[path: parts($0)]?.string } }
        guard let selector = object["spec"]?["selector"] else { return nil }
        if definition.kind == "ReplicationController" {
            return selector.object?.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
        }
        return SelectorText.format(selector)
    }

    private func patch(_ scope: RequestScope, _ form: ResponseForm) async throws(APIError) -> APIResponse {
        let type = try core.patchType(definition, scope)
        let options = try WriteOptions(scope.request, kind: "PatchOptions", isApply: type == .apply)
        if type == .apply { return try await apply(scope, options, form) }
        let document = try core.patchDocument(type, scope)
        return try await write(scope, options, form) { current throws(APIError) in
            let patched =
                type == .json ? try core.merging.jsonPatch(current, document) : try core.merging.mergePatch(current, document)
            return patched
        }
    }

    /// Only the number of replicas can be applied; it becomes the manager's field of the object itself.
    private func apply(_ scope: RequestScope, _ options: WriteOptions, _ form: ResponseForm) async throws(APIError) -> APIResponse
    {
        let document = try core.applyDocument(scope)
        guard document["kind"]?.string == "Scale", document["apiVersion"]?.string == "autoscaling/v1" else {
            throw .badRequest(
                "invalid object type: \(document["apiVersion"]?.string ?? "/"), Kind=\(document["kind"]?.string ?? "")")
        }
        let replicas = document["spec"]?["replicas"] ?? .integer(0)
        try validate(document, scope)
        let writer = FieldWriter(manager: options.fieldManager, subresource: "scale", time: core.configuration.now())
        let updated = try await core.modify(definition, subresource: nil, scope, options, recordedSubresource: "scale") {
            current throws(APIError) in
            let old = core.encoder(definition).value(current)
            var configuration: JSONValue = [
                "apiVersion": .string(definition.apiVersion), "kind": .string(definition.kind),
                "metadata": ["name": .string(current.name), "namespace": .string(current.namespace)],
            ]
            configuration[path: parts(paths.specReplicas)] = replicas
            let applied = try core.merging.applied(configuration, to: old, definition, by: writer, force: options.force ?? false)
            return APIServerCore.Change(object: applied, recordsFields: false)
        }
        return try answer(scale(core.encoder(definition).value(updated)), form, scope)
    }

    private func validate(_ scale: JSONValue, _ scope: RequestScope) throws(APIError) {
        guard definition.custom == nil, let replicas = scale["spec"]?["replicas"]?.integer, replicas < 0 else { return }
        throw .invalid(
            group: "autoscaling", kind: "Scale", name: scope.info.name,
            [.invalid("spec.replicas", .integer(replicas), "must be greater than or equal to 0")])
    }

    /// Who owns what after a write. A Scale leaves out no replicas, so whoever sets none owns nothing.
    private func recorded(old: JSONValue, new: JSONValue, _ writer: FieldWriter) -> JSONValue? {
        func asScale(_ object: JSONValue) -> JSONValue {
            var object = object
            let path = parts(paths.specReplicas)
            if object[path: path] == 0 { object[path: path] = nil }
            return object
        }
        return core.merging.recorded(old: asScale(old), new: asScale(new), definition, by: writer)[
            path: ["metadata", "managedFields"]]
    }

    private func write(
        _ scope: RequestScope, _ options: WriteOptions, _ form: ResponseForm,
        _ change: (JSONValue) throws(APIError) -> JSONValue
    ) async throws(APIError) -> APIResponse {
        let writer = FieldWriter(
            manager: options.manager(scope.request), subresource: "scale", time: core.configuration.now())
        let updated = try await core.modify(definition, subresource: nil, scope, options, recordedSubresource: "scale") {
            current throws(APIError) in
            let old = core.encoder(definition).value(current)
            let requested = try change(scale(old))
            try validate(requested, scope)
            var object = old
            object[path: parts(paths.specReplicas)] = requested["spec"]?["replicas"] ?? .integer(0)
            let fields = recorded(old: old, new: object, writer)
            object["metadata"]?["managedFields"] = fields
            object["metadata"]?["resourceVersion"] = requested["metadata"]?["resourceVersion"] ?? ""
            return APIServerCore.Change(object: object, recordsFields: false)
        }
        return try answer(scale(core.encoder(definition).value(updated)), form, scope)
    }
}

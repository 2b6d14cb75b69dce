import FoundationEssentials
import KubernetesTypes

/// Writes watch events in the form that the caller accepts. Table watches send their columns once.
struct WatchFormatter: Sendable {
    let encoder: ResponseEncoder
    let form: ResponseForm
    let inclusion: TableRenderer.Inclusion
    private var hasSentColumns = false

    init(encoder: ResponseEncoder, form: ResponseForm, inclusion: TableRenderer.Inclusion) {
        self.encoder = encoder
        self.form = form
        self.inclusion = inclusion
    }

    /// The change as the watcher sees it: an object that leaves the selection is deleted, one that enters it is added.
    mutating func append(_ event: StoreEvent, to output: inout [UInt8], selects: (StoredObject) -> Bool) {
        let isSelected = event.kind != .deleted && selects(event.object)
        let wasSelected = event.previous.map(selects) ?? false
        switch (wasSelected, isSelected) {
        case (false, true): append("ADDED", event.object, to: &output)
        case (true, true): append("MODIFIED", event.object, to: &output)
        case (true, false):
            let last = event.kind == .deleted ? event.object : event.previous?.withRevision(event.revision)
            if let last { append("DELETED", last, to: &output) }
        case (false, false): break
        }
    }

    mutating func appendAdded(_ object: StoredObject, to output: inout [UInt8]) { append("ADDED", object, to: &output) }

    private mutating func append(_ type: String, _ object: StoredObject, to output: inout [UInt8]) {
        switch form.shape {
        case .object:
            output.append(contentsOf: "{\"type\":\"\(type)\",\"object\":".utf8)
            output.append(contentsOf: encoder.bytes(object))
            output.append(contentsOf: "}\n".utf8)
        case .partialMetadata, .partialMetadataList:
            append(type, ResponseEncoder.partial(encoder.value(object)), to: &output)
        case .table:
            let value = encoder.value(object)
            var table = TableRenderer(definition: encoder.definition, now: encoder.now()).table(
                objects: [value], listMetadata: ["resourceVersion": .string(String(object.revision))], includes: inclusion)
            if hasSentColumns { table["columnDefinitions"] = .null }
            hasSentColumns = true
            append(type, table, to: &output)
        }
    }

    private func append(_ type: String, _ object: JSONValue, to output: inout [UInt8]) {
        output.append(contentsOf: "{\"type\":\"\(type)\",\"object\":".utf8)
        JSONSerializer.write(object, to: &output)
        output.append(contentsOf: "}\n".utf8)
    }

    mutating func appendBookmark(_ revision: UInt64, endsInitialEvents: Bool, to output: inout [UInt8]) {
        var metadata: JSONValue = ["resourceVersion": .string(String(revision))]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        if encoder.definition.custom == nil, form.shape == .object { metadata["creationTimestamp"] = nil }
        var object: JSONValue = ["metadata": metadata]
        switch form.shape {
        case .object:
            object["kind"] = .string(encoder.definition.kind)
            object["apiVersion"] = .string(encoder.definition.apiVersion)
            if encoder.definition.custom == nil {
                for (field, value) in BookmarkShape.emptyFields(of: encoder.definition) { object[field] = value }
            }
        case .partialMetadata, .partialMetadataList: object = ResponseEncoder.partial(object)
        case .table:
            object = TableRenderer(definition: encoder.definition, now: encoder.now()).table(
                objects: [object], listMetadata: ["resourceVersion": .string(String(revision))], includes: inclusion)
            if hasSentColumns { object["columnDefinitions"] = .null }
            hasSentColumns = true
        }
        append("BOOKMARK", object, to: &output)
    }

    func expired(_ revision: UInt64, oldest: UInt64) -> [UInt8] {
        let error = APIError(
            code: 410, reason: "Expired", message: "too old resource version: \(revision) (\(oldest))")
        var output: [UInt8] = []
        append("ERROR", error.status, to: &output)
        return output
    }
}

/// Go's structures write some of their members even when they are empty; bookmarks of built-in kinds show it.
enum BookmarkShape {
    static func emptyFields(of definition: ResourceDefinition) -> [(String, JSONValue)] {
        switch definition.kind {
        case "Pod": [("spec", ["containers": .null]), ("status", [:])]
        case "Namespace", "Node", "Service", "PersistentVolume", "PersistentVolumeClaim", "ResourceQuota", "Job", "Ingress":
            [("spec", [:]), ("status", [:])]
        default: []
        }
    }
}

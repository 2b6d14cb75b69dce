import FoundationEssentials
import KubernetesTypes

/// Renders objects as `meta.k8s.io/v1` Tables: what `kubectl get` prints.
struct TableRenderer: Sendable {
    enum Inclusion: Sendable { case none, metadata, object }

    let definition: ResourceDefinition
    let now: Date

    static let nameDescription =
        "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to "
        + "request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and "
        + "configuration definition. Cannot be updated. More info: "
        + "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"

    static let createdDescription =
        "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in "
        + "happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in "
        + "UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
        + "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"

    /// The columns shown where a kind has none of its own.
    private static let defaultColumns = [
        PrinterColumn(name: "Name", type: "string", format: "name", description: nameDescription),
        PrinterColumn(name: "Created At", type: "date", description: createdDescription),
    ]

    private var columns: [PrinterColumn] {
        if definition.custom != nil {
            let name = PrinterColumn(name: "Name", type: "string", format: "name", description: Self.nameDescription)
            if definition.columns.isEmpty {
                return [name, PrinterColumn(name: "Age", type: "date", description: Self.createdDescription)]
            }
            return [name] + definition.columns
        }
        return definition.columns.isEmpty ? Self.defaultColumns : definition.columns
    }

    func table(objects: [JSONValue], listMetadata: JSONValue, includes: Inclusion) -> JSONValue {
        var metadata = listMetadata
        if metadata["resourceVersion"] == nil { metadata["resourceVersion"] = "" }
        return [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": .array(columns.map(Self.definition)),
            "rows": .array(objects.map { row($0, includes: includes) }),
        ]
    }

    static func definition(_ column: PrinterColumn) -> JSONValue {
        [
            "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
            "description": .string(column.description), "priority": .integer(Int64(column.priority)),
        ]
    }

    private func row(_ object: JSONValue, includes: Inclusion) -> JSONValue {
        var row: JSONValue = ["cells": .array(cells(object))]
        switch includes {
        case .none: row["object"] = .null
        case .metadata: row["object"] = ResponseEncoder.partial(object)
        case .object: row["object"] = object
        }
        if definition.custom == nil, let conditions = BuiltinCells.conditions(object, definition) {
            row["conditions"] = conditions
        }
        return row
    }

    private func cells(_ object: JSONValue) -> [JSONValue] {
        let metadata = object["metadata"] ?? [:]
        let name = metadata["name"] ?? ""
        if definition.custom != nil {
            guard !definition.columns.isEmpty else { return [name, age(metadata["creationTimestamp"])] }
            return [name] + definition.columns.map { CustomColumns.cell(object, $0, now: now) }
        }
        guard !definition.columns.isEmpty else { return [name, metadata["creationTimestamp"] ?? .null] }
        return BuiltinCells(now: now, definition: definition).cells(object)
            ?? definition.columns.map {
                $0.name == "Name" ? name : $0.name == "Age" ? age(metadata["creationTimestamp"]) : "<unknown>"
            }
    }

    private func age(_ created: JSONValue?) -> JSONValue { .string(Ages.since(created, now: now)) }
}

/// Durations as kubectl shows them.
enum Ages {
    static func since(_ time: JSONValue?, now: Date) -> String {
        guard let text = time?.string, let time = RFC3339.parse(text) else { return "<unknown>" }
        return human(now.timeIntervalSince(time))
    }

    /// Two units at most, the fewer the longer it is.
    static func human(_ interval: TimeInterval) -> String {
        let seconds = Int(interval.rounded(.down))
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s" }
        if minutes < 180 { return "\(minutes)m" }
        let hours = seconds / 3600
        if hours < 8 { return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m" }
        if hours < 48 { return "\(hours)h" }
        if hours < 192 { return hours % 24 == 0 ? "\(hours / 24)d" : "\(hours / 24)d\(hours % 24)h" }
        let days = hours / 24
        if days < 365 * 2 { return "\(days)d" }
        if days < 365 * 8 { return days % 365 == 0 ? "\(days / 365)y" : "\(days / 365)y\(days % 365)d" }
        return "\(days / 365)y"
    }
}

public import KubernetesTypes
import Operator
import Reconciliation

/// An object as it would be stored, and what the operator would do about it.
public struct PlannedObject: Sendable {
    let type: ResourceType
    let object: DynamicObject
    let fate: Fate
    /// Nil for kinds that nothing reconciles.
    let entry: PlanPreview.Entry?

    /// What applying it would do.
    enum Fate: String, Sendable {
        case create, update, unchanged

        /// - Parameters:
        ///   - present: as it is stored; nil where it is not there.
        ///   - admitted: as the server would store it.
        init(present: DynamicObject?, admitted: DynamicObject) {
            guard let present else {
                self = .create
                return
            }
            self = Self.content(present) == Self.content(admitted) ? .unchanged : .update
        }

        /// All but the server's own bookkeeping.
        private static func content(_ object: DynamicObject) -> JSONValue {
            var value = object.value
            for name in ["managedFields", "resourceVersion", "generation"] { value[path: ["metadata", name]] = nil }
            return value
        }

        var sentence: String {
            switch self {
            case .create: "would be created"
            case .update: "would be updated"
            case .unchanged: "would stay as it is"
            }
        }
    }

    init(type: ResourceType, object: DynamicObject, fate: Fate, entry: PlanPreview.Entry?) {
        self.type = type
        self.object = object
        self.fate = fate
        self.entry = entry
    }

    /// What would keep it from going on: a condition that says so, or a warning; nil when there is none.
    public var obstacle: String? {
        let conditions = entry?.plan.status?["conditions"]?.array ?? []
        let stalled = conditions.first { $0["type"]?.string == "Stalled" && $0["status"]?.string == "True" }
        if let stalled { return "\(stalled["reason"]?.string ?? ""): \(stalled["message"]?.string ?? "")" }
        return entry?.plan.events.first { $0.severity == .warning }.map { "\($0.reason): \($0.message)" }
    }

    private struct Change {
        var sign: String
        var verb: String
        var name: String
    }

    private var name: String { Self.name(type.kind, type.group, object.name) }

    private static func name(_ kind: String, _ group: String, _ name: String) -> String {
        "\(kind.lowercased())\(group.isEmpty ? "" : ".\(group)")/\(name)"
    }

    private static func name(_ object: DynamicObject) -> String {
        name(object.kind, object.groupVersionKind.group, object.name)
    }

    private var changes: [Change] {
        guard let entry else { return [] }
        let observed = Set(entry.children.map(Self.name))
        let planned = entry.plan.children.map { child -> Change in
            let name = Self.name(child.object)
            let isThere = observed.contains(name)
            return switch child {
            case .createOnce: Change(sign: isThere ? "=" : "+", verb: isThere ? "is there" : "create", name: name)
            case .ensure: Change(sign: isThere ? "~" : "+", verb: "apply", name: name)
            }
        }
        let listed = Set(planned.map(\.name))
        let kept = Set(entry.plan.kept.map { Self.name($0.type.kind, $0.type.group, $0.key.name) })
        let gone = observed.subtracting(listed).subtracting(kept).sorted()
        return planned
            + entry.plan.patches.map {
                Change(sign: "~", verb: $0.name, name: Self.name($0.target.type.kind, $0.target.type.group, $0.target.key.name))
            } + observed.intersection(kept).subtracting(listed).sorted().map { Change(sign: "=", verb: "keep", name: $0) }
            + gone.map { Change(sign: "-", verb: "delete", name: $0) }
            + (entry.plan.deletesObject ? [Change(sign: "-", verb: "delete", name: name)] : [])
    }

    /// The object and its children that would be made.
    public var madeNames: [String] { (fate == .create ? [name] : []) + changes.filter { $0.sign == "+" }.map(\.name) }

    private var nextLook: String {
        switch entry?.plan.next {
        case .after(let delay)?:
            let seconds = Int(delay / .seconds(1))
            return seconds < 1 ? "at once, with what is written then" : "in \(Self.time(seconds)), or when something changes"
        case .whenSomethingChanges?: return "when something changes"
        case nil: return "never: nothing reconciles this kind"
        }
    }

    private static func time(_ seconds: Int) -> String {
        let parts = [(seconds / 3600, "h"), (seconds % 3600 / 60, "m"), (seconds % 60, "s")].filter { $0.0 > 0 }
        return parts.map { "\($0.0)\($0.1)" }.joined()
    }

    // MARK: As text

    /// Lines for people.
    public var lines: [String] {
        var lines = ["\(name) \(fate.sentence)"]
        guard let entry else { return lines + ["  next look  \(nextLook)"] }
        if let status = entry.plan.status {
            let shown = DynamicObject(["status": status])
            lines.append("  status     \(ObjectSummary.text(shown))")
            for condition in status["conditions"]?.array ?? [] {
                lines.append(
                    "             \(condition["type"]?.string ?? "")=\(condition["status"]?.string ?? "") (\(condition["reason"]?.string ?? ""))"
                )
            }
        } else {
            lines.append("  status     stays as it is")
        }
        for (index, change) in changes.enumerated() {
            lines.append("  \(index == 0 ? "children " : "         ")  \(change.sign) \(change.verb) \(change.name)")
        }
        for event in entry.plan.events {
            lines.append("  event      \(event.severity.rawValue) \(event.reason): \(event.message)")
        }
        for effect in entry.plan.effects {
            lines.append("  effect     \(effect.name) \(JSONSerializer.string(effect.parameters))")
        }
        return lines + ["  next look  \(nextLook)"]
    }

    /// All of it, with whole children, for programs.
    public var document: JSONValue {
        var value: JSONValue = [
            "object": object.value, "change": .string(fate.rawValue), "nextLook": .string(nextLook),
        ]
        guard let entry else { return value }
        if let status = entry.plan.status { value["status"] = status }
        value["children"] = .array(
            entry.plan.children.map { child in
                let how =
                    switch child {
                    case .createOnce: "createOnce"
                    case .ensure: "ensure"
                    }
                return ["how": .string(how), "owned": .bool(child.ownership == .owned), "object": child.object.value]
            })
        value["changes"] = .array(changes.map { ["verb": .string($0.verb), "name": .string($0.name)] })
        value["events"] = .array(
            entry.plan.events.map {
                ["type": .string($0.severity.rawValue), "reason": .string($0.reason), "message": .string($0.message)]
            })
        value["effects"] = .array(entry.plan.effects.map { ["name": .string($0.name), "parameters": $0.parameters] })
        return value
    }
}

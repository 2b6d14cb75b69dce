public import KubernetesTypes

/// What becomes of one field of a kind.
public enum FieldTreatment: Sendable, Equatable {
    /// Done here; the test that shows it.
    case honoured(test: String)
    /// An object (or list of them) whose own fields say.
    case parts(String)
    /// Another component's to honour.
    case others(String)
    /// Stored, without effect.
    /// - Parameter harmless: values that ask for nothing, such as the server's default.
    case ignored(why: String, harmless: Set<String>)
}

/// A field that an object sets and that has no effect.
public struct UnhonouredField: Sendable, Hashable {
    /// Where in the object, such as `spec.volumes[data].nfs`.
    public var path: String
    public var why: String

    public init(path: String, why: String) {
        self.path = path
        self.why = why
    }
}

/// Every field of some kinds and what becomes of it, one line a field, so that what is stored without effect can be named to
/// whoever set it.
///
/// A line is `Type.field`, a sign, and a word or sentence: `=` honoured, shown by the test of that name; `>` see the fields of
/// that type; `@` another component's; `-` ignored, and why. `-(a,b)` is ignored without a word where the value is `a` or `b`.
public struct FieldTable: Sendable {
    /// By `Type.field`.
    public let treatments: [String: FieldTreatment]

    public init(_ text: String) {
        var treatments: [String: FieldTreatment] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard parts.count == 3 else { continue }
            switch parts[1] {
            case "=": treatments[parts[0]] = .honoured(test: parts[2])
            case ">": treatments[parts[0]] = .parts(parts[2])
            case "@": treatments[parts[0]] = .others(parts[2])
            default:
                let values = parts[1].dropFirst().filter { $0 != "(" && $0 != ")" }.split(separator: ",").map(String.init)
                treatments[parts[0]] = .ignored(why: parts[2], harmless: Set(values))
            }
        }
        self.treatments = treatments
    }

    /// The fields that a value sets and that have no effect, in order of their paths.
    /// - Parameters:
    ///   - type: the value's type in the table.
    ///   - path: where the value is in its object; empty for the object itself.
    public func unhonoured(_ value: JSONValue, type: String, path: String = "") -> [UnhonouredField] {
        var found: [UnhonouredField] = []
        walk(value, type: type, path: path, &found)
        return found
    }

    private func walk(_ value: JSONValue, type: String, path: String, _ found: inout [UnhonouredField]) {
        if let list = value.array {
            for (index, element) in list.enumerated() {
                let name = element["name"]?.string ?? String(index)
                walk(element, type: type, path: "\(path)[\(name)]", &found)
            }
            return
        }
        for (field, child) in (value.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            if child.isNull || child.array?.isEmpty ?? false { continue }
            let place = path.isEmpty ? field : "\(path).\(field)"
            switch treatments["\(type).\(field)"] {
            case .parts(let next): walk(child, type: next, path: place, &found)
            case .ignored(let why, let harmless):
                if !Self.texts(child).isSubset(of: harmless) || harmless.isEmpty {
                    found.append(UnhonouredField(path: place, why: why))
                }
            case .honoured, .others: break
            case nil: found.append(UnhonouredField(path: place, why: "it is not known here"))
            }
        }
    }

    private static func texts(_ value: JSONValue) -> Set<String> {
        if let list = value.array { return list.reduce(into: []) { $0.formUnion(texts($1)) } }
        return [value.string ?? JSONSerializer.string(value)]
    }

    /// The condition that names such fields on kinds that have conditions.
    public static let condition = "FieldNotHonoured"
    /// The reason of that condition.
    public static let conditionReason = "StoredWithoutEffect"

    /// A sentence for an event or a condition; nil where there is nothing to tell.
    public static func sentence(_ fields: [UnhonouredField]) -> String? {
        guard !fields.isEmpty else { return nil }
        let list = fields.map { "\($0.path) (\($0.why))" }.joined(separator: ", ")
        return "Stored, but without effect in this cluster: \(list). Leave out what must not be ignored, or use another cluster."
    }
}

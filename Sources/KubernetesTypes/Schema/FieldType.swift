/// What the fields of a type are, as merging, defaulting and decoding need it.
///
/// A value may be a scalar, a list or a map; a type that allows several of them (a quantity, an unknown) has several parts.
/// Made of OpenAPI, for built-in kinds and those of CustomResourceDefinitions alike. The model is structured-merge-diff's.
public final class FieldType: Sendable {
    public enum Scalar: Sendable, Hashable { case string, numeric, boolean, untyped }

    /// Who owns what in a list: the whole of it, each value, or each element by the values of its keys.
    public enum ListRelationship: Sendable, Hashable {
        case atomic
        case set
        case map(keys: [String])
    }

    public struct List: Sendable {
        public var element: Reference
        public var relationship: ListRelationship
    }

    public struct Map: Sendable {
        public var fields: [String: Field]
        /// The type of members that are not in `fields`; nil where there may be none.
        public var element: Reference?
        /// Owned as a whole.
        public var isAtomic: Bool
    }

    /// What Go's `encoding/json` writes for a field that is absent or zero.
    public enum ZeroForm: String, Sendable {
        /// A pointer: kept as it is.
        case asIs = ""
        /// Left out when zero or empty.
        case dropped = "d"
        /// The zero of the scalar type.
        case zero = "z"
        /// `null`.
        case null = "n"
        /// An object with its own zero forms.
        case structure = "s"
    }

    public struct Field: Sendable {
        public var type: Reference
        public var defaultValue: JSONValue?
        public var zeroForm: ZeroForm
        /// `merge`, `replace`, `retainKeys`; empty where the type has no say.
        public var patchStrategies: [String]
        public var patchMergeKey: String?
        public var allowedValues: [String]
    }

    /// A type, or the name of a built-in one (types may contain themselves).
    public enum Reference: Sendable {
        case direct(FieldType)
        case named(String)

        public var type: FieldType {
            switch self {
            case .direct(let type): type
            case .named(let name): KubernetesSchema.builtin.type(named: name) ?? .untyped
            }
        }

        public var name: String? { if case .named(let name) = self { name } else { nil } }
    }

    public let scalar: Scalar?
    public let list: List?
    public let map: Map?
    /// JSON Schema's `type`; empty where any is allowed.
    public let jsonType: String
    /// OpenAPI's `format`: `int32`, `int-or-string`, `date-time`, `quantity`, …
    public let format: String

    public init(scalar: Scalar? = nil, list: List? = nil, map: Map? = nil, jsonType: String = "", format: String = "") {
        self.scalar = scalar
        self.list = list
        self.map = map
        self.jsonType = jsonType
        self.format = format
    }

    /// Anything, owned as a whole.
    public static let untyped = FieldType(
        scalar: .untyped,
        list: List(element: .direct(untypedElement), relationship: .atomic),
        map: Map(fields: [:], element: .direct(untypedElement), isAtomic: true))

    /// Anything, with maps owned member by member.
    public static let deduced = FieldType(
        scalar: .untyped,
        list: List(element: .direct(untypedElement), relationship: .atomic),
        map: Map(fields: [:], element: .named(deducedName), isAtomic: false))

    /// Below an atomic value nothing is told apart, so one level stands for all.
    private static let untypedElement = FieldType(
        scalar: .untyped, list: List(element: .named(untypedName), relationship: .atomic),
        map: Map(fields: [:], element: .named(untypedName), isAtomic: true))

    static let untypedName = "__untyped_atomic_"
    static let deducedName = "__untyped_deduced_"
}

extension FieldType {
    /// The field of a map, or what stands for its unnamed members.
    public func member(_ name: String) -> FieldType? {
        map.flatMap { ($0.fields[name]?.type ?? $0.element)?.type }
    }

    /// The part of the type that a value is an instance of; the whole type where none fits.
    func deduced(for value: JSONValue?) -> FieldType {
        switch value {
        case .bool, .integer, .number, .string:
            scalar != nil && (list != nil || map != nil) ? FieldType(scalar: scalar, jsonType: jsonType, format: format) : self
        case .array: list != nil && (scalar != nil || map != nil) ? FieldType(list: list) : self
        case .object: map != nil && (scalar != nil || list != nil) ? FieldType(map: map) : self
        default: self
        }
    }
}

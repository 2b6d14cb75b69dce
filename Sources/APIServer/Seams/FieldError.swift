import KubernetesTypes

/// One thing that is wrong with one field of an object, in the words of upstream's validation.
struct FieldError: Error, Sendable, Equatable {
    /// Upstream's `metav1.CauseType` values.
    enum Reason: String, Sendable {
        case required = "FieldValueRequired"
        case duplicate = "FieldValueDuplicate"
        case invalid = "FieldValueInvalid"
        case notSupported = "FieldValueNotSupported"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case notFound = "FieldValueNotFound"
        case typeInvalid = "FieldValueTypeInvalid"
        case internalError = "InternalError"
    }

    var reason: Reason
    /// The field, as `spec.containers[0].name`.
    var field: String
    /// What a person reads, without the field: `Required value: name or generateName is required`.
    var message: String

    init(_ reason: Reason, _ field: String, message: String) {
        self.reason = reason
        self.field = field
        self.message = message
    }

    static func required(_ field: String, _ detail: String = "") -> FieldError {
        FieldError(.required, field, message: joined("Required value", detail))
    }

    static func forbidden(_ field: String, _ detail: String) -> FieldError {
        FieldError(.forbidden, field, message: joined("Forbidden", detail))
    }

    static func invalid(_ field: String, _ value: JSONValue, _ detail: String) -> FieldError {
        FieldError(.invalid, field, message: joined("Invalid value: \(shown(value))", detail))
    }

    static func typeInvalid(_ field: String, _ value: JSONValue, _ detail: String) -> FieldError {
        FieldError(.typeInvalid, field, message: joined("Invalid value: \(shown(value))", detail))
    }

    static func duplicate(_ field: String, _ value: JSONValue) -> FieldError {
        FieldError(.duplicate, field, message: "Duplicate value: \(shown(value))")
    }

    static func notFound(_ field: String, _ value: JSONValue) -> FieldError {
        FieldError(.notFound, field, message: "Not found: \(shown(value))")
    }

    static func notSupported(_ field: String, _ value: JSONValue, supported: [String]) -> FieldError {
        let values = supported.map { JSONSerializer.string(.string($0)) }.joined(separator: ", ")
        return FieldError(
            .notSupported, field,
            message: joined("Unsupported value: \(shown(value))", values.isEmpty ? "" : "supported values: \(values)"))
    }

    static func tooLong(_ field: String, maximum: Int) -> FieldError {
        FieldError(.tooLong, field, message: "Too long: may not be more than \(maximum) bytes")
    }

    static func tooMany(_ field: String, _ count: Int, maximum: Int) -> FieldError {
        FieldError(.tooMany, field, message: "Too many: \(count): must have at most \(maximum) items")
    }

    /// A value as Go's `field.Error` shows it: strings quoted, everything else as JSON.
    static func shown(_ value: JSONValue) -> String { JSONSerializer.string(value) }

    private static func joined(_ head: String, _ detail: String) -> String { detail.isEmpty ? head : "\(head): \(detail)" }
}

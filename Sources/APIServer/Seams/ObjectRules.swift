import KubernetesTypes

/// What is known of the fields of one kind in one version, as pure functions over JSON.
///
/// The request path calls them in this order. Create: `decode`, `prepareForCreate`, admission, `validateCreate`. Update and
/// patch: `decode` (of the whole new object), `prepareForUpdate`, admission, `validateUpdate`. Read: `defaulted`, for
/// defaults that were added after the object was stored.
///
/// Names, labels and the other fields of `metadata` are validated by the request path itself, before `validateCreate`.
protocol ObjectRules: Sendable {
    /// Checks the types of the fields and takes away those that the kind does not have, then fills in defaults.
    ///
    /// - Parameter object: a whole object whose `apiVersion` and `kind` are already right.
    /// - Returns: the object, defaulted, and one finding (`unknown field "spec.x"`) for every field taken away, in upstream's order.
    /// - Throws: a 400 in upstream's words when a field has the wrong type.
    func decode(_ object: JSONValue) throws(APIError) -> DecodedObject

    /// Fills in defaults only.
    func defaulted(_ object: JSONValue) -> JSONValue

    /// Resets what a client may not say when it creates (status, where that is a subresource) and sets what the server says.
    /// `metadata.generation` is set by the request path for kinds where `hasGeneration` is true.
    func prepareForCreate(_ object: JSONValue) -> JSONValue

    /// Resets what a client may not change by this path: `subresource` nil keeps the old status where status is a subresource,
    /// `status` keeps everything but status (and metadata as upstream does), `scale` never gets here.
    func prepareForUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> JSONValue

    func validateCreate(_ object: JSONValue) -> [FieldError]

    func validateUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> [FieldError]

    /// Texts for Warning headers (deprecated fields, fields without effect), without code and quotes.
    func warnings(_ object: JSONValue, old: JSONValue?) -> [String]

    /// Whether objects of this kind carry `metadata.generation`.
    var hasGeneration: Bool { get }

    /// Whether the change bumps `metadata.generation` (upstream: the spec, or for custom resources anything but metadata and status).
    func changesGeneration(old: JSONValue, new: JSONValue) -> Bool

    /// Whether an empty list in the spec is a change to generations, although it is not kept.
    var countsEmptyLists: Bool { get }

    /// A valid object in the form of the version that it is stored in.
    func stored(_ object: JSONValue) -> JSONValue

    /// The fields of one kind for strategic merge patch and server-side apply; nil where there is nothing to tell (then lists are atomic).
    var fields: (any FieldStructure)? { get }
}

/// Marks the type that merging works over. The implementation lives with the schema; the request path only hands it on.
protocol FieldStructure: Sendable {}

struct DecodedObject: Sendable {
    var object: JSONValue
    /// `unknown field "spec.x"`, without the prefix `strict decoding error:`.
    var findings: [String]
    /// Whether the spec had empty lists, which are not kept.
    var hadEmptyLists = false
}

extension ObjectRules {
    func warnings(_ object: JSONValue, old: JSONValue?) -> [String] { [] }

    var hasGeneration: Bool { true }

    var countsEmptyLists: Bool { false }

    func stored(_ object: JSONValue) -> JSONValue { object }

    func changesGeneration(old: JSONValue, new: JSONValue) -> Bool { old["spec"] != new["spec"] }

    var fields: (any FieldStructure)? { nil }
}

/// Where the request path gets the rules of a kind from.
///
/// `Schema/` and `Builtin/` implement it; `PassThroughRules` serves kinds for which nothing is known yet.
protocol ObjectRulesProvider: Sendable {
    /// Rules of a built-in kind.
    func rules(group: String, version: String, kind: String) -> any ObjectRules

    /// Rules of one version of a CustomResourceDefinition that has passed validation.
    func rules(definition: JSONValue, version: String) -> any ObjectRules
}

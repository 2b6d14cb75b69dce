public import KubernetesTypes

/// Which objects of a kind.
public struct ListOptions: Sendable, Hashable {
    /// `app=web,tier in (a,b)`
    public var labelSelector: String?
    /// `spec.nodeName=node-1`
    public var fieldSelector: String?
    public var resourceVersion: String?
    /// `Exact` or `NotOlderThan`
    public var resourceVersionMatch: String?
    /// Objects a page.
    public var limit: Int?
    public var continueToken: String?

    public init(
        labelSelector: String? = nil, fieldSelector: String? = nil, resourceVersion: String? = nil,
        resourceVersionMatch: String? = nil, limit: Int? = nil, continueToken: String? = nil
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.resourceVersion = resourceVersion
        self.resourceVersionMatch = resourceVersionMatch
        self.limit = limit
        self.continueToken = continueToken
    }

    func add(to call: inout Call) {
        call.add("labelSelector", labelSelector)
        call.add("fieldSelector", fieldSelector)
        call.add("resourceVersion", resourceVersion)
        call.add("resourceVersionMatch", resourceVersionMatch)
        call.add("limit", limit.map { String($0) })
        call.add("continue", continueToken)
    }
}

/// How something is written.
public struct WriteOptions: Sendable, Hashable {
    public var fieldManager: String?
    /// Answer as if it had been done, and do nothing.
    public var isDryRun: Bool
    /// `Strict`, `Warn` or `Ignore`
    public var fieldValidation: String?

    public init(fieldManager: String? = nil, isDryRun: Bool = false, fieldValidation: String? = nil) {
        self.fieldManager = fieldManager
        self.isDryRun = isDryRun
        self.fieldValidation = fieldValidation
    }

    func add(to call: inout Call, default manager: String?) {
        call.add("fieldManager", fieldManager ?? manager)
        if isDryRun { call.add("dryRun", "All") }
        call.add("fieldValidation", fieldValidation)
    }
}

/// A change to an object.
public enum Patch: Sendable, Hashable {
    /// RFC 7386.
    case merge(JSONValue)
    /// RFC 6902.
    case json([JSONValue])
    /// With the merge keys of built-in kinds.
    case strategic(JSONValue)
    /// Server-side apply of the fields given; `force` takes fields that others hold.
    case apply(JSONValue, manager: String, force: Bool)

    var contentType: String {
        switch self {
        case .merge: "application/merge-patch+json"
        case .json: "application/json-patch+json"
        case .strategic: "application/strategic-merge-patch+json"
        case .apply: "application/apply-patch+yaml"
        }
    }

    var body: JSONValue {
        switch self {
        case .merge(let value), .strategic(let value), .apply(let value, _, _): value
        case .json(let operations): .array(operations)
        }
    }
}

/// What happens to the dependents of an object that is deleted.
public enum Propagation: String, Sendable, Hashable {
    case background = "Background"
    case foreground = "Foreground"
    case orphan = "Orphan"
}

extension DeleteOptions {
    /// Deletes only the object that was seen.
    public static func of(uid: String? = nil, resourceVersion: String? = nil, propagation: Propagation? = nil, grace: Int? = nil)
        -> DeleteOptions
    {
        DeleteOptions(
            apiVersion: "v1", gracePeriodSeconds: grace, kind: "DeleteOptions",
            preconditions: uid == nil && resourceVersion == nil ? nil : Preconditions(resourceVersion: resourceVersion, uid: uid),
            propagationPolicy: propagation?.rawValue)
    }
}

/// Objects of a kind at one version of the store.
public struct DynamicList: Sendable, Hashable {
    public var items: [DynamicObject]
    public var resourceVersion: String
    /// Where the next page begins; nil on the last one.
    public var continueToken: String?
}

/// Objects of a kind at one version of the store.
public struct TypedList<Resource: KubernetesResource>: Sendable, Hashable {
    public var items: [Resource]
    public var resourceVersion: String
}

public import KubernetesTypes

/// Everything that should be done about one object, leaving no choice to whoever does it.
public struct Plan: Sendable, Hashable {
    /// Children that should exist. Observed owned children that are not listed are deleted.
    public var children: [PlannedChild]
    /// Observed owned children that are left as they are: neither changed nor deleted nor made again.
    public var kept: Set<ResourceReference>
    /// Deletes the object itself, as it was observed; nothing else of the plan is done then.
    public var deletesObject: Bool
    /// Changes to objects that exist, each guarded by the version that was observed.
    public var patches: [NamedPatch]
    /// The whole status to show; nil leaves it alone.
    public var status: JSONValue?
    /// Finalizers of ours that the object should carry; nil leaves them alone.
    public var finalizers: [String]?
    public var events: [PlannedEvent]
    /// What is to be done outside Kubernetes, before the status is written.
    public var effects: [Effect]
    public var next: NextLook

    public init(
        children: [PlannedChild] = [], kept: Set<ResourceReference> = [], patches: [NamedPatch] = [], status: JSONValue? = nil,
        finalizers: [String]? = nil, deletesObject: Bool = false,
        events: [PlannedEvent] = [], effects: [Effect] = [], next: NextLook = .whenSomethingChanges
    ) {
        self.children = children
        self.kept = kept
        self.deletesObject = deletesObject
        self.patches = patches
        self.status = status
        self.finalizers = finalizers
        self.events = events
        self.effects = effects
        self.next = next
    }
}

/// When to look at the object again, beside every change of it, its children and what it refers to.
public enum NextLook: Sendable, Hashable {
    case whenSomethingChanges
    case after(Duration)

    /// The sooner of the two.
    public func orSooner(_ other: NextLook) -> NextLook {
        switch (self, other) {
        case (.whenSomethingChanges, _): other
        case (_, .whenSomethingChanges): self
        case (.after(let left), .after(let right)): .after(min(left, right))
        }
    }
}

/// A child that should exist, and how it is made so.
public enum PlannedChild: Sendable, Hashable {
    /// Created under its deterministic name when it is not there; never changed afterwards but by patches that a plan lists.
    case createOnce(JSONValue, Ownership)
    /// Server-side applied: the fields given are ours, the others are whoever's they are.
    /// `observedUID` is the uid of the object that the planner saw, nil where it saw none.
    case ensure(JSONValue, Ownership, observedUID: String?)

    /// What should exist: apiVersion, kind, metadata with name (and namespace), and the fields that matter.
    public var object: DynamicObject {
        switch self {
        case .createOnce(let object, _), .ensure(let object, _, _): DynamicObject(object)
        }
    }

    public var ownership: Ownership {
        switch self {
        case .createOnce(_, let ownership), .ensure(_, let ownership, _): ownership
        }
    }

    /// Whether the child goes when its maker goes.
    public enum Ownership: Sendable, Hashable {
        /// The executor adds the owner reference; the child is deleted with its owner and when a plan no longer lists it.
        case owned
        /// Lives on by itself, as a model version does when its job is deleted.
        case independent
    }
}

/// A named change to an object that exists.
public struct NamedPatch: Sendable, Hashable {
    /// What the change is, for events and logs: `evict`, `lift-gate`.
    public var name: String
    public var target: ResourceReference
    /// Subresource that is patched, nil for the object itself.
    public var subresource: String?
    /// JSON merge patch (RFC 7386).
    public var patch: JSONValue
    /// The version that the planner saw; when the object has moved on, the plan is stale and is made anew.
    public var observedResourceVersion: String

    public init(
        name: String, target: ResourceReference, subresource: String? = nil, patch: JSONValue, observedResourceVersion: String
    ) {
        self.name = name
        self.target = target
        self.subresource = subresource
        self.patch = patch
        self.observedResourceVersion = observedResourceVersion
    }
}

/// Names one object of one kind.
public struct ResourceReference: Sendable, Hashable, Comparable {
    public var type: ResourceType
    public var key: ObjectKey

    public init(type: ResourceType, key: ObjectKey) {
        self.type = type
        self.key = key
    }

    public init(_ resource: some KubernetesResource) {
        self.init(type: Swift.type(of: resource).resourceType, key: resource.key)
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.type.groupResource, left.key) < (right.type.groupResource, right.key)
    }
}

/// Something to tell whoever describes the object.
public struct PlannedEvent: Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable {
        case normal = "Normal"
        case warning = "Warning"
    }

    public var severity: Severity
    /// A stable word.
    public var reason: String
    /// A sentence that a person can act on.
    public var message: String

    public init(_ severity: Severity, reason: String, message: String) {
        self.severity = severity
        self.reason = reason
        self.message = message
    }
}

/// Something to be done outside Kubernetes. Doing it twice is the same as doing it once.
public struct Effect: Sendable, Hashable {
    /// Which effect; the role that wires the reconciler knows how to do it.
    public var name: String
    public var parameters: JSONValue

    public init(name: String, parameters: JSONValue = [:]) {
        self.name = name
        self.parameters = parameters
    }
}

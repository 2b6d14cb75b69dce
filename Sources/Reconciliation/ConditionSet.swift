public import FoundationEssentials
public import KubernetesTypes

/// The conditions of an object under change: keeps the transition time of what stays as it was.
///
/// Every kind has the three of kstatus (sigs.k8s.io/cli-utils, pkg/kstatus): `Ready`, `Reconciling` and `Stalled`; the named
/// constructors below keep them consistent, so that no object is ready and stalled at once.
public struct ConditionSet: Sendable, Hashable {
    public private(set) var conditions: [Condition]
    private let now: Date
    private let generation: Int?

    public init(_ previous: [Condition]?, generation: Int?, now: Date) {
        conditions = previous ?? []
        self.generation = generation
        self.now = now
    }

    public func status(of type: String) -> String? { conditions.first { $0.type == type }?.status }
    public func reason(of type: String) -> String? { conditions.first { $0.type == type }?.reason }
    public func isTrue(_ type: String) -> Bool { status(of: type) == "True" }

    /// - Parameter status: nil is `Unknown`.
    public mutating func set(_ type: String, _ status: Bool?, reason: String, message: String) {
        let word = status.map { $0 ? "True" : "False" } ?? "Unknown"
        let index = conditions.firstIndex { $0.type == type }
        let previous = index.map { conditions[$0] }
        let since = previous?.status == word ? previous?.lastTransitionTime : nil
        let condition = Condition(
            lastTransitionTime: since ?? Timestamp(now), message: message, observedGeneration: generation, reason: reason,
            status: word,
            type: type)
        if let index { conditions[index] = condition } else { conditions.append(condition) }
    }

    public mutating func remove(_ type: String) { conditions.removeAll { $0.type == type } }

    /// The object is as it should be.
    public mutating func ready(reason: String, message: String) {
        set("Ready", true, reason: reason, message: message)
        set("Reconciling", false, reason: reason, message: message)
        set("Stalled", false, reason: reason, message: message)
    }

    /// Work is under way and will go on by itself.
    public mutating func reconciling(reason: String, message: String) {
        set("Ready", false, reason: reason, message: message)
        set("Reconciling", true, reason: reason, message: message)
        set("Stalled", false, reason: reason, message: message)
    }

    /// Nothing more will happen until somebody changes something.
    public mutating func stalled(reason: String, message: String) {
        set("Ready", false, reason: reason, message: message)
        set("Reconciling", false, reason: reason, message: message)
        set("Stalled", true, reason: reason, message: message)
    }
}

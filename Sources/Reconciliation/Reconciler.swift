/// What an observation and a plan are: the one idea that every controller of Apus follows.
///
/// A reconciler is a function from what was observed to a plan. It reads no clock, does no I/O and draws no random number: the
/// time and every fact from outside are part of the observation. `ControllerRuntime` gathers the one and executes the other.
public protocol Reconciler: Sendable {
    /// The resource, its children, the few other facts asked for, and `now`.
    associatedtype Observation: Sendable

    static func reconcile(_ observation: Observation) throws -> Plan
}

import Synchronization

/// Tells the definition controller that CustomResourceDefinitions, or objects it has to clean up, have changed.
final class DefinitionSignal: Sendable {
    let signal = WatchSignal(namespace: nil)

    func wake() { signal.notify() }
}

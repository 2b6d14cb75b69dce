import Synchronization

/// The watches that are open, so that they can be ended when their resource is gone or the server stops.
final class WatchRegistry: Sendable {
    private let open = Mutex<[ObjectIdentifier: (signal: WatchSignal, resource: ResourceName)]>([:])

    func add(_ signal: WatchSignal, of definition: ResourceDefinition) {
        open.withLock { $0[ObjectIdentifier(signal)] = (signal, definition.storageName) }
    }

    func remove(_ signal: WatchSignal) { open.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(signal)) } }

    func endAll() {
        for entry in open.withLock({ Array($0.values) }) { entry.signal.close() }
    }

    func end(_ resource: ResourceName) {
        for entry in open.withLock({ $0.values.filter { $0.resource == resource } }) { entry.signal.close() }
    }

    var count: Int { open.withLock { $0.count } }
}

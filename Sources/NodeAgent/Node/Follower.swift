import ControllerRuntime
import KubernetesClient
import KubernetesTypes
import Logging

/// Follows the objects of one kind: all that there are, once that is known, then every change. What comes to the same is told once.
struct Follower<Object: KubernetesResource>: Sendable {
    enum Change: Sendable {
        case listed([Object])
        case changed(Object)
        case removed(Object)
    }

    private let informer: Informer<Object>

    init(client: Client, fieldSelector: String? = nil, log: Logger) {
        informer = Informer(Object.self, scope: InformerScope(fieldSelector: fieldSelector), client: client, logger: log)
    }

    /// Calls `handle` for every change, in order, until cancelled.
    func run(_ handle: @escaping @Sendable (Change) async -> Void) async {
        let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        informer.cache.onChange { _ in signal.yield() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await informer.run() }
            group.addTask {
                do { try await informer.waitUntilSynced() } catch { return }
                var known = informer.cache.list()
                await handle(.listed(known))
                for await _ in signals {
                    let present = informer.cache.list()
                    for change in Self.changes(from: known, to: present) { await handle(change) }
                    known = present
                }
            }
        }
    }

    /// What has become of objects: first what went, also where another one bears its name now.
    static func changes(from old: [Object], to new: [Object]) -> [Change] {
        let before = Dictionary(old.map { ($0.metadata.uid, $0.metadata.resourceVersion) }, uniquingKeysWith: { $1 })
        let after = Set(new.map(\.metadata.uid))
        return old.filter { !after.contains($0.metadata.uid) }.map { .removed($0) }
            + new.filter { object in
                guard let version = before[object.metadata.uid] else { return true }
                return version != object.metadata.resourceVersion
            }.map { .changed($0) }
    }
}

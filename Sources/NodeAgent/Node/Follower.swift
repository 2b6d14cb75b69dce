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

    private let informer: Informer<DynamicObject>
    private let log: Logger

    init(client: Client, fieldSelector: String? = nil, log: Logger) {
        self.log = log
        // Documents as they come: for the informer one that cannot be read is gone, and here that would end a pod.
        informer = Informer(
            type: Object.resourceType, scope: InformerScope(fieldSelector: fieldSelector), client: client, logger: log,
            transform: { $0 })
    }

    /// Calls `handle` for every change, in order, until cancelled.
    func run(_ handle: @escaping @Sendable (Change) async -> Void) async {
        let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        informer.cache.onChange { _ in signal.yield() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await informer.run() }
            group.addTask {
                do { try await informer.waitUntilSynced() } catch { return }
                // Also where there is nothing, of which no change tells.
                signal.yield()
                var known: [Object]?
                for await _ in signals {
                    guard let present = Self.read(informer.cache.list(), known: known, log) else { continue }
                    let changes = known.map { Self.changes(from: $0, to: present) } ?? [.listed(present)]
                    for change in changes { await handle(change) }
                    known = present
                }
            }
        }
    }

    /// Objects as they are now. One that cannot be read is taken to be as it was, for it is not gone.
    /// - Returns: nil where one cannot be read and nothing is known yet: a list without it would say that it is not there.
    static func read(_ documents: [DynamicObject], known: [Object]?, _ log: Logger) -> [Object]? {
        let before = Dictionary((known ?? []).map { ($0.metadata.uid, $0) }, uniquingKeysWith: { $1 })
        var objects: [Object] = []
        for document in documents {
            let old = before[document.uid]
            if let old, old.metadata.resourceVersion == document.resourceVersion {
                objects.append(old)
                continue
            }
            do {
                objects.append(try Object(document.value))
            } catch {
                log.error(
                    "an object cannot be read; it is taken to be as it was",
                    metadata: ["kind": "\(Object.resourceType.plural)", "object": "\(document.key)", "error": "\(error)"])
                if known == nil { return nil }
                if let old { objects.append(old) }
            }
        }
        return objects
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

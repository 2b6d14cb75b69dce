import KubernetesClient
import KubernetesTypes
import Logging
import Synchronization

/// Follows the objects of one kind: a list, then changes; again from the list when the server says so.
struct Follower<Object: KubernetesResource>: Sendable {
    enum Change: Sendable {
        case listed([Object])
        case changed(Object)
        case removed(Object)
    }

    let client: Client
    var fieldSelector: String?
    let log: Logger

    /// Calls `handle` for every change, in order, until cancelled.
    func run(_ handle: @escaping @Sendable (Change) async -> Void) async {
        var pause = 0.1
        while !Task.isCancelled {
            do {
                let list = try await client.list(
                    Object.self, ListOptions(fieldSelector: fieldSelector, limit: 500))
                await handle(.listed(list.items))
                pause = 0.1
                try await follow(from: list.resourceVersion, handle)
            } catch let error as StatusError where error.isExpired {
                continue
            } catch {
                if Task.isCancelled { return }
                log.debug("cannot follow", metadata: ["kind": "\(Object.resourceType.plural)", "error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(pause))
            pause = min(5, pause * 2)
        }
    }

    private func follow(from version: String, _ handle: @Sendable (Change) async -> Void) async throws {
        var version = version
        while !Task.isCancelled {
            var options = WatchOptions()
            options.fieldSelector = fieldSelector
            options.resourceVersion = version
            options.timeoutSeconds = 300
            let watch = try await client.watch(Object.self, options)
            for try await event in watch {
                switch event {
                case .added(let object), .modified(let object):
                    version = object.metadata.resourceVersion ?? version
                    await handle(.changed(object))
                case .deleted(let object):
                    version = object.metadata.resourceVersion ?? version
                    await handle(.removed(object))
                case .bookmark(let newer, _): version = newer
                }
            }
        }
    }
}

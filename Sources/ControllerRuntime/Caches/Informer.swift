public import KubernetesClient
public import KubernetesTypes
public import Logging

/// Which objects of a kind an informer follows.
public struct InformerScope: Sendable, Hashable {
    /// nil is all namespaces.
    public var namespace: String?
    public var labels: LabelSelection?
    public var fieldSelector: String?

    public init(namespace: String? = nil, labels: LabelSelection? = nil, fieldSelector: String? = nil) {
        self.namespace = namespace
        self.labels = labels
        self.fieldSelector = fieldSelector
    }

    /// Whether an object is in view, as far as can be told without asking the server: what a field selector shows cannot.
    func shows(_ object: DynamicObject) -> Bool {
        fieldSelector == nil && namespace.map { $0 == object.namespace } ?? true && labels?.matches(object.labels) ?? true
    }
}

/// Keeps a cache the same as the server: lists, then watches from there, for as long as it runs.
///
/// A watch that ends goes on from the last version heard, bookmarks included; only when that version has expired the list is
/// fetched again. Nothing is resynchronised by time.
public final class Informer<Object: Sendable>: Sendable {
    public let type: ResourceType
    public let scope: InformerScope
    public let cache: ObjectCache<Object>
    private let client: Client
    private let logger: Logger
    private let decode: @Sendable (DynamicObject) throws -> Object
    let identify: @Sendable (Object) -> ObjectIdentity
    private let synced = Latch()
    private let pageSize: Int

    init(
        type: ResourceType, scope: InformerScope, client: Client, logger: Logger, pageSize: Int,
        decode: @escaping @Sendable (DynamicObject) throws -> Object, identify: @escaping @Sendable (Object) -> ObjectIdentity
    ) {
        self.type = type
        self.scope = scope
        self.client = client
        self.logger = logger
        self.pageSize = pageSize
        self.decode = decode
        self.identify = identify
        cache = ObjectCache(identify: identify)
    }

    /// An informer of its own, which no manager runs or shares.
    /// - Parameter transform: keeps of each object what is needed.
    public convenience init(
        type: ResourceType, scope: InformerScope = InformerScope(), client: Client, logger: Logger, pageSize: Int = 500,
        transform: @escaping @Sendable (DynamicObject) -> DynamicObject
    ) where Object == DynamicObject {
        self.init(
            type: type, scope: scope, client: client, logger: logger, pageSize: pageSize, decode: transform,
            identify: { ObjectIdentity($0) })
    }

    /// True once the first list is in the cache.
    public var hasSynced: Bool { synced.isOpen }

    public func waitUntilSynced() async throws { try await synced.wait() }

    /// Follows the server until the task is cancelled.
    public func run() async {
        var version: String?
        var failures = 0
        while !Task.isCancelled {
            do {
                if version == nil { version = try await fetch() }
                version = try await follow(from: version ?? "", failures: &failures)
                failures = 0
                continue
            } catch let error as StatusError where error.isExpired {
                logger.debug("relisting", metadata: ["kind": "\(type.groupResource)", "why": "\(error)"])
                version = nil
                continue
            } catch is CancellationError {
                return
            } catch let error as StatusError {
                failures += 1
                // A version from the future of a store that was put back, or one that the server cannot read.
                if error.code == 400 || error.code == 504 || error.code == 500 || error.isNotFound { version = nil }
                log(error, failures)
            } catch let error as WatchBroken {
                failures += 1
                version = error.version
                log(error.cause, failures)
            } catch {
                failures += 1
                log(error, failures)
            }
            let wait = Duration.milliseconds(min(30_000, 200 << min(failures, 8))) * (0.5 + client.chance.unit())
            do { try await client.time.sleep(for: wait) } catch { return }
        }
    }

    private func log(_ error: any Error, _ failures: Int) {
        // The first failure is what every restart of a server looks like.
        logger.log(
            level: failures > 1 ? .warning : .debug, "cannot follow",
            metadata: ["kind": "\(type.groupResource)", "error": "\(error)", "failures": "\(failures)"])
    }

    private func fetch() async throws -> String {
        let options = ListOptions(labelSelector: scope.labels?.query, fieldSelector: scope.fieldSelector, limit: pageSize)
        let list = try await client.list(type, namespace: scope.namespace, options)
        cache.replace(with: list.items.compactMap { decoded($0) }, resourceVersion: list.resourceVersion)
        synced.open()
        return list.resourceVersion
    }

    /// The watch broke for a reason other than the server's; go on from this version.
    private struct WatchBroken: Error {
        var version: String
        var cause: any Error
    }

    /// - Returns: the version that was heard last when the server ended the watch.
    private func follow(from start: String, failures: inout Int) async throws -> String {
        let seconds = 300 + Int(client.chance.unit() * 300)
        let options = WatchOptions(
            labelSelector: scope.labels?.query, fieldSelector: scope.fieldSelector, resourceVersion: start,
            timeoutSeconds: seconds)
        let watch = try await client.watch(type, namespace: scope.namespace, options)
        let heard = LastVersion(start)
        do {
            // A connection that died without a word would never end by itself.
            try await client.time.limit(.seconds(seconds + 30), "watching \(type.groupResource)") {
                for try await event in watch {
                    switch event {
                    case .added(let object), .modified(let object):
                        heard.set(object.resourceVersion)
                        if let readable = self.decoded(object) {
                            self.cache.heard(readable)
                        } else {
                            self.cache.heardAbsence(of: ObjectIdentity(object))
                        }
                    case .deleted(let object):
                        heard.set(object.resourceVersion)
                        if let readable = self.decoded(object) {
                            self.cache.heardDeletion(of: readable)
                        } else {
                            self.cache.heardAbsence(of: ObjectIdentity(object))
                        }
                    case .bookmark(let version, _):
                        heard.set(version)
                        self.cache.heardVersion(version)
                    }
                }
            }
        } catch let error as TransportError {
            if heard.value != start { failures = 0 }
            throw WatchBroken(version: heard.value, cause: error)
        }
        return heard.value
    }

    private func decoded(_ object: DynamicObject) -> Object? {
        do {
            return try decode(object)
        } catch {
            logger.warning(
                "object is not readable and is taken for absent",
                metadata: ["kind": "\(type.groupResource)", "object": "\(object.key)", "error": "\(error)"])
            return nil
        }
    }
}

public import KubernetesTypes

/// One thing that happened to the objects of a kind.
public enum WatchEvent<Object: Sendable>: Sendable {
    case added(Object)
    case modified(Object)
    /// The object as it was last.
    case deleted(Object)
    /// Nothing happened up to this version. `endsInitialEvents` marks the end of a list that was streamed.
    case bookmark(resourceVersion: String, endsInitialEvents: Bool)

    public func map<Other: Sendable>(_ transform: (Object) throws -> Other) rethrows -> WatchEvent<Other> {
        switch self {
        case .added(let object): .added(try transform(object))
        case .modified(let object): .modified(try transform(object))
        case .deleted(let object): .deleted(try transform(object))
        case .bookmark(let version, let ends): .bookmark(resourceVersion: version, endsInitialEvents: ends)
        }
    }
}

/// Which changes, and from when.
public struct WatchOptions: Sendable, Hashable {
    public var labelSelector: String?
    public var fieldSelector: String?
    /// Changes after this version; nil begins with what there is, as additions.
    public var resourceVersion: String?
    /// The server ends the watch by itself after this time.
    public var timeoutSeconds: Int?
    public var allowsBookmarks = true
    /// First what there is, then a bookmark, then the changes.
    public var sendsInitialEvents = false

    public init(
        labelSelector: String? = nil, fieldSelector: String? = nil, resourceVersion: String? = nil, timeoutSeconds: Int? = nil
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.resourceVersion = resourceVersion
        self.timeoutSeconds = timeoutSeconds
    }
}

extension Client {
    /// Watches a kind. The sequence ends when the server ends the watch, and throws a `StatusError` that `isExpired` when the
    /// version asked for is no longer kept: list again.
    public func watch(_ type: ResourceType, namespace: String? = nil, _ options: WatchOptions = WatchOptions()) async throws
        -> Watch<DynamicObject>
    {
        Watch(lines: try await stream(call(type, namespace, options)).lines) { DynamicObject($0) }
    }

    /// Watches a kind that has a Swift type.
    public func watch<Resource: KubernetesResource>(
        _ kind: Resource.Type, namespace: String? = nil, _ options: WatchOptions = WatchOptions()
    ) async throws -> Watch<Resource> {
        Watch(lines: try await stream(call(kind.resourceType, namespace, options)).lines) { try Resource($0) }
    }

    private func call(_ type: ResourceType, _ namespace: String?, _ options: WatchOptions) -> Call {
        var call = Call(.get, type.path(namespace: namespace))
        call.add("watch", "true")
        call.add("labelSelector", options.labelSelector)
        call.add("fieldSelector", options.fieldSelector)
        call.add("resourceVersion", options.resourceVersion)
        call.add("timeoutSeconds", options.timeoutSeconds.map { String($0) })
        if options.allowsBookmarks { call.add("allowWatchBookmarks", "true") }
        if options.sendsInitialEvents {
            call.add("sendInitialEvents", "true")
            call.add("resourceVersionMatch", "NotOlderThan")
        }
        return call
    }
}

/// The changes of a watch, in the server's order.
public struct Watch<Object: Sendable>: AsyncSequence, Sendable {
    public typealias Element = WatchEvent<Object>
    public typealias Failure = any Error

    let lines: ByteStream.Lines
    let transform: @Sendable (JSONValue) throws -> Object

    public func makeAsyncIterator() -> Iterator { Iterator(lines: lines.makeAsyncIterator(), transform: transform) }

    public struct Iterator: AsyncIteratorProtocol {
        var lines: ByteStream.Lines.Iterator
        let transform: @Sendable (JSONValue) throws -> Object

        public mutating func next() async throws -> WatchEvent<Object>? {
            while let line = try await lines.next() {
                if line.isEmpty { continue }
                if let event = try parse(line) { return event }
            }
            return nil
        }

        private func parse(_ line: [UInt8]) throws -> WatchEvent<Object>? {
            let value: JSONValue
            do {
                value = try JSONParser.parse(line)
            } catch {
                throw TransportError(.interrupted, "the watch broke off in the middle of an event", cause: error)
            }
            let object = value["object"] ?? .null
            switch value["type"]?.string {
            case "ADDED": return .added(try transform(object))
            case "MODIFIED": return .modified(try transform(object))
            case "DELETED": return .deleted(try transform(object))
            case "BOOKMARK":
                let metadata = object["metadata"]
                return .bookmark(
                    resourceVersion: metadata?["resourceVersion"]?.string ?? "",
                    endsInitialEvents: metadata?["annotations"]?["k8s.io/initial-events-end"]?.string == "true")
            case "ERROR":
                let status = (try? object.decode(Status.self)) ?? Status(code: 500, message: JSONSerializer.string(object))
                throw StatusError(status: status)
            default:
                // A kind of event that did not exist when this was written.
                return nil
            }
        }
    }
}

import Synchronization

/// What happened, in order, written from several tasks.
public final class Journal<Entry: Sendable>: Sendable {
    private let state = Mutex<[Entry]>([])

    public init() {}

    public func append(_ entry: Entry) { state.withLock { $0.append(entry) } }

    public var entries: [Entry] { state.withLock { $0 } }
}

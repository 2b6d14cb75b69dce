import Synchronization

/// Where the data plane gets its table.
public protocol RoutingTableSource: Sendable {
    /// The table now. Called once or more a request, so it must be quick.
    var table: RoutingTable { get }
    /// Whether the table is known at all; before that the gateway is not ready.
    var isReady: Bool { get }
}

/// A table that is set from outside.
public final class CurrentRoutingTable: RoutingTableSource {
    private let current: Mutex<RoutingTable?>

    public init(_ table: RoutingTable? = nil) {
        current = Mutex(table)
    }

    public var table: RoutingTable { current.withLock { $0 } ?? RoutingTable() }
    public var isReady: Bool { current.withLock { $0 } != nil }

    /// Replaces the table. Requests under way finish where they are; new ones go by the new table.
    public func set(_ table: RoutingTable) {
        current.withLock { $0 = table }
    }
}

/// Asks again and again until a condition holds.
///
/// - Throws: `NotInTime` when it does not hold before the deadline, with what it was asked last.
public func eventually(
    _ what: String = "condition", within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(10),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
        if try await condition() { return }
        guard ContinuousClock.now < deadline else { throw NotInTime(what: what, limit: limit) }
        try await Task.sleep(for: pause)
    }
}

/// Asks again and again until there is a value.
public func eventually<Value>(
    _ what: String = "value", within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(10),
    value: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await value() { return value }
        guard ContinuousClock.now < deadline else { throw NotInTime(what: what, limit: limit) }
        try await Task.sleep(for: pause)
    }
}

/// Lasts until its task is cancelled: work that never ends by itself.
///
/// - Throws: `CancellationError`, always.
public func untilCancelled() async throws -> Never {
    let (endless, continuation) = AsyncStream<Never>.makeStream()
    for await _ in endless {}
    withExtendedLifetime(continuation) {}
    throw CancellationError()
}

/// What was waited for did not happen.
public struct NotInTime: Error, CustomStringConvertible {
    public var what: String
    public var limit: Duration

    public var description: String { "\(what) did not come about within \(limit)" }
}

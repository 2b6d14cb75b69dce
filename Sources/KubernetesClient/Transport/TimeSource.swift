public import Foundation

/// Where time comes from.
///
/// Nothing below the command line reads a clock by itself: a simulation hands in one that it moves.
public protocol TimeSource: Sendable {
    /// The wall clock, for what is shown or stored. It can jump.
    func now() -> Date
    /// Time since an arbitrary start. It never jumps; measure with it.
    func uptime() -> Duration
    /// Suspends for a span of `uptime`. Throws `CancellationError` when the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// The machine's clocks.
public struct SystemTime: TimeSource {
    private static let start = ContinuousClock.now

    public init() {
        _ = Self.start
    }

    public func now() -> Date { Date() }

    public func uptime() -> Duration { ContinuousClock.now - Self.start }

    public func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration, tolerance: nil, clock: .continuous)
    }
}

/// Where chance comes from: jitter, suffixes of names, identities.
public protocol ChanceSource: Sendable {
    /// Sixty-four uniform bits.
    func bits() -> UInt64
}

extension ChanceSource {
    /// A number in 0..<1.
    public func unit() -> Double { Double(bits() >> 11) * 0x1p-53 }

    /// A version 4 UUID in lower case.
    public func uuid() -> String {
        var bytes: [UInt8] = []
        for _ in 0..<2 {
            let word = bits()
            for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = bytes.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        let groups = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16]
        return groups.map { digits[$0].joined() }.joined(separator: "-")
    }

    /// A suffix for names, in the alphabet that Kubernetes uses: no vowels, nothing that reads like another letter.
    public func suffix(_ length: Int = 5) -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<length).map { _ in alphabet[Int(bits() % UInt64(alphabet.count))] })
    }
}

/// The machine's random numbers.
public struct SystemChance: ChanceSource {
    public init() {}

    public func bits() -> UInt64 { UInt64.random(in: .min ... .max) }
}

extension TimeSource {
    /// Runs an operation and gives up on it when it takes longer than `limit`; `nil` waits for ever.
    ///
    /// - Throws: `TransportError` with code `timedOut`, or what the operation throws.
    public func limit<Value: Sendable>(
        _ limit: Duration?, _ what: @autoclosure @Sendable () -> String,
        operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let limit else { return try await operation() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await operation() }
            group.addTask {
                try await self.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                throw TransportError(.timedOut, "\(what()) took longer than \(limit)")
            }
            return value
        }
    }
}

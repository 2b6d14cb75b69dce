/// The bytes of a response body, in pieces, as they arrive.
public struct ByteStream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = any Error

    private let start: @Sendable () -> Iterator

    /// A body that is read from another sequence while it is consumed; cancelling the reader cancels the source.
    public init<Source: AsyncSequence & Sendable>(_ source: Source) where Source.Element == [UInt8] {
        start = {
            var iterator = source.makeAsyncIterator()
            return Iterator { try await iterator.next() }
        }
    }

    /// A body that is already here.
    public init(_ bytes: [UInt8]) {
        start = {
            var pending: [UInt8]? = bytes.isEmpty ? nil : bytes
            return Iterator {
                defer { pending = nil }
                return pending
            }
        }
    }

    public struct Iterator: AsyncIteratorProtocol {
        let produce: () async throws -> [UInt8]?

        public mutating func next() async throws -> [UInt8]? {
            try await produce()
        }
    }

    public func makeAsyncIterator() -> Iterator { start() }

    /// The whole body.
    public func collect() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in self { bytes += piece }
        return bytes
    }

    /// The body cut at line feeds, without them; what follows the last one is the last line unless it is empty.
    public var lines: Lines { Lines(source: self) }

    /// Lines of bytes.
    public struct Lines: AsyncSequence, Sendable {
        public typealias Element = [UInt8]
        public typealias Failure = any Error
        let source: ByteStream

        public func makeAsyncIterator() -> Iterator { Iterator(source: source.makeAsyncIterator()) }

        public struct Iterator: AsyncIteratorProtocol {
            var source: ByteStream.Iterator
            /// Bytes received and not yet given out: `buffer[start...]`; none before `scanned` is a line feed.
            var buffer: [UInt8] = []
            var start = 0
            var scanned = 0
            var ended = false

            public mutating func next() async throws -> [UInt8]? {
                while true {
                    if let end = buffer[scanned...].firstIndex(of: 0x0A) {
                        let line = Array(buffer[start..<end])
                        start = end + 1
                        scanned = start
                        return line
                    }
                    scanned = buffer.count
                    if ended {
                        guard start < buffer.count else { return nil }
                        defer {
                            buffer = []
                            start = 0
                            scanned = 0
                        }
                        return Array(buffer[start...])
                    }
                    if start > 0 {
                        buffer.removeFirst(start)
                        scanned -= start
                        start = 0
                    }
                    if let piece = try await source.next() {
                        buffer += piece
                    } else {
                        ended = true
                    }
                }
            }
        }
    }
}

/// What a peer sent is not SPDY, or more of it than is taken.
struct SPDYError: Error, CustomStringConvertible, Equatable {
    let description: String

    init(_ description: String) { self.description = description }
}

/// One frame of SPDY/3.1, as far as forwarding ports needs them. Windows are not kept: no client of Kubernetes does.
/// Source: SPDY Protocol, draft 3.1, section 2.2.
enum SPDYFrame: Sendable, Equatable {
    /// SYN_STREAM.
    case open(stream: UInt32, headers: [String: String], isLast: Bool)
    /// SYN_REPLY without headers.
    case accept(stream: UInt32)
    /// RST_STREAM.
    case reset(stream: UInt32, status: ResetStatus)
    case ping(UInt32)
    /// GOAWAY: no further streams come.
    case goAway(lastStream: UInt32)
    /// - Parameter isLast: the sender writes no more to this stream.
    case data(stream: UInt32, bytes: [UInt8], isLast: Bool)
    /// Settings, windows and headers that come after.
    case other(type: UInt16)

    enum ResetStatus: UInt32, Sendable {
        case protocolError = 1
        case refusedStream = 3
        case cancel = 5
    }

    fileprivate enum Kind: UInt16 {
        case open = 1
        case accept, reset, settings
        case ping = 6
        case goAway, headers, windowUpdate
    }
}

/// Reads frames from bytes as they come.
struct SPDYReader: ~Copyable {
    /// Of one frame, and of its headers when they are decompressed.
    private static let maximumData = 1 << 20
    private static let maximumHeaders = 16 << 10

    private let inflater: SPDYHeaderInflater
    private var buffer: [UInt8] = []
    private var start = 0

    init() throws(SPDYError) { inflater = try SPDYHeaderInflater() }

    mutating func append(_ bytes: [UInt8]) {
        buffer.removeFirst(start)
        start = 0
        buffer += bytes
    }

    /// The next whole frame; nil where more bytes are needed.
    mutating func next() throws(SPDYError) -> SPDYFrame? {
        guard buffer.count - start >= 8 else { return nil }
        let length = Int(number(at: 4) & 0xFF_FFFF)
        let isControl = buffer[start] & 0x80 != 0
        guard length <= (isControl ? Self.maximumHeaders : Self.maximumData) else {
            throw SPDYError("a frame of \(length) bytes is more than is taken")
        }
        guard buffer.count - start >= 8 + length else { return nil }
        defer { start += 8 + length }
        let isLast = buffer[start + 4] & 1 != 0
        let payload = start + 8..<start + 8 + length
        if !isControl { return .data(stream: number(at: 0), bytes: Array(buffer[payload]), isLast: isLast) }
        let first = number(at: 0)
        guard first >> 16 == 0x8003 else { throw SPDYError("version \(first >> 16 & 0x7FFF) of SPDY is not spoken") }
        return try control(UInt16(first & 0xFFFF), length: length, isLast: isLast)
    }

    private func control(_ type: UInt16, length: Int, isLast: Bool) throws(SPDYError) -> SPDYFrame {
        func word(_ index: Int) throws(SPDYError) -> UInt32 {
            guard length >= 4 * index + 4 else { throw SPDYError("a frame of type \(type) is cut short") }
            return number(at: 8 + 4 * index)
        }
        switch SPDYFrame.Kind(rawValue: type) {
        case .open: return .open(stream: try word(0) & 0x7FFF_FFFF, headers: try headers(after: 10, length), isLast: isLast)
        case .accept:
            _ = try headers(after: 4, length)
            return .accept(stream: try word(0) & 0x7FFF_FFFF)
        case .reset: return .reset(stream: try word(0) & 0x7FFF_FFFF, status: .init(rawValue: try word(1)) ?? .cancel)
        case .ping: return .ping(try word(0))
        case .goAway: return .goAway(lastStream: try word(0) & 0x7FFF_FFFF)
        case .headers:
            // Read all the same: they are part of the one compressed stream.
            _ = try headers(after: 4, length)
            return .other(type: type)
        case .settings, .windowUpdate, nil: return .other(type: type)
        }
    }

    private func headers(after skipped: Int, _ length: Int) throws(SPDYError) -> [String: String] {
        guard length >= skipped else { throw SPDYError("a frame with headers is cut short") }
        let compressed = Array(buffer[start + 8 + skipped..<start + 8 + length])
        return try SPDYHeaders.parse(try inflater.inflate(compressed, limit: Self.maximumHeaders))
    }

    private func number(at offset: Int) -> UInt32 {
        buffer[start + offset..<start + offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Makes bytes of frames.
struct SPDYWriter: ~Copyable {
    private let deflater: SPDYHeaderDeflater

    init() throws(SPDYError) { deflater = try SPDYHeaderDeflater() }

    func bytes(_ frame: SPDYFrame) throws(SPDYError) -> [UInt8] {
        switch frame {
        case .open(let stream, let headers, let isLast):
            let block = try deflater.deflate(SPDYHeaders.bytes(headers))
            return Self.control(.open, Self.word(stream) + Self.word(0) + [0, 0] + block, isLast: isLast)
        case .accept(let stream):
            return Self.control(.accept, Self.word(stream) + (try deflater.deflate(SPDYHeaders.bytes([:]))))
        case .reset(let stream, let status): return Self.control(.reset, Self.word(stream) + Self.word(status.rawValue))
        case .ping(let number): return Self.control(.ping, Self.word(number))
        case .goAway(let stream): return Self.control(.goAway, Self.word(stream) + Self.word(0))
        case .data(let stream, let bytes, let isLast): return Self.data(stream, bytes, isLast: isLast)
        case .other: return []
        }
    }

    /// Data needs no state, so any task may make it.
    static func data(_ stream: UInt32, _ bytes: [UInt8], isLast: Bool) -> [UInt8] {
        word(stream) + word(UInt32(isLast ? 1 : 0) << 24 | UInt32(bytes.count)) + bytes
    }

    private static func control(_ kind: SPDYFrame.Kind, _ payload: [UInt8], isLast: Bool = false) -> [UInt8] {
        word(0x8003_0000 | UInt32(kind.rawValue)) + word(UInt32(isLast ? 1 : 0) << 24 | UInt32(payload.count)) + payload
    }

    private static func word(_ number: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
}

/// A block of names and values, each with its length before it.
enum SPDYHeaders {
    static func bytes(_ headers: [String: String]) -> [UInt8] {
        func counted(_ bytes: [UInt8]) -> [UInt8] { number(bytes.count) + bytes }
        func number(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        return headers.sorted { $0.key < $1.key }.reduce(into: number(headers.count)) { result, header in
            result += counted(Array(header.key.lowercased().utf8)) + counted(Array(header.value.utf8))
        }
    }

    static func parse(_ block: [UInt8]) throws(SPDYError) -> [String: String] {
        var rest = block[...]
        func take(_ count: Int) throws(SPDYError) -> ArraySlice<UInt8> {
            guard count <= rest.count else { throw SPDYError("a block of headers is cut short") }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func number() throws(SPDYError) -> Int { try take(4).reduce(0) { $0 << 8 | Int($1) } }
        var headers: [String: String] = [:]
        for _ in 0..<(try number()) {
            let name = String(decoding: try take(try number()), as: UTF8.self)
            headers[name.lowercased()] = String(decoding: try take(try number()), as: UTF8.self)
        }
        return headers
    }
}

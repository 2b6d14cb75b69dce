import Foundation
import Glibc
import KubernetesTypes

/// What of a container's log is asked for.
struct LogRequest: Sendable, Equatable {
    var isFollowing = false
    var isPrevious = false
    var hasTimestamps = false
    var tailLines: Int?
    var since: Date?
    var limitBytes: Int?
    /// `stdout` or `stderr`; nil for both.
    var stream: String?

    /// Reads the query of `/containerLogs`.
    /// - Throws: `Invalid` naming the parameter.
    init(query: [String: String], now: Date) throws {
        func flag(_ name: String) -> Bool { ["true", "1"].contains(query[name] ?? "") }
        func number(_ name: String) throws -> Int? {
            guard let text = query[name], !text.isEmpty else { return nil }
            guard let value = Int(text), value >= 0 else {
                throw NodeAgentError(.invalid, "\(name) must be a number that is not negative, not \"\(text)\"")
            }
            return value
        }
        isFollowing = flag("follow")
        isPrevious = flag("previous")
        hasTimestamps = flag("timestamps")
        tailLines = try number("tailLines")
        limitBytes = try number("limitBytes")
        since = try number("sinceSeconds").map { now.addingTimeInterval(-Double($0)) }
        if let text = query["sinceTime"], !text.isEmpty {
            guard let date = RFC3339.parse(text) else { throw NodeAgentError(.invalid, "sinceTime is not an RFC 3339 time") }
            since = date
        }
        switch query["stream"] {
        case "Stdout": stream = "stdout"
        case "Stderr": stream = "stderr"
        default: break
        }
    }

    init() {}
}

/// Turns lines of a log file into what was asked for. Pure; keeps what one line means for the next.
struct LogFilter: Sendable {
    let request: LogRequest
    private var isMidLine = false
    private var remaining: Int?

    init(_ request: LogRequest) {
        self.request = request
        remaining = request.limitBytes
    }

    var isExhausted: Bool { remaining == 0 }

    /// The bytes to send for one line of the file, without its line break.
    mutating func take(_ line: ArraySlice<UInt8>) -> [UInt8] {
        guard !isExhausted, let parsed = LogLine(line) else { return [] }
        if let stream = request.stream, parsed.stream != stream { return [] }
        if let since = request.since, let time = RFC3339.parse(parsed.time), time < since { return [] }
        var bytes: [UInt8] = []
        if request.hasTimestamps, !isMidLine { bytes += Array(parsed.time.utf8) + [0x20] }
        bytes += parsed.text
        if !parsed.isPartial { bytes.append(0x0A) }
        isMidLine = parsed.isPartial
        if let left = remaining {
            bytes = Array(bytes.prefix(left))
            remaining = left - bytes.count
        }
        return bytes
    }
}

/// Sends a container's log from its files, and goes on as it grows. However much there is, only a piece of it is in memory.
struct LogReader: Sendable {
    /// Bytes that are read at a time.
    private static let pieceBytes = 65_536

    let path: String
    let request: LogRequest
    /// Whether the container still runs and the log may grow.
    let isLive: @Sendable () async -> Bool

    func send(_ write: ([UInt8]) async throws -> Void) async throws {
        var log = GrowingLog(path, tailLines: request.tailLines)
        var filter = LogFilter(request)
        var lines = LineSplitter()
        // What is added from here on is for those who follow: one who does not would never come to an end of a busy log.
        var left = log.bytesToCome
        while left > 0, !filter.isExhausted, !Task.isCancelled {
            let piece = log.read(upTo: min(left, Self.pieceBytes))
            if piece.isEmpty { break }
            left -= piece.count
            let out = lines.add(piece).flatMap { filter.take($0) }
            if !out.isEmpty { try await write(out) }
        }
        guard request.isFollowing else { return }
        while !Task.isCancelled, !filter.isExhausted {
            let mayGrow = await isLive()
            var hasGrown = false
            while !Task.isCancelled, !filter.isExhausted {
                let piece = log.read(upTo: Self.pieceBytes)
                if piece.isEmpty { break }
                let out = lines.add(piece).flatMap { filter.take($0) }
                if out.isEmpty { continue }
                hasGrown = true
                try await write(out)
            }
            if !hasGrown, !mayGrow { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

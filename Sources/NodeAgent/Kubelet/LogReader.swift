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
    mutating func take(_ line: Substring) -> [UInt8] {
        guard !isExhausted, let parsed = LogLine(line) else { return [] }
        if let stream = request.stream, parsed.stream != stream { return [] }
        if let since = request.since, let time = RFC3339.parse(String(parsed.time)), time < since { return [] }
        var bytes: [UInt8] = []
        if request.hasTimestamps, !isMidLine { bytes += Array(parsed.time.utf8) + [0x20] }
        bytes += Array(parsed.text.utf8)
        if !parsed.isPartial { bytes.append(0x0A) }
        isMidLine = parsed.isPartial
        if let left = remaining {
            bytes = Array(bytes.prefix(left))
            remaining = left - bytes.count
        }
        return bytes
    }

    /// Where to begin in lines, so that the last `count` whole lines follow: pieces of one line count once.
    static func start(ofLast count: Int, in lines: [Substring]) -> Int {
        guard count > 0 else { return lines.count }
        var left = count
        var index = lines.count
        while index > 0 {
            let isEnd = LogLine(lines[index - 1]).map { !$0.isPartial } ?? true
            // A piece at the very end is a line of its own that is not finished yet.
            if isEnd || index == lines.count {
                if left == 0 { break }
                left -= 1
            }
            index -= 1
        }
        return index
    }
}

/// Sends a container's log from its files, and goes on as it grows.
struct LogReader: Sendable {
    let path: String
    let request: LogRequest
    /// Whether the container still runs and the log may grow.
    let isLive: @Sendable () async -> Bool

    func send(_ write: ([UInt8]) async throws -> Void) async throws {
        var filter = LogFilter(request)
        let older = Files.text(path + ".1") ?? ""
        var file = GrowingFile(path)
        var text = older + file.rest()
        // The end of the last line may still be on its way.
        let whole = text.lastIndex(of: "\n").map { text.index(after: $0) } ?? text.startIndex
        var pending = String(text[whole...])
        text = String(text[..<whole])
        let lines = text.split(separator: "\n")
        let first = request.tailLines.map { LogFilter.start(ofLast: $0, in: lines) } ?? 0
        var chunk: [UInt8] = []
        for line in lines[first...] {
            chunk += filter.take(line)
            if chunk.count > 32_768 {
                try await write(chunk)
                chunk = []
            }
        }
        if !chunk.isEmpty { try await write(chunk) }
        guard request.isFollowing else { return }
        while !Task.isCancelled, !filter.isExhausted {
            let mayGrow = await isLive()
            pending += file.rest()
            var out: [UInt8] = []
            while let end = pending.firstIndex(of: "\n") {
                out += filter.take(pending[..<end])
                pending = String(pending[pending.index(after: end)...])
            }
            if !out.isEmpty { try await write(out) }
            if out.isEmpty, !mayGrow { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

/// A file that grows and may be replaced by a new one of its name.
private struct GrowingFile {
    private let path: String
    private var descriptor: Int32
    private var inode: UInt = 0
    private var incomplete: [UInt8] = []

    init(_ path: String) {
        self.path = path
        descriptor = -1
        reopen()
    }

    private mutating func reopen() {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { return }
        var status = stat()
        fstat(opened, &status)
        if descriptor >= 0 { close(descriptor) }
        descriptor = opened
        inode = UInt(status.st_ino)
    }

    /// What was added since the last call, as text; a character that is not all there yet is kept back.
    mutating func rest() -> String {
        var bytes = incomplete
        bytes += drain()
        var status = stat()
        if stat(path, &status) == 0, UInt(status.st_ino) != inode {
            bytes += drain()
            reopen()
            bytes += drain()
        }
        var end = bytes.count
        // Cut before a character of which only the first bytes are here.
        var back = 0
        while back < 3, end - back > 0 {
            let byte = bytes[end - back - 1]
            if byte & 0xC0 == 0x80 {
                back += 1
                continue
            }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            if length > back + 1 { end -= back + 1 }
            break
        }
        incomplete = Array(bytes[end...])
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    private func drain() -> [UInt8] {
        guard descriptor >= 0 else { return [] }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}

import Foundation
import Glibc
import KubernetesTypes
import Testing

@testable import NodeAgent

/// What of a log is sent, and at what cost.
@Suite(.serialized) struct LogTests {
    private let lines = [
        "2026-01-01T00:00:01.5Z stdout F one", "2026-01-01T00:00:02Z stderr P tw", "2026-01-01T00:00:02Z stderr F o",
        "2026-01-01T00:00:03Z stdout F three",
    ]

    /// Runs the body with the path of a log, whose folder is taken away afterwards.
    private func withLog(_ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/apus-log-\(UUID().uuidString)"
        try Files.makeDirectory(folder)
        defer { Files.remove(folder) }
        try await body(folder + "/log")
    }

    private func write(_ lines: some Sequence<String>, to path: String) throws {
        try Files.write(lines.flatMap { Array($0.utf8) + [0x0A] }, to: path)
    }

    private func read(_ path: String, _ change: (inout LogRequest) -> Void = { _ in }) async throws -> String {
        var request = LogRequest()
        change(&request)
        var bytes: [UInt8] = []
        try await LogReader(path: path, request: request) { false }.send { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Wherever the log was rotated.
    @Test(arguments: 0...4)
    func requestsChooseLines(older: Int) async throws {
        try await withLog { path in
            if older > 0 { try write(lines.prefix(older), to: path + ".1") }
            if older < 4 { try write(lines.dropFirst(older), to: path) }
            #expect(try await read(path) == "one\ntwo\nthree\n")
            #expect(try await read(path) { $0.tailLines = 2 } == "two\nthree\n")
            #expect(try await read(path) { $0.tailLines = 1 } == "three\n")
            #expect(try await read(path) { $0.tailLines = 0 }.isEmpty)
            #expect(try await read(path) { $0.tailLines = 9 } == "one\ntwo\nthree\n")
            #expect(try await read(path) { $0.limitBytes = 5 } == "one\nt")
            #expect(try await read(path) { $0.stream = "stdout" } == "one\nthree\n")
            #expect(try await read(path) { $0.since = RFC3339.parse("2026-01-01T00:00:02Z") } == "two\nthree\n")
            #expect(
                try await read(path) {
                    $0.hasTimestamps = true; $0.tailLines = 2
                } == "2026-01-01T00:00:02Z two\n2026-01-01T00:00:03Z three\n")
        }
    }

    @Test func badParametersAreNamed() {
        #expect(throws: NodeAgentError.self) { try LogRequest(query: ["tailLines": "-1"], now: Date()) }
        #expect(throws: NodeAgentError.self) { try LogRequest(query: ["sinceTime": "yesterday"], now: Date()) }
    }

    @Test func tailsAreWhatAFailureSaid() {
        #expect(LogTail.text(Array(lines.joined(separator: "\n").utf8)) == "one\ntwo\nthree\n")
    }

    /// The shim cuts long lines at so many bytes, characters or not.
    @Test func charactersSurviveTheirLinesBeingCut() async throws {
        try await withLog { path in
            let character = Array("é".utf8)
            let head = Array("2026-01-01T00:00:01Z stdout ".utf8)
            try Files.write(
                head + Array("P ".utf8) + character[..<1] + [0x0A] + head + Array("F ".utf8) + character[1...] + [0x0A], to: path)
            #expect(try await read(path) == "é\n")
        }
    }

    /// Pieces, empty lines, what is no line at all, lines longer than what is read at a time, and a last one that is not finished.
    @Test(arguments: ["", "2026-01-01T00:00:09Z stdout F unfin"])
    func tailsBeginWhereCountingFromTheStartSays(rest: String) {
        let time = "2026-01-01T00:00:01Z stdout"
        let log = [
            "\(time) F a", "", "\(time) P b", "\(time) P c", "\(time) F d", "no line",
            "\(time) P \(String(repeating: "x", count: 150_000))",
            "\(time) F e", "", "\(time) F \(String(repeating: "y", count: 65_536))", "\(time) F f", "\(time) P g", "\(time) P h",
        ]
        let bytes = Array((log.joined(separator: "\n") + "\n" + rest).utf8)
        /// Where each line begins that counts, the last one first.
        var starts: [Int] = []
        var offset = 0
        var startsLine = true
        for (index, line) in log.enumerated() {
            let begin = offset
            offset += line.utf8.count + 1
            if line.isEmpty { continue }
            if startsLine { starts.insert(begin, at: 0) }
            startsLine = !line.hasPrefix("\(time) P") || index == log.count - 1
        }
        let end = bytes.count - rest.utf8.count
        for count in 0...(starts.count + 2) {
            let expected = count == 0 ? end : starts[min(count, starts.count) - 1]
            let found = LogEnd.start(ofLast: count, size: bytes.count) {
                Array(bytes[$0..<min(bytes.count, $0 + min($1, 10_000))])
            }
            #expect(found == expected, "the last \(count)")
        }
        #expect(LogEnd.start(ofLast: 3, size: 4) { Array(Array("abcd".utf8)[$0..<($0 + $1)]) } == 0, "no line is whole")
        #expect(LogEnd.start(ofLast: 3, size: 0) { _, _ in [] } == 0)
    }

    /// One who reads slowly misses nothing, though two files were put aside meanwhile.
    @Test func readersFollowEveryRotation() async throws {
        try await withLog { path in
            try write(["0"], to: path + ".1")
            try write(["1"], to: path)
            var log = GrowingLog(path, tailLines: nil)
            for number in 2...3 {
                #expect(rename(path, path + ".1") == 0)
                try write(["\(number)"], to: path)
            }
            var text = ""
            while case let piece = log.read(upTo: 1), !piece.isEmpty { text += String(decoding: piece, as: UTF8.self) }
            #expect(text == "0\n1\n2\n3\n")
        }
    }

    @Test func noFileStaysOpen() async throws {
        try await withLog { path in
            try write(lines.prefix(2), to: path + ".1")
            try write(lines.dropFirst(2), to: path)
            for _ in 0..<20 { _ = try await read(path) { $0.tailLines = 1 } }
            let open = Files.list("/proc/self/fd").compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)
            }
            #expect(!open.contains { $0.hasPrefix(path) })
        }
    }

    private static func number(_ name: String, in file: String) -> Int {
        let line = (Files.text(file) ?? "").split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }

    @Test func theEndOfALogIsReadFromItsEnd() async throws {
        try await withLog { path in
            let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            let text = Array(("\n" + lines.joined(separator: "\n") + "\n").utf8)
            #expect(ftruncate(descriptor, 4 << 30) == 0 && pwrite(descriptor, text, text.count, 4 << 30) == text.count)
            close(descriptor)
            let before = Self.number("rchar", in: "/proc/self/io")
            let tail = try await read(path) { $0.tailLines = 2 }
            #expect(tail == "two\nthree\n")
            #expect(Self.number("rchar", in: "/proc/self/io") - before < 4 << 20)
        }
    }

    @Test func longLogsAreSentInPieces() async throws {
        try await withLog { path in
            let line = Array("2026-01-01T00:00:01Z stdout F \(String(repeating: "x", count: 8_000))\n".utf8)
            try Files.write([], to: path)
            let handle = try #require(FileHandle(forWritingAtPath: path))
            let block = Data((0..<100).flatMap { _ in line })
            for _ in 0..<80 { try handle.write(contentsOf: block) }
            // What is no line of the shim's at all.
            try handle.write(contentsOf: Data(repeating: 0x20, count: 4 << 20) + Data([0x0A]))
            try handle.write(contentsOf: Data(line))
            try handle.close()
            let before = Self.number("VmRSS", in: "/proc/self/status")
            var (total, largest, memory) = (0, 0, 0)
            try await LogReader(path: path, request: LogRequest()) { false }.send { bytes in
                total += bytes.count
                largest = max(largest, bytes.count)
                if total % 64 == 1 || bytes.count == 8_001 { memory = max(memory, Self.number("VmRSS", in: "/proc/self/status")) }
            }
            #expect(total == 8_001 * 8_001)
            #expect(largest < 256 << 10)
            #expect(memory - before < 32 << 10, "in KiB")
        }
    }
}

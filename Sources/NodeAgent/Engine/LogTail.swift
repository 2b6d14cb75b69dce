import Foundation

/// One line of a log file as the container runtime interface has it: `time stream P|F text`.
struct LogLine: Sendable, Equatable {
    var time: Substring
    var stream: Substring
    var isPartial: Bool
    var text: Substring

    init?(_ line: Substring) {
        let fields = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4 else { return nil }
        time = fields[0]
        stream = fields[1]
        isPartial = fields[2] == "P"
        text = fields[3]
    }
}

/// The end of a log, for the termination message of a container that failed without leaving one.
enum LogTail {
    /// At most 80 lines and 2048 bytes, as upstream gives.
    static func last(of path: String) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else { return "" }
        defer { try? handle.close() }
        let end = (try? handle.seekToEnd()) ?? 0
        try? handle.seek(toOffset: end > 65_536 ? end - 65_536 : 0)
        let data = (try? handle.readToEnd()) ?? Data()
        return text(String(decoding: data, as: UTF8.self))
    }

    static func text(_ log: String) -> String {
        var result = ""
        for line in log.split(separator: "\n").suffix(80) {
            guard let parsed = LogLine(line) else { continue }
            result += parsed.text
            if !parsed.isPartial { result += "\n" }
        }
        return String(decoding: Array(result.utf8.suffix(2048)), as: UTF8.self)
    }
}

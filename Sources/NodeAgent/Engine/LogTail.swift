import Foundation

/// One line of a log file as the container runtime interface has it: `time stream P|F text`.
struct LogLine: Sendable, Equatable {
    var time: String
    var stream: String
    var isPartial: Bool
    /// As the container wrote it: a piece of a line may end within a character.
    var text: ArraySlice<UInt8>

    init?(_ line: ArraySlice<UInt8>) {
        let fields = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4 else { return nil }
        time = String(decoding: fields[0], as: UTF8.self)
        stream = String(decoding: fields[1], as: UTF8.self)
        isPartial = fields[2].elementsEqual([UInt8(ascii: "P")])
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
        return text([UInt8]((try? handle.readToEnd()) ?? Data()))
    }

    static func text(_ log: [UInt8]) -> String {
        var result: [UInt8] = []
        for line in log.split(separator: 0x0A).suffix(80) {
            guard let parsed = LogLine(line) else { continue }
            result += parsed.text
            if !parsed.isPartial { result.append(0x0A) }
        }
        return String(decoding: result.suffix(2048), as: UTF8.self)
    }
}

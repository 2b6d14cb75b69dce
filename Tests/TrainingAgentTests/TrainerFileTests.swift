import Foundation
import Testing

@testable import TrainingAgent

/// What a trainer can do to the files that the agent reads.
struct TrainerFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "apus-trainer-\(UUID().uuidString)")
    private var metrics: URL { folder.appending(path: "metrics.jsonl") }

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    private func remove() { try? FileManager.default.removeItem(at: folder) }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    @Test func onlyRegularFilesAreReadAndOnlyTheirBeginning() throws {
        defer { remove() }
        try Data(repeating: UInt8(ascii: "x"), count: 100_000).write(to: folder.appending(path: "long"))
        #expect(symlink(path("long"), path("link")) == 0)
        #expect(mkfifo(path("pipe"), 0o600) == 0)
        #expect(TrainerFile.beginning(of: path("long"), limit: 3000)?.count == 3000)
        for name in ["link", "pipe", "none", ""] {
            #expect(TrainerFile.beginning(of: path(name), limit: 3000) == nil, "\(name)")
        }
    }

    @Test func aLinkIsNoCheckpoint() throws {
        defer { remove() }
        let checkpoints = folder.appending(path: "checkpoints")
        try FileManager.default.createDirectory(
            at: checkpoints.appending(path: "checkpoint-3"), withIntermediateDirectories: true)
        #expect(symlink("/etc", checkpoints.appending(path: "checkpoint-9").path) == 0)
        try Data().write(to: checkpoints.appending(path: "checkpoint-8"))
        #expect(CheckpointKeeper.finished(in: checkpoints).map(\.step) == [3])
        #expect(CheckpointKeeper.strangers(in: checkpoints) == [])
        for name in ["latest", ".checkpoint-12.partial"] {
            try FileManager.default.createDirectory(at: checkpoints.appending(path: name), withIntermediateDirectories: true)
        }
        #expect(CheckpointKeeper.strangers(in: checkpoints) == ["latest"])
    }

    @Test(
        arguments: [
            (#"{"step":7,"totalSteps":9}"#, 7, 9), (#"{"step":-1,"totalSteps":9}"#, nil, 9),
            (#"{"step":9223372036854775807,"totalSteps":-9223372036854775808}"#, nil, nil),
            (#"{"step":9007199254740992,"totalSteps":9007199254740993}"#, 9_007_199_254_740_992, nil),
            (#"{"step":1.5,"totalSteps":1e300}"#, nil, nil), (#"{"step":"7","totalSteps":null}"#, nil, nil),
        ] as [(String, Int?, Int?)])
    func stepsAreChecked(line: String, step: Int?, total: Int?) throws {
        let record = try #require(MetricRecord(line: Array(line.utf8)))
        #expect(record.step == step)
        #expect(record.totalSteps == total)
        let board = ProgressBoard(attempt: 0)
        let start = Date()
        board.take([record], now: start)
        board.take([record], now: start.addingTimeInterval(1))
        #expect(board.reading.progress.step == step)
    }

    /// More than one piece lies before the end, and the end is what is told.
    @Test func theEndIsReadToItsLastLine() throws {
        defer { remove() }
        let padding = String(repeating: "p", count: 1000)
        var text = ""
        let last = MetricsFile.maximumPiece * 2 / 1000
        for step in 1...last { text += #"{"step":\#(step),"note":"\#(padding)"}"# + "\n" }
        try Data(text.utf8).write(to: metrics)
        var file = MetricsFile(url: metrics)
        let first = file.readNew()
        #expect(first.first?.step == 1)
        #expect(try #require(first.last?.step) < last)
        let rest = file.readRest()
        #expect(rest.last?.step == last)
        let nothing = file.readRest()
        #expect(nothing == [], "nothing is read twice")
    }

    /// Of a line that is too long nothing counts, not even an end that would be a record alone.
    @Test func aLineThatIsTooLongIsPassedOver() throws {
        defer { remove() }
        let end = #"{"step":666}"#
        let first = #"{"step":1}"# + "\n"
        // The record is where the second piece begins.
        let long = String(repeating: " ", count: MetricsFile.maximumPiece - first.utf8.count)
        try Data((first + long + end + "\n" + #"{"step":2}"# + "\n" + #"{"step":3"#).utf8).write(to: metrics)
        var file = MetricsFile(url: metrics)
        let pieces = [file.readNew(), file.readNew()].map { $0.compactMap(\.step) }
        #expect(pieces == [[1], [2]])
        let handle = try FileHandle(forWritingTo: metrics)
        _ = try handle.seekToEnd()
        try handle.write(contentsOf: Data("}\n".utf8))
        try handle.close()
        let completed = file.readNew().compactMap(\.step)
        #expect(completed == [3])
        try Data("{\"step\":1}\n".utf8).write(to: metrics)
        let anew = file.readNew().compactMap(\.step)
        #expect(anew == [1], "written anew")
    }

    @Test func aFileOfAnySizeIsReadToItsEnd() throws {
        defer { remove() }
        try Data().write(to: metrics)
        let handle = try FileHandle(forWritingTo: metrics)
        try handle.truncate(atOffset: 1 << 40)
        _ = try handle.seekToEnd()
        try handle.write(contentsOf: Data("\n{\"step\":5}\n".utf8))
        try handle.close()
        var file = MetricsFile(url: metrics)
        let rest = file.readRest().compactMap(\.step)
        #expect(rest == [5])
    }

    /// Numbers that are finite and whose rounding is not.
    @Test func hugeValuesCanBeTold() throws {
        let board = ProgressBoard(attempt: 0)
        board.take([try #require(MetricRecord(line: Array(#"{"loss":1e308,"epoch":1e308}"#.utf8)))])
        #expect(board.reading.progress.metrics?.first?.value == 1e308)
        #expect(board.reading.progress.epoch == nil)
    }
}

import ApusAPI
import Foundation
import KubernetesTypes
import Synchronization

/// What is known of the trainer's progress, gathered from several places.
final class ProgressBoard: Sendable {
    fileprivate struct State {
        var progress = TrainingProgress()
        var obstacle: TrainingProgressReading.Obstacle?
        var firstStep: (step: Int, time: Date)?
    }

    private let attempt: Int
    private let state = Mutex(State())

    init(attempt: Int) { self.attempt = attempt }

    var reading: TrainingProgressReading {
        state.withLock { TrainingProgressReading(attempt: attempt, progress: $0.progress, obstacle: $0.obstacle) }
    }

    var checkpointStep: Int? { state.withLock { $0.progress.checkpointStep } }

    func checkpointSaved(step: Int) { state.withLock { $0.progress.checkpointStep = step } }

    /// - Parameter obstacle: what keeps the bundle from being stored; nil when nothing does any more.
    func isHeldUp(by obstacle: TrainingProgressReading.Obstacle?) { state.withLock { $0.obstacle = obstacle } }

    func take(_ records: [MetricRecord], now: Date = Date()) {
        guard !records.isEmpty else { return }
        state.withLock { state in
            for record in records { state.take(record) }
            state.progress.lastUpdateTime = Timestamp(now)
            guard let step = state.progress.step else { return }
            // A resumed run begins in the middle, and steps before this process say nothing of its speed.
            let first = state.firstStep ?? (step, now)
            state.firstStep = first
            guard let total = state.progress.totalSteps, step > first.step, total >= step else { return }
            let perStep = now.timeIntervalSince(first.time) / Double(step - first.step)
            state.progress.estimatedRemaining = KubernetesDuration(seconds: (perStep * Double(total - step)).rounded())
        }
    }
}

extension ProgressBoard.State {
    fileprivate mutating func take(_ record: MetricRecord) {
        if let step = record.step { progress.step = step }
        if let total = record.totalSteps { progress.totalSteps = total }
        if let epoch = record.epoch { progress.epoch = (epoch * 1000).rounded() / 1000 }
        var metrics = progress.metrics ?? []
        for (name, value) in record.values {
            let rounded = (value * 1_000_000).rounded() / 1_000_000
            if let index = metrics.firstIndex(where: { $0.name == name }) {
                metrics[index].value = rounded
            } else if metrics.count < 64 {
                metrics.append(.init(name: name, value: rounded))
            }
        }
        progress.metrics = metrics.isEmpty ? nil : metrics.sorted { $0.name < $1.name }
    }
}

/// A line of `metrics.jsonl`.
struct MetricRecord: Equatable {
    var step: Int?
    var totalSteps: Int?
    var epoch: Double?
    var values: [String: Double] = [:]

    init() {}

    /// - Returns: nil for a line that is no JSON object.
    init?(line: some Sequence<UInt8>) {
        guard let members = (try? JSONParser.parse(line))?.object else { return nil }
        step = members["step"]?.integer.map { Int($0) }
        totalSteps = members["totalSteps"]?.integer.map { Int($0) }
        epoch = members["epoch"]?.number
        for (name, value) in members where !["step", "totalSteps", "epoch", "totalEpochs", "time"].contains(name) {
            if let number = value.number, number.isFinite { values[name] = number }
        }
    }
}

/// Reads what has been appended to `metrics.jsonl`; a line counts when its end is there.
struct MetricsFile {
    let url: URL
    private var offset: UInt64 = 0
    private var rest: [UInt8] = []

    init(url: URL) { self.url = url }

    static func readAll(_ url: URL) -> [MetricRecord] {
        var file = MetricsFile(url: url)
        return file.readNew()
    }

    mutating func readNew() -> [MetricRecord] {
        guard let handle = try? FileHandle(forReadingFrom: url) else { return [] }
        defer { try? handle.close() }
        let size = (try? handle.seekToEnd()) ?? 0
        if size < offset {
            // Written anew from its start.
            offset = 0
            rest = []
        }
        guard size > offset, (try? handle.seek(toOffset: offset)) != nil else { return [] }
        // At most 4 MiB at a time: a hostile trainer cannot fill the agent's memory.
        guard let data = try? handle.read(upToCount: Int(min(size - offset, 4 << 20))) else { return [] }
        offset += UInt64(data.count)
        var lines = (rest + data).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let last = lines.popLast().map(Array.init) ?? []
        rest = last.count > 1 << 20 ? [] : last
        return lines.compactMap { MetricRecord(line: $0) }
    }
}

/// Metrics in a log, by SageMaker's metric definitions: the first group of a pattern is the number.
struct LogMetrics {
    private let patterns: [(name: String, regex: Regex<AnyRegexOutput>)]

    init(_ definitions: [MetricDefinition]) throws {
        patterns = try definitions.map { ($0.name, try Regex($0.regex)) }
    }

    func read(_ line: String) -> MetricRecord? {
        var record = MetricRecord()
        for (name, regex) in patterns {
            guard let match = try? regex.firstMatch(in: line), match.output.count > 1, let text = match.output[1].substring,
                let value = Double(text)
            else { continue }
            record.values[name] = value
        }
        return record.values.isEmpty ? nil : record
    }
}

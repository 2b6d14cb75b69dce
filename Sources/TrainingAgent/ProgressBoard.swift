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
            state.progress.estimatedRemaining = KubernetesDuration(
                seconds: min((perStep * Double(total - step)).rounded(), 1e9))
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
            let rounded = abs(value) < 1e9 ? (value * 1_000_000).rounded() / 1_000_000 : value
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
        step = Self.count(members["step"])
        totalSteps = Self.count(members["totalSteps"])
        epoch = members["epoch"]?.number.flatMap { (0...1e9).contains($0) ? $0 : nil }
        for (name, value) in members where !["step", "totalSteps", "epoch", "totalEpochs", "time"].contains(name) {
            if let number = value.number, number.isFinite { values[name] = number }
        }
    }

    /// A number of steps, as far as numbers of JSON are exact; nothing else is one.
    private static func count(_ value: JSONValue?) -> Int? {
        guard let integer = value?.integer, (0...(1 << 53)).contains(integer) else { return nil }
        return Int(integer)
    }

    /// Takes over what a later line says.
    mutating func merge(_ later: MetricRecord) {
        step = later.step ?? step
        totalSteps = later.totalSteps ?? totalSteps
        epoch = later.epoch ?? epoch
        // As many names as the board keeps, with room for others' choice of which.
        for (name, value) in later.values where values[name] != nil || values.count < 256 { values[name] = value }
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
                let value = Double(text), value.isFinite
            else { continue }
            record.values[name] = value
        }
        return record.values.isEmpty ? nil : record
    }
}

import ApusAPI
import FoundationEssentials

/// Whether a candidate may take production's place: it must beat production on fresh held-out data and lose no more than a margin
/// on the old. Both were evaluated by the candidate's own job on the same files.
enum PromotionGate {
    enum Judgement: Equatable {
        case passed(String)
        case refused(String)
    }

    static func judge(candidate: ModelVersion, monitor: DriftMonitor, servedVersion: String?, job: TrainingJob) -> Judgement {
        let gate = monitor.spec.action?.gate
        let metric = gate?.metric ?? "macro_f1"
        let baseline = job.spec.baseline?.modelVersion ?? "production"
        if let servedVersion, servedVersion != baseline {
            return .refused(
                "it was compared with \(baseline), and \(servedVersion) serves now; the next retrain compares with that.")
        }
        let fresh = gate?.fresh?.channel ?? "fresh"
        let old = gate?.old?.channel ?? "old"
        guard let freshPair = figures(candidate, channel: fresh, metric: metric) else {
            return .refused(missing(fresh, metric: metric))
        }
        guard let oldPair = figures(candidate, channel: old, metric: metric) else {
            return .refused(missing(old, metric: metric))
        }
        let gain = freshPair.candidate - freshPair.baseline
        let loss = oldPair.baseline - oldPair.candidate
        let facts =
            "\(metric) \(text(freshPair.candidate)) on \(fresh), \(baseline) has \(text(freshPair.baseline)); on \(old) "
            + "\(text(oldPair.candidate)), \(baseline) has \(text(oldPair.baseline))"
        let wantedGain = gate?.fresh?.minimumImprovement ?? 0
        guard gain > wantedGain else {
            return .refused("\(facts). It must be better on \(fresh) by more than \(text(wantedGain)).")
        }
        let allowedLoss = gate?.old?.maximumLoss ?? 0.03
        guard loss <= allowedLoss else {
            return .refused("\(facts). It may lose at most \(text(allowedLoss)) on \(old).")
        }
        return .passed("\(facts).")
    }

    private static func figures(_ version: ModelVersion, channel: String, metric: String) -> (
        candidate: Double, baseline: Double
    )? {
        guard let candidate = version.spec.metrics?["\(channel).\(metric)"].flatMap(Double.init),
            let baseline = version.spec.metrics?["baseline.\(channel).\(metric)"].flatMap(Double.init)
        else { return nil }
        return (candidate, baseline)
    }

    private static func missing(_ channel: String, metric: String) -> String {
        "the job gave no \(metric) of both versions on the channel \(channel); name that channel in the template's inputs, or another in the gate."
    }

    private static func text(_ value: Double) -> String {
        let thousandths = Int((abs(value) * 1000).rounded())
        let fraction = String(thousandths % 1000)
        let padding = String(repeating: "0", count: 3 - fraction.count)
        return "\(value < 0 && thousandths > 0 ? "-" : "")\(thousandths / 1000).\(padding)\(fraction)"
    }
}

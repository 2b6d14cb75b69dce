internal import Synchronization

/// What was predicted lately, by request, so that the truth can be told later by the request's id; and how often the
/// latest truths agreed.
final class PredictionLog: Sendable {
    private struct State {
        var labels: [String: [String]] = [:]
        /// Ids in order of arrival, from `oldest` on; a ring would save the copying that happens once a thousand times.
        var ids: [String] = []
        var oldest = 0
        var outcomes: [Bool] = []
        var nextOutcome = 0
    }

    private let state = Mutex(State())
    private let capacity: Int
    /// Accuracy is taken over so many of the latest truths.
    private let window: Int

    init(capacity: Int = 10_000, window: Int = 1_000) {
        self.capacity = capacity
        self.window = window
    }

    /// Remembers a request's predicted labels. Of two requests with one id the later counts.
    func record(_ id: String, labels: [String]) {
        state.withLock { state in
            if state.labels.updateValue(labels, forKey: id) == nil { state.ids.append(id) }
            while state.ids.count - state.oldest > capacity {
                state.labels[state.ids[state.oldest]] = nil
                state.oldest += 1
            }
            if state.oldest > 1000 {
                state.ids.removeFirst(state.oldest)
                state.oldest = 0
            }
        }
    }

    /// What was predicted for a request's text; nil when the id is unknown or forgotten, or had fewer texts.
    func prediction(_ id: String, index: Int) -> String? {
        state.withLock { state in
            guard let labels = state.labels[id], labels.indices.contains(index) else { return nil }
            return labels[index]
        }
    }

    /// Counts a truth and returns the accuracy over the window.
    func judge(correct: Bool) -> Double {
        state.withLock { state in
            if state.outcomes.count < window {
                state.outcomes.append(correct)
            } else {
                state.outcomes[state.nextOutcome] = correct
                state.nextOutcome = (state.nextOutcome + 1) % window
            }
            return Double(state.outcomes.count { $0 }) / Double(state.outcomes.count)
        }
    }
}

import Dispatch
import Foundation
internal import Synchronization
import Transformer

/// Requests that wait for the model, and the thread that computes them.
///
/// Computing never happens on the threads of Swift's concurrency or of the network. Whatever waits when the thread
/// becomes free is computed together, up to a number of tokens: an idle server answers at once, a busy one in batches.
final class InferenceQueue: Sendable {
    /// Why a request was not computed.
    enum Refusal: Error {
        /// The queue is full; it should have room again after so many seconds.
        case full(retryAfterSeconds: Int)
        /// The client went away.
        case abandoned
        /// The server is closing.
        case closed
    }

    /// Names a waiting request, to abandon it.
    struct Ticket: Hashable, Sendable { fileprivate let number: UInt64 }

    private struct Item {
        var ticket: Ticket
        var encodings: [Encoding]
        var results: [TextClassifier.Classification] = []
        /// How many texts were handed to the thread.
        var taken = 0
        var finish: @Sendable (Result<[TextClassifier.Classification], any Error>) -> Void
    }

    private struct State {
        var items: [UInt64: Item] = [:]
        /// Numbers of the requests with texts to compute, in order of arrival.
        var order: [UInt64] = []
        var waitingTexts = 0
        var waitingTokens = 0
        var lastNumber: UInt64 = 0
        var closed = false
        /// Smoothed over batches; 0 before the first.
        var tokensPerSecond = 0.0
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let classifier: TextClassifier
    private let wantsMeans: Bool
    private let capacity: Int
    private let batchTokens: Int
    private let onBatch: @Sendable (_ texts: Int) -> Void

    /// - Parameter onBatch: Called on the computing thread before each batch.
    init(
        _ classifier: TextClassifier, meanHiddenStates: Bool, capacity: Int, batchTokens: Int,
        onBatch: @escaping @Sendable (_ texts: Int) -> Void
    ) {
        self.classifier = classifier
        self.wantsMeans = meanHiddenStates
        self.capacity = capacity
        self.batchTokens = batchTokens
        self.onBatch = onBatch
        let thread = Thread { [self] in run() }
        thread.name = "apus-inference"
        thread.start()
    }

    /// Texts that wait at this moment.
    var depth: Int { state.withLock { $0.waitingTexts } }

    /// Whether a request of so many texts would be taken now; for refusing before any work is done on it.
    func checkRoom(for texts: Int) throws(Refusal) {
        let refusal: Refusal? = state.withLock { state in
            if state.closed { return .closed }
            return state.waitingTexts + texts > capacity ? .full(retryAfterSeconds: Self.retryAfter(state)) : nil
        }
        if let refusal { throw refusal }
    }

    /// Waits for the texts' classifications.
    ///
    /// - Parameter onTicket: Called once the request waits, with what ``abandon(_:)`` wants.
    func classify(
        _ encodings: [Encoding], onTicket: (Ticket) -> Void = { _ in }
    ) async throws -> [TextClassifier.Classification] {
        guard !encodings.isEmpty else { return [] }
        return try await withCheckedThrowingContinuation { continuation in
            let outcome: Result<Ticket, Refusal> = state.withLock { state in
                if state.closed { return .failure(.closed) }
                if state.waitingTexts + encodings.count > capacity {
                    return .failure(.full(retryAfterSeconds: Self.retryAfter(state)))
                }
                state.lastNumber += 1
                let ticket = Ticket(number: state.lastNumber)
                state.items[ticket.number] = Item(
                    ticket: ticket, encodings: encodings, finish: { continuation.resume(with: $0) })
                state.order.append(ticket.number)
                state.waitingTexts += encodings.count
                state.waitingTokens += encodings.reduce(0) { $0 + $1.count }
                return .success(ticket)
            }
            switch outcome {
            case .success(let ticket):
                wake.signal()
                onTicket(ticket)
            case .failure(let refusal): continuation.resume(throwing: refusal)
            }
        }
    }

    /// Takes a request out, if it is still there: its caller gets ``Refusal/abandoned``.
    func abandon(_ ticket: Ticket) {
        let item = state.withLock { state -> Item? in
            guard let item = state.items.removeValue(forKey: ticket.number) else { return nil }
            state.order.removeAll { $0 == ticket.number }
            let left = item.encodings[item.taken...]
            state.waitingTexts -= left.count
            state.waitingTokens -= left.reduce(0) { $0 + $1.count }
            return item
        }
        item?.finish(.failure(Refusal.abandoned))
    }

    /// Takes no more requests; those that wait are still computed.
    func close() {
        state.withLock { $0.closed = true }
        wake.signal()
    }

    private static func retryAfter(_ state: State) -> Int {
        guard state.tokensPerSecond > 0 else { return 1 }
        return min(60, max(1, Int((Double(state.waitingTokens) / state.tokensPerSecond).rounded(.up))))
    }

    // MARK: The thread

    private func run() {
        while true {
            wake.wait()
            // One signal may stand for several requests and several signals for one batch.
            while let batch = takeBatch() { compute(batch) }
            if state.withLock({ $0.closed && $0.items.isEmpty }) { return }
        }
    }

    /// Texts of one or more requests: which request, and which of its texts.
    private typealias Batch = [(number: UInt64, encoding: Encoding)]

    private func takeBatch() -> Batch? {
        state.withLock { state in
            var batch: Batch = []
            var tokens = 0
            while let number = state.order.first, var item = state.items[number] {
                while item.taken < item.encodings.count {
                    let encoding = item.encodings[item.taken]
                    if !batch.isEmpty, tokens + encoding.count > batchTokens { break }
                    batch.append((number, encoding))
                    tokens += encoding.count
                    item.taken += 1
                }
                let isWhole = item.taken == item.encodings.count
                state.items[number] = item
                guard isWhole else { break }
                state.order.removeFirst()
            }
            state.waitingTexts -= batch.count
            state.waitingTokens -= tokens
            return batch.isEmpty ? nil : batch
        }
    }

    private func compute(_ batch: Batch) {
        onBatch(batch.count)
        let start = ContinuousClock.now
        let outcome: Result<[TextClassifier.Classification], any Error>
        do {
            outcome = .success(try classifier.classify(batch.map(\.encoding), meanHiddenStates: wantsMeans))
        } catch {
            outcome = .failure(error)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let tokens = batch.reduce(0) { $0 + $1.encoding.count }

        let finished = state.withLock { state -> [Item] in
            let speed = Double(tokens) / max(seconds, 1e-6)
            state.tokensPerSecond = state.tokensPerSecond == 0 ? speed : state.tokensPerSecond * 0.8 + speed * 0.2
            var finished: [Item] = []
            for (index, element) in batch.enumerated() {
                // Gone when it was abandoned meanwhile, or has failed with an earlier text.
                guard var item = state.items[element.number] else { continue }
                switch outcome {
                case .success(let results):
                    item.results.append(results[index])
                    let isDone = item.results.count == item.encodings.count
                    state.items[element.number] = isDone ? nil : item
                    if isDone { finished.append(item) }
                case .failure:
                    state.items[element.number] = nil
                    state.order.removeAll { $0 == element.number }
                    let left = item.encodings[item.taken...]
                    state.waitingTexts -= left.count
                    state.waitingTokens -= left.reduce(0) { $0 + $1.count }
                    finished.append(item)
                }
            }
            return finished
        }
        for item in finished { item.finish(outcome.map { _ in item.results }) }
    }
}

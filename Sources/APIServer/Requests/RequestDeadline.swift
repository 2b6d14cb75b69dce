import FoundationEssentials
import KubernetesTypes
import Synchronization

/// How long a request may take. Watches, logs and the like last as long as they say themselves.
enum RequestDeadline {
    /// Upstream's `--request-timeout`: what a request gets that asks for nothing else, and the most that one can ask for.
    static let standard = Duration.seconds(60)

    static let exceeded = APIError(
        code: 504, reason: "Timeout", message: "Timeout: request did not complete within the allotted timeout", details: [:])

    /// nil for a request that may go on.
    static func limit(_ request: APIRequest, _ info: RequestInfo) throws(APIError) -> Duration? {
        if isLongRunning(info) { return nil }
        guard let text = request.parameter("timeout"), !text.isEmpty else { return standard }
        guard let asked = GoDuration.parse(text) else {
            throw .badRequest(
                "invalid timeout specified in the request URL - time: invalid duration \(JSONSerializer.string(.string(text)))")
        }
        // Zero is what clients send that do not care.
        return asked > .zero ? min(asked, standard) : standard
    }

    private static func isLongRunning(_ info: RequestInfo) -> Bool {
        info.verb == "watch" || ["log", "exec", "attach", "portforward", "proxy"].contains(info.subresource)
    }

    /// The answer to a request, or that it took too long. What was begun may still come to its end.
    static func run(
        within limit: Duration, sleep: @escaping @Sendable (Duration) async throws -> Void,
        _ body: @escaping @Sendable () async -> APIResponse, late: @escaping @Sendable () -> APIResponse
    ) async -> APIResponse {
        let race = Race()
        return await withCheckedContinuation { continuation in
            race.begin(continuation)
            let work = Task { race.finish(await body()) }
            race.setTimer(
                Task {
                    do { try await sleep(limit) } catch { return }
                    race.finish(late())
                    work.cancel()
                })
        }
    }

    /// Whoever comes first answers.
    private final class Race: Sendable {
        private struct State {
            var continuation: CheckedContinuation<APIResponse, Never>?
            var timer: Task<Void, Never>?
            var isOver = false
        }

        private let state = Mutex(State())

        func begin(_ continuation: CheckedContinuation<APIResponse, Never>) {
            state.withLock { $0.continuation = continuation }
        }

        func setTimer(_ timer: Task<Void, Never>) {
            let isOver = state.withLock { state in
                state.timer = timer
                return state.isOver
            }
            if isOver { timer.cancel() }
        }

        func finish(_ response: APIResponse) {
            let (continuation, timer) = state.withLock { state in
                defer {
                    state.continuation = nil
                    state.isOver = true
                }
                return (state.continuation, state.timer)
            }
            timer?.cancel()
            continuation?.resume(returning: response)
        }
    }
}

/// Durations as Go writes them: `1m30s`, `250ms`.
enum GoDuration {
    private static let units: [(suffix: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var rest = text[...]
        var nanoseconds = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard !digits.isEmpty, let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { $0.isLetter }
            guard let unit = units.first(where: { $0.suffix == letters }) else { return nil }
            rest = rest.dropFirst(letters.count)
            nanoseconds += number * unit.nanoseconds
        }
        guard nanoseconds < 9e18 else { return nil }
        return .nanoseconds(Int64(nanoseconds))
    }
}

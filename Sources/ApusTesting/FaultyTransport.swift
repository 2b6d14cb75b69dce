public import KubernetesClient
import Synchronization

/// A transport between the client and another transport that does what it is told to the requests that pass.
public final class FaultyTransport: Transport {
    /// What happens to a request.
    public enum Fault: Sendable {
        /// Nothing: it passes.
        case none
        /// It never arrives.
        case refuse
        /// It arrives and is carried out; its answer is lost.
        case loseAnswer
        /// It is answered by this.
        case answer(WireResponse)
    }

    private let inner: any Transport
    private let decide: @Sendable (WireRequest, Int) -> Fault
    private let log = Mutex<[WireRequest]>([])

    /// - Parameter decide: given the request and how many came before it.
    public init(_ inner: any Transport, decide: @escaping @Sendable (WireRequest, Int) -> Fault) {
        self.inner = inner
        self.decide = decide
    }

    /// All that was sent, in order.
    public var requests: [WireRequest] { log.withLock { $0 } }

    public func send(_ request: WireRequest) async throws -> WireResponse {
        let index = log.withLock { log in
            log.append(request)
            return log.count - 1
        }
        switch decide(request, index) {
        case .none: return try await inner.send(request)
        case .refuse: throw TransportError(.unreachable, "refused by the test")
        case .answer(let response): return response
        case .loseAnswer:
            let response = try await inner.send(request)
            _ = try await response.body.collect()
            throw TransportError(.interrupted, "answer lost by the test")
        }
    }

    public func shutdown() async throws { try await inner.shutdown() }
}

/// A server that is a function.
public struct ScriptedTransport: Transport {
    private let answer: @Sendable (WireRequest) async throws -> WireResponse

    public init(_ answer: @escaping @Sendable (WireRequest) async throws -> WireResponse) {
        self.answer = answer
    }

    public func send(_ request: WireRequest) async throws -> WireResponse { try await answer(request) }
}

import Hummingbird
import NIOCore
internal import Synchronization

/// Sits in every connection and tells whoever asked that the client has closed its side.
///
/// Hummingbird's own way of noticing that consumes the connection, which would end keep-alive for every request.
final class ClientDeparture: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private struct State {
        var departed = false
        var onDeparture: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Sets what is to happen when the client leaves; at once when it has left already. A connection answers one request
    /// at a time, so there is one such wish at a time.
    func whenDeparted(_ body: (@Sendable () -> Void)?) {
        let departed = state.withLock { state in
            state.onDeparture = body
            return state.departed
        }
        if departed { body?() }
    }

    private func depart() {
        let body = state.withLock { state in
            state.departed = true
            return state.onDeparture.take()
        }
        body?()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { depart() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        depart()
        context.fireChannelInactive()
    }
}

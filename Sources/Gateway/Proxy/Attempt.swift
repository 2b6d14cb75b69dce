import NIOCore
import NIOHTTP1

/// Why a try came to nothing.
struct TryFailure {
    enum Reason: String {
        case connect, closed, timeout, stalled, malformed, busy
    }

    var reason: Reason
    /// Whether any byte of the request may have reached the backend.
    var wasSent: Bool
    var message: String
    /// A connection that had been idle was closed before an answer came: more likely its age than its backend.
    var isStale = false
}

/// One try of an exchange at one backend.
final class Attempt: BackendReceiver {
    unowned let exchange: Exchange
    let choice: Choice
    private var connection: BackendConnection?
    private var isOver = false {
        didSet {
            timer?.cancel()
            timer = nil
        }
    }
    private var timer: Scheduled<Void>?
    private var requestIsSent = false
    private(set) var isReadingPaused = false
    private(set) var hasCommitted = false

    private var responseHead: HTTPResponseHead?
    private var held = ByteBuffer()
    private var holdsResponse = false
    private var keepAlive = true
    private var progress = NIODeadline.now()

    private var worker: LoopWorker { exchange.worker }
    private var configuration: Gateway.Configuration { worker.shared.configuration }

    init(exchange: Exchange, choice: Choice) {
        self.exchange = exchange
        self.choice = choice
    }

    var backend: Backend? { connection?.backend }
    var isConnected: Bool { connection != nil && !isOver }
    var isWritable: Bool { connection?.channel.isWritable ?? false }

    // MARK: The connection

    func begin() {
        // The backend may be closing an idle connection at this moment. What cannot be sent twice gets a new one, and so
        // does a repetition: all of the pool may be stale.
        if exchange.isIdempotent, exchange.tries == 1, let connection = worker.takeIdle(choice.backend) {
            use(connection)
            return
        }
        // Kept alive here, because the exchange may have given it up when the connection opens.
        let exchange = self.exchange
        worker.connect(choice.backend) { [self] result in
            switch result {
            case .success(let connection):
                if isOver {
                    worker.putIdle(connection)
                } else {
                    use(connection)
                }
            case .failure(let error):
                withExtendedLifetime(exchange) {
                    fail(.init(reason: .connect, wasSent: false, message: "it could not be connected to (\(error))"))
                }
            }
        }
    }

    private func use(_ connection: BackendConnection) {
        self.connection = connection
        connection.handler.receiver = self
        exchange.connected(self)
    }

    /// Gives the try up: the client has gone, or the exchange was answered otherwise.
    func cancel() {
        guard !isOver else { return }
        isOver = true
        close()
        worker.shared.states.abandoned(choice.backend)
    }

    private func close() {
        connection?.handler.receiver = nil
        connection?.channel.close(promise: nil)
        connection = nil
    }

    private func fail(_ failure: TryFailure) {
        guard !isOver else { return }
        isOver = true
        close()
        if failure.isStale {
            worker.shared.states.abandoned(choice.backend)
        } else {
            worker.shared.states.finished(choice.backend, failed: true)
        }
        exchange.failed(self, failure)
    }

    // MARK: Sending

    func sendHead(_ head: HTTPRequestHead) {
        connection?.channel.write(HTTPClientRequestPart.head(head), promise: nil)
    }

    /// - Returns: false when no more should be sent until the connection is writable again.
    func send(_ buffer: ByteBuffer, flushing: Bool = true) -> Bool {
        guard let channel = connection?.channel else { return true }
        channel.write(HTTPClientRequestPart.body(.byteBuffer(buffer)), promise: nil)
        if flushing { channel.flush() }
        progress = .now()
        return channel.isWritable
    }

    func sendEnd() {
        connection?.channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        requestIsSent = true
        progress = .now()
        watch()
    }

    func flush() { connection?.channel.flush() }

    /// Looks at the clock when the time allowed would be over, rather than setting a timer for every byte.
    private func watch() {
        let limit = (responseHead == nil ? configuration.tryTimeout : configuration.stallTimeout).amount
        let due = progress + limit
        let now = NIODeadline.now()
        guard now < due else {
            let waited = "\(limit.nanoseconds / 1_000_000) ms"
            return fail(
                responseHead == nil
                    ? .init(reason: .timeout, wasSent: true, message: "it did not answer within \(waited)")
                    : .init(reason: .stalled, wasSent: true, message: "its response made no progress for \(waited)"))
        }
        timer = worker.loop.assumeIsolated().scheduleTask(in: due - now + .milliseconds(1)) { [weak self] in
            guard let self, !self.isOver else { return }
            // A client that does not read is its own problem, and has its own timeout.
            if self.isReadingPaused { self.progress = .now() }
            self.watch()
        }
    }

    // MARK: Receiving

    func backendSent(_ part: HTTPClientResponsePart) {
        guard !isOver else { return }
        progress = .now()
        switch part {
        case .head(let head): receive(head)
        case .body(let buffer): receive(buffer)
        case .end: receiveEnd()
        }
    }

    private func receive(_ head: HTTPResponseHead) {
        if head.status.code == 503, exchange.takesBusyBackendElsewhere() {
            return fail(.init(reason: .busy, wasSent: true, message: "it answered 503"))
        }
        responseHead = head
        let hasNoBody = exchange.head.method == .HEAD || head.status.code == 204 || head.status.code == 304
        let length = head.headers.first(name: "Content-Length").flatMap { Int($0) }
        holdsResponse = hasNoBody || (length ?? .max) <= configuration.heldResponseBytes
        if !holdsResponse { commit() }
    }

    /// From here on the client sees the response, and the request cannot be tried again.
    private func commit() {
        guard !hasCommitted, let responseHead else { return }
        hasCommitted = true
        var headers = responseHead.headers
        HeaderRules.removeHopByHop(&headers)
        keepAlive = exchange.writeHead(status: responseHead.status, headers: headers)
    }

    private func receive(_ buffer: ByteBuffer) {
        if holdsResponse {
            var buffer = buffer
            if held.readableBytes == 0 { held = buffer } else { held.writeBuffer(&buffer) }
            return
        }
        exchange.front.writeBody(buffer)
        exchange.front.flush()
        if !exchange.front.isWritable { pauseReading() }
    }

    private func receiveEnd() {
        guard let connection, let responseHead else { return }
        isOver = true
        commit()
        if holdsResponse, held.readableBytes > 0, exchange.head.method != .HEAD { exchange.front.writeBody(held) }
        // A backend that answered before it had the whole request is still reading it, and cannot serve another.
        if responseHead.isKeepAlive, requestIsSent {
            resumeReading()
            worker.putIdle(connection)
        } else {
            close()
        }
        self.connection = nil
        worker.shared.states.finished(choice.backend, failed: false)
        exchange.completed(
            status: responseHead.status.code, keepAlive: keepAlive && requestIsSent, response: holdsResponse ? held : nil)
    }

    private func pauseReading() {
        guard !isReadingPaused else { return }
        isReadingPaused = true
        try? connection?.channel.syncOptions?.setOption(.autoRead, value: false)
    }

    func resumeReading() {
        guard isReadingPaused else { return }
        isReadingPaused = false
        progress = .now()
        try? connection?.channel.syncOptions?.setOption(.autoRead, value: true)
    }

    func backendBecameWritable() { exchange.backendBecameWritable() }

    func backendClosed(_ error: (any Error)?) {
        guard !isOver else { return }
        let isStale = connection?.isReused == true && responseHead == nil && error == nil
        connection = nil
        let isMalformed = error is HTTPParserError
        fail(
            .init(
                reason: isMalformed ? .malformed : .closed, wasSent: true,
                message: isMalformed
                    ? "what it sent is not a whole HTTP response"
                    : "it closed the connection\(responseHead == nil ? " without an answer" : " within its response")",
                isStale: isStale))
    }
}

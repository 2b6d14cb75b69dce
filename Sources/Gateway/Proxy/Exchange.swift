import Foundation
import NIOCore
import NIOHTTP1

/// One request and its response, from the first byte to the last, with as many tries as it takes.
///
/// The body is held until it is whole or too large to be held. A held body can be sent again: after a connection that
/// could not be opened always, after any other failure when the request is idempotent, in both cases only while nothing
/// of a response has reached the client.
final class Exchange {
    let head: HTTPRequestHead
    let front: FrontHandler
    let worker: LoopWorker
    let requestID: String
    let started = NIODeadline.now()

    var key: ServiceKey?
    var path = ""
    private var prefix = ""
    private(set) var isIdempotent = false
    /// Whether it counts as a request to a service.
    private var hasBegun = false

    private var body = CircularBuffer<ByteBuffer>()
    private var bodyBytes = 0
    private var bodyIsComplete = false
    /// Too large to be held: what was held has been or will be sent once, the rest passes through.
    private var isStreaming = false
    /// A part of the body is no longer held, so it cannot be sent again.
    private var bodyIsReleased = false

    var attempt: Attempt?
    private(set) var tries = 0
    private var avoided: Set<Backend> = []
    private var deadlineForBackend: NIODeadline?
    private(set) var isFinished = false
    private var version: VersionRoute?

    private var configuration: Gateway.Configuration { worker.shared.configuration }

    init(head: HTTPRequestHead, front: FrontHandler, worker: LoopWorker) {
        self.head = head
        self.front = front
        self.worker = worker
        requestID = HeaderRules.requestID(head.headers) ?? UUID().uuidString.lowercased()
    }

    // MARK: The request

    func begin() {
        let table = worker.shared.table.table
        switch RequestTarget(uri: head.uri, host: head.headers.first(name: "Host"), table: table) {
        case .service(let key, let path, let prefix):
            self.key = key
            self.path = path
            self.prefix = prefix
            isIdempotent = HeaderRules.isIdempotent(head, path: path)
            guard table.services[key] != nil else {
                return fail(worker.shared.table.isReady ? .unknownService(key) : .routesUnknown)
            }
            hasBegun = true
            worker.shared.metrics.began(key)
            worker.shared.budget.deposit()
            if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }),
                length > configuration.maximumBodyBytes
            {
                fail(.bodyTooLarge(configuration.maximumBodyBytes))
            }
        case .own(let page): OwnPages.answer(page, self)
        case .unknown: fail(worker.shared.table.isReady ? .unknownPath : .routesUnknown)
        }
    }

    func receive(_ buffer: ByteBuffer) {
        guard !isFinished else { return }
        bodyBytes += buffer.readableBytes
        guard bodyBytes <= configuration.maximumBodyBytes else { return fail(.bodyTooLarge(configuration.maximumBodyBytes)) }
        if isStreaming, let attempt, attempt.isConnected {
            if !attempt.send(buffer) { front.pauseReading(true) }
            return
        }
        body.append(buffer)
        if isStreaming {
            front.pauseReading(true)
        } else if bodyBytes > configuration.replayableBodyBytes {
            isStreaming = true
            front.pauseReading(true)
            startTry()
        }
    }

    func receiveEnd() {
        guard !isFinished else { return }
        bodyIsComplete = true
        if isStreaming {
            if let attempt, attempt.isConnected { attempt.sendEnd() }
        } else {
            startTry()
        }
    }

    func clientGone() {
        guard !isFinished else { return }
        isFinished = true
        attempt?.cancel()
        attempt = nil
        record(code: 499)
    }

    func clientStalled() {
        guard !isFinished else { return }
        fail(.clientTooSlow)
    }

    /// The client has not read for as long as it is waited for.
    var isWaitingForClient: Bool { attempt?.isReadingPaused ?? false }

    func clientBecameWritable() { attempt?.resumeReading() }

    // MARK: Tries

    private func startTry() {
        guard let key, !isFinished else { return }
        let shared = worker.shared
        let draw = Double.random(in: 0..<1)
        switch shared.states.choose(key, in: shared.table.table, draw: draw, avoiding: avoided) {
        case .success(let choice):
            tries += 1
            version = choice.version
            let attempt = Attempt(exchange: self, choice: choice)
            self.attempt = attempt
            attempt.begin()
        case .failure(.unknownService): fail(.unknownService(key))
        case .failure(.noReadyBackend(let reason)): waitForBackend(key, reason: reason)
        }
    }

    /// A backend may be just about to become ready: look again until the time allowed is over.
    private func waitForBackend(_ key: ServiceKey, reason: String) {
        let deadline = deadlineForBackend ?? .now() + configuration.waitForBackend.amount
        deadlineForBackend = deadline
        guard NIODeadline.now() < deadline, !worker.isDraining else { return fail(.noReadyBackend(key, reason)) }
        worker.loop.assumeIsolated().scheduleTask(in: .milliseconds(20)) { [self] in startTry() }
    }

    /// Sends what is held once the try has its connection.
    func connected(_ attempt: Attempt) {
        guard let key, let backend = attempt.backend else { return }
        var headers = HeaderRules.toBackend(
            head, backend: backend, client: front.clientAddress, requestID: requestID, prefix: prefix)
        if bodyIsComplete {
            let mayHaveBody = head.headers.contains(name: "Content-Length") || head.headers.contains(name: "Transfer-Encoding")
            if bodyBytes > 0 || mayHaveBody { headers.add(name: "Content-Length", value: String(bodyBytes)) }
        } else if let length = head.headers.first(name: "Content-Length") {
            headers.add(name: "Content-Length", value: length)
        } else {
            headers.add(name: "Transfer-Encoding", value: "chunked")
        }
        attempt.sendHead(HTTPRequestHead(version: .http1_1, method: head.method, uri: path, headers: headers))
        for buffer in body { _ = attempt.send(buffer, flushing: false) }
        if isStreaming {
            body.removeAll()
            bodyIsReleased = true
        }
        if bodyIsComplete { attempt.sendEnd() } else { attempt.flush() }
        if isStreaming, !bodyIsComplete, attempt.isWritable { front.pauseReading(false) }
        worker.shared.metrics.tried(key)
    }

    func backendBecameWritable() {
        if isStreaming, !isFinished { front.pauseReading(false) }
    }

    /// A try came to nothing.
    func failed(_ attempt: Attempt, _ failure: TryFailure) {
        guard !isFinished, self.attempt === attempt else { return }
        self.attempt = nil
        guard !attempt.hasCommitted else {
            // The client has a part of the response; closing is how HTTP/1.1 says that no more will come.
            isFinished = true
            record(code: 502)
            front.close()
            return
        }
        let mayRepeat = (!failure.wasSent || isIdempotent) && !bodyIsReleased
        if mayRepeat, tries < configuration.maximumTries, worker.shared.budget.withdraw() {
            if let key { worker.shared.metrics.retried(key, reason: failure.reason) }
            guard !failure.isStale else { return startTry() }
            avoided.insert(attempt.choice.backend)
            // With nowhere else to go, asking the same one at once would only fail as fast.
            if hasOtherBackend() {
                startTry()
            } else {
                worker.loop.assumeIsolated().scheduleTask(in: .milliseconds(50 << Int64(tries))) { [self] in startTry() }
            }
        } else {
            fail(.backendFailed(failure, version: attempt.choice.version.modelVersion, tries: tries))
        }
    }

    /// Whether a 503 of a backend should be kept from the client and tried elsewhere.
    func takesBusyBackendElsewhere() -> Bool {
        isIdempotent && !isStreaming && tries < configuration.maximumTries && hasOtherBackend(than: attempt?.choice.backend)
    }

    private func hasOtherBackend(than current: Backend? = nil) -> Bool {
        guard let key, let route = worker.shared.table.table.services[key] else { return false }
        return route.versions.contains { version in
            version.weight > 0 && version.backends.contains { $0 != current && !avoided.contains($0) }
        }
    }

    // MARK: The response

    /// Adds what concerns the client's connection and writes the head.
    /// - Returns: whether the connection can serve another request afterwards.
    func writeHead(status: HTTPResponseStatus, headers: HTTPHeaders) -> Bool {
        var headers = headers
        headers.replaceOrAdd(name: "X-Request-Id", value: requestID)
        let hasNoBody = head.method == .HEAD || status.code == 204 || status.code == 304
        if head.method == .HEAD, status.code != 204, !headers.contains(name: "Content-Length") {
            // Without it the encoder would announce chunks, and end them, in a response that has no body.
            headers.add(name: "Content-Length", value: "0")
        }
        let isOld = head.version != .http1_1
        let isFramed = headers.contains(name: "Content-Length") || hasNoBody
        let keepAlive = head.isKeepAlive && !front.isDraining && bodyIsComplete && (isFramed || !isOld)
        headers.remove(name: "Connection")
        if !keepAlive {
            headers.add(name: "Connection", value: "close")
        } else if isOld {
            headers.add(name: "Connection", value: "keep-alive")
        }
        front.writeHead(HTTPResponseHead(version: isOld ? .http1_0 : .http1_1, status: status, headers: headers))
        return keepAlive
    }

    /// Answers without a backend.
    func answer(status: HTTPResponseStatus, contentType: String, body: String, headers: HTTPHeaders = [:]) {
        guard !isFinished else { return }
        isFinished = true
        attempt?.cancel()
        attempt = nil
        var headers = headers
        headers.add(name: "Content-Type", value: contentType)
        headers.add(name: "Content-Length", value: String(body.utf8.count))
        let keepAlive = writeHead(status: status, headers: headers)
        if head.method != .HEAD { front.writeBody(ByteBuffer(string: body)) }
        record(code: status.code)
        front.finish(keepAlive: keepAlive)
    }

    func fail(_ failure: GatewayFailure) {
        answer(
            status: failure.status, contentType: "application/json", body: failure.json(requestID: requestID),
            headers: failure.retryAfterSeconds.map { ["Retry-After": String($0)] } ?? [:])
    }

    /// The response is whole and written.
    func completed(status: UInt, keepAlive: Bool, response: ByteBuffer?) {
        guard !isFinished else { return }
        isFinished = true
        attempt = nil
        record(code: status)
        if status == 200, let key, let version, let response, !isStreaming, head.method == .POST {
            worker.shared.capture?.record(
                CapturedExchange(key: key, version: version, path: path, request: Array(body), response: response))
        }
        front.finish(keepAlive: keepAlive)
    }

    private func record(code: UInt) {
        worker.shared.metrics.finished(
            key, began: hasBegun, version: version?.modelVersion, code: code, duration: NIODeadline.now() - started)
    }
}

public import KubernetesTypes

extension Client {
    /// Sends a call, again where that is safe, and reads the answer.
    public func send(_ call: Call) async throws -> JSONValue {
        let bytes = try await read(call)
        guard !bytes.isEmpty else { return .null }
        do {
            return try JSONParser.parse(bytes)
        } catch {
            throw TransportError(
                .interrupted, "\(call.method.rawValue) \(call.path): the answer is not JSON: \(error)", cause: error)
        }
    }

    /// Sends a call, again where that is safe, and gives the bytes of the answer.
    public func read(_ call: Call) async throws -> [UInt8] {
        try await trying(call) { request in
            let response = try await transport.send(request)
            let body = try await response.body.collect()
            return (response, body)
        }.1
    }

    /// Sends a call and gives the answer's body as it arrives.
    public func stream(_ call: Call) async throws -> ByteStream {
        try await trying(call) { request in
            let response = try await transport.send(request)
            // The body of a refusal is short and says why.
            return (response, (200..<300).contains(response.status) ? [] : try await response.body.collect())
        }.0.body
    }

    private func trying(
        _ call: Call, _ operation: @escaping @Sendable (WireRequest) async throws -> (WireResponse, [UInt8])
    ) async throws -> (WireResponse, [UInt8]) {
        let request = wire(call)
        var tries = 0
        while true {
            tries += 1
            try Task.checkCancellation()
            let wait: Duration
            do {
                let (response, body) = try await time.limit(
                    call.timeout ?? options.requestTimeout, "\(call.method.rawValue) \(call.path)"
                ) { try await operation(request) }
                if (200..<300).contains(response.status) { return (response, body) }
                let error = Self.refusal(status: response.status, body: body, request: request)
                guard tries < options.maximumTries,
                    let pause = Retrying.pause(after: response, to: call, tries: tries)
                else { throw error }
                wait = pause
            } catch let error as TransportError {
                guard tries < options.maximumTries, Retrying.isSafe(after: error, to: call) else { throw error }
                wait = Retrying.backOff(tries)
            }
            // Half to one and a half times the wait, so that clients that failed together do not come back together.
            try await time.sleep(for: min(wait, options.longestWait) * (0.5 + chance.unit()))
        }
    }

    private func wire(_ call: Call) -> WireRequest {
        var headers = [WireHeader("Accept", call.accept), WireHeader("User-Agent", options.userAgent)]
        if call.body != nil { headers.append(WireHeader("Content-Type", call.contentType)) }
        return WireRequest(method: call.method, target: call.target, headers: headers, body: call.body)
    }

    /// The error that an answer which is no success stands for.
    static func refusal(status: Int, body: [UInt8], request: WireRequest) -> StatusError {
        if let value = try? JSONParser.parse(body), value["kind"]?.string == "Status",
            var decoded = try? value.decode(Status.self)
        {
            decoded.code = decoded.code ?? status
            return StatusError(status: decoded)
        }
        // A proxy on the way, or a server that never got to the API's own code.
        let text = String(decoding: body.prefix(500), as: UTF8.self)
        let message = "\(request.method.rawValue) \(request.target) was answered with \(status): \(text)"
        return StatusError(code: status, reason: Retrying.reason(of: status), message: message)
    }
}

/// When the same request may be sent again.
enum Retrying {
    static func pause(after response: WireResponse, to call: Call, tries: Int) -> Duration? {
        let asked = response.header("Retry-After").flatMap { Int($0) }.map { Duration.seconds($0) }
        switch response.status {
        // Refused before it was looked at.
        case 429: return asked ?? backOff(tries)
        // The server says that it is worth coming back, or the request changes nothing.
        case 503, 504, 500, 502:
            if let asked { return asked }
            return call.isRepeatable && response.status != 500 ? backOff(tries) : nil
        default: return nil
        }
    }

    static func isSafe(after error: TransportError, to call: Call) -> Bool {
        switch error.code {
        case .unreachable: true
        case .interrupted, .timedOut: call.isRepeatable
        case .untrusted: false
        }
    }

    static func backOff(_ tries: Int) -> Duration { .milliseconds(100 << min(tries - 1, 8)) }

    static func reason(of status: Int) -> String {
        switch status {
        case 400: "BadRequest"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "NotFound"
        case 405: "MethodNotAllowed"
        case 409: "Conflict"
        case 410: "Gone"
        case 422: "Invalid"
        case 429: "TooManyRequests"
        case 503: "ServiceUnavailable"
        case 504: "Timeout"
        default: status >= 500 ? "InternalError" : "Unknown"
        }
    }
}

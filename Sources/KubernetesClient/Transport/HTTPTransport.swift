import AsyncHTTPClient
import Foundation
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Requests over a socket, with TLS and credentials as the configuration says.
public final class HTTPTransport: Transport {
    private let client: HTTPClient
    private let base: String
    private let credentials: CredentialSource
    private let logger: Logger

    /// - Parameter connectTimeout: how long a connection may take to come up, handshake included.
    public init(
        _ configuration: ConnectionConfiguration, time: any TimeSource = SystemTime(),
        connectTimeout: Duration = .seconds(10), logger: Logger = Logger(label: "apus.kubernetes")
    ) throws {
        var http = HTTPClient.Configuration()
        http.timeout = .init(connect: .nanoseconds(connectTimeout.nanoseconds))
        http.redirectConfiguration = .disallow
        // Each watch holds a connection as long as it lives when the server speaks HTTP/1.1.
        http.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
        // Whoever asked decides about trying again, and knows how long it can wait.
        http.connectionPool.retryConnectionEstablishment = false
        http.tlsConfiguration = try Self.tls(configuration)
        var base = configuration.server
        if let name = configuration.serverName, var parts = URLComponents(string: base), let host = parts.host {
            http.dnsOverride[name] = host
            parts.host = name
            base = parts.string ?? base
        }
        self.base = base
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: http)
        credentials = CredentialSource(configuration.credential, time: time)
        self.logger = logger
    }

    public func send(_ request: WireRequest) async throws -> WireResponse {
        let response = try await exchange(request)
        guard response.status == 401, await credentials.refused() else { return response }
        // A token that was replaced on disk: once more with the new one.
        return try await exchange(request)
    }

    private func exchange(_ request: WireRequest) async throws -> WireResponse {
        var outgoing = HTTPClientRequest(url: base + request.target)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        if request.header("Authorization") == nil, let authorization = try await credentials.authorization() {
            outgoing.headers.add(name: "Authorization", value: authorization)
        }
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            // The deadline ends with the head of the response; whoever calls sets a shorter one by cancelling.
            let response = try await client.execute(outgoing, deadline: .now() + .hours(2), logger: logger)
            return WireResponse(
                status: Int(response.status.code),
                headers: response.headers.map { WireHeader($0.name, $0.value) },
                body: ByteStream(response.body.map { Array($0.readableBytesView) }))
        } catch {
            throw Self.translated(error, request: request)
        }
    }

    public func shutdown() async throws {
        try await client.shutdown()
    }

    deinit {
        // An HTTPClient must not go away running; whoever is cut off by an error or a cancellation has no other moment to end it.
        client.shutdown(queue: .global()) { _ in }
    }

    private static func tls(_ configuration: ConnectionConfiguration) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        do {
            switch configuration.trust {
            case .system: break
            case .anyone: tls.certificateVerification = .none
            case .authorities(let pem):
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)))
            }
            if let certificate = configuration.clientCertificate {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.chainPEM.utf8))
                    .map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.keyPEM.utf8), format: .pem))
            }
        } catch {
            throw ConfigurationError(
                .malformed, "the certificates for \(configuration.server) are not readable PEM", cause: error)
        }
        return tls
    }

    private static func translated(_ error: any Error, request: WireRequest) -> any Error {
        if error is CancellationError { return error }
        let what = "\(request.method.rawValue) \(request.target.prefix(200))"
        if let error = error as? HTTPClientError {
            switch error {
            case .cancelled: return CancellationError()
            case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
                return TransportError(.unreachable, "\(what): no connection in time", cause: error)
            case .deadlineExceeded, .readTimeout: return TransportError(.timedOut, "\(what): no answer in time", cause: error)
            default: return TransportError(.interrupted, "\(what): \(error.shortDescription)", cause: error)
            }
        }
        if error is NIOConnectionError || error is SocketAddressError {
            return TransportError(.unreachable, "\(what): connection refused or host unknown", cause: error)
        }
        if let error = error as? IOError, error.errnoCode == ECONNREFUSED {
            return TransportError(.unreachable, "\(what): connection refused", cause: error)
        }
        if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
            return TransportError(.untrusted, "\(what): \(error)", cause: error)
        }
        return TransportError(.interrupted, "\(what): \(error)", cause: error)
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

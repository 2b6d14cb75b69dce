import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import X509

/// Sets up one accepted connection: TLS with an optional client certificate, HTTP/1.1, and upgrades that are piped to a node.
struct ConnectionChannel: ServerChildChannel {
    enum Outcome: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case piped
    }

    struct Value: ServerChildChannelValue {
        let outcome: EventLoopFuture<Outcome>
        let channel: any Channel
    }

    let tls: NIOSSLContext
    let responder: HTTPResponder
    let upgrader: PipeUpgrader?
    var times = ConnectionTimes()

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        // A client that closes its side is gone; half-open connections would keep its watches alive.
        channel.setOption(.allowRemoteHalfClosure, value: false).flatMapThrowing {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(FirstHeadDeadline(times.firstHead), name: FirstHeadDeadline.name)
            try pipeline.addHandler(NIOSSLServerHandler(context: tls))
            var upgraders: [any NIOTypedHTTPServerProtocolUpgrader<Outcome>] = []
            if let upgrader {
                upgraders = ["websocket", "SPDY/3.1"].map { PipeUpgrader.Upgrader(supportedProtocol: $0, upgrader: upgrader) }
            }
            var configuration = NIOUpgradableHTTPServerPipelineConfiguration(
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration<Outcome>(upgraders: upgraders) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        channel.pipeline.syncOperations.removeHandler(name: FirstHeadDeadline.name, promise: nil)
                        try channel.pipeline.syncOperations.addHandler(RequestDeadlines(times))
                        try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPServerCodec(secure: true))
                        return .http(
                            try NIOAsyncChannel(
                                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
                    }
                })
            // Requests are answered one after the other by the loop below, so NIO need not order them.
            configuration.enablePipelining = false
            configuration.enableErrorHandling = false
            let outcome = try pipeline.configureUpgradableHTTPServerPipeline(configuration: configuration)
            return Value(outcome: outcome, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        guard case .http(let connection) = try? await value.outcome.get() else { return }
        let identity = await ClientIdentity.read(value.channel)
        let handler = ConnectionHandler { request, writer, channel in
            try await responder.respond(request, writer, channel: channel, user: identity)
        }
        await handler.handleHTTP(asyncChannel: connection, logger: logger)
    }
}

/// Lends Hummingbird's request loop to a connection whose caller is known.
private struct ConnectionHandler: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: Responder

    init(_ responder: @escaping Responder) { self.responder = responder }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
    }

    func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}

/// Reads the caller out of a verified client certificate: common name is the user, organisations are the groups.
enum ClientIdentity {
    static func read(_ channel: any Channel) async -> UserInfo? {
        guard let certificate = try? await channel.nioSSL_peerCertificate().get(), let bytes = try? certificate.toDERBytes()
        else {
            return nil
        }
        return user(der: bytes)
    }

    static func user(der: [UInt8]) -> UserInfo? {
        guard let certificate = try? Certificate(derEncoded: der) else { return nil }
        var name = ""
        var groups: [String] = []
        for relative in certificate.subject {
            for attribute in relative {
                if attribute.type == .RDNAttributeType.commonName {
                    name = attribute.value.description
                } else if attribute.type == .RDNAttributeType.organizationName {
                    groups.append(attribute.value.description)
                }
            }
        }
        return name.isEmpty ? nil : UserInfo(name: name, groups: groups)
    }
}

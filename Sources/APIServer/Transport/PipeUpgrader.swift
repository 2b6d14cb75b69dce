import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import X509

/// Upgrades `exec`, `attach` and `portforward`: the node's kubelet answers the handshake, and from then on bytes are piped.
struct PipeUpgrader: Sendable {
    let core: APIServerCore
    /// How to speak TLS to kubelets, client certificate included.
    let kubeletTLS: NIOSSLContext
    let eventLoopGroup: any EventLoopGroup

    /// One for each protocol name that clients ask for.
    struct Upgrader: NIOTypedHTTPServerProtocolUpgrader {
        typealias UpgradeResult = ConnectionChannel.Outcome

        let supportedProtocol: String
        let upgrader: PipeUpgrader
        var requiredUpgradeHeaders: [String] { [] }
        private let backend = NIOLockedBackend()

        init(supportedProtocol: String, upgrader: PipeUpgrader) {
            self.supportedProtocol = supportedProtocol
            self.upgrader = upgrader
        }

        func buildUpgradeResponse(
            channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
        ) -> EventLoopFuture<HTTPHeaders> {
            channel.eventLoop.makeFutureWithTask {
                let user = await ClientIdentity.read(channel)
                let connection: Connection
                do {
                    connection = try await upgrader.connect(upgradeRequest, user: user)
                } catch {
                    await UpgradeRefusal.answer(error, on: channel)
                    throw error
                }
                backend.set(connection)
                // A client that goes away before there is a pipe takes the node's side with it.
                channel.closeFuture.whenComplete { _ in backend.take()?.channel.close(promise: nil) }
                // The library's own headers name the upgrade; without them clients take the answer for broken.
                var headers = initialResponseHeaders
                headers.add(contentsOf: connection.responseHeaders)
                return headers
            }
        }

        func upgrade(channel: any Channel, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<ConnectionChannel.Outcome> {
            channel.pipeline.removeHandler(name: FirstHeadDeadline.name, promise: nil)
            guard let backend = backend.take() else { return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel) }
            let piped = channel.eventLoop.makeCompletedFuture {
                // A process that does not read its input learns all the same that its client has gone.
                try channel.pipeline.syncOperations.addHandler(PipeHandler(peer: backend.channel, drains: false))
            }.flatMap {
                backend.channel.eventLoop.submit { backend.pipe.value.open(to: channel) }
            }
            piped.whenFailure { _ in backend.channel.close(promise: nil) }
            return piped.map { .piped }
        }
    }

    struct Connection: Sendable {
        /// Of plain bytes.
        var channel: any Channel
        /// Keeps what the node sends until it is opened.
        var pipe: NIOLoopBound<PipeHandler>
        var responseHeaders: HTTPHeaders
    }

    /// Checks that the caller may do what is asked, and asks the kubelet.
    func connect(_ head: HTTPRequestHead, user: UserInfo?) async throws -> Connection {
        let request = APIRequest(
            method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) },
            certificateUser: user)
        let target = try await core.upgradeTarget(request)
        return try await KubeletHandshake.dial(target, head: head, tls: kubeletTLS, group: eventLoopGroup)
    }
}

extension APIServerCore {
    /// Where an upgrade request goes, for a caller who may make it.
    func upgradeTarget(_ request: APIRequest) async throws(APIError) -> KubeletTarget {
        let user = try authenticator.user(of: request)
        var info = RequestInfo(request)
        let caller = try await Impersonation.caller(user, request, info, authorizer)
        guard info.isResourceRequest, ["exec", "attach", "portforward"].contains(info.subresource),
            let definition = registry.definition(group: info.group, version: info.version, plural: info.resource)
        else { throw .badRequest("this path cannot be upgraded") }
        // Opening a stream is a creation to authorization, by whatever method it is asked for.
        info.verb = "create"
        guard authorizer.decide(caller, info).isAllowed else { throw Self.denied(caller, info) }
        return try KubeletProxy.target(self, definition, RequestScope(request: request, info: info, user: caller))
    }
}

public import Foundation
import HummingbirdCore
import KubernetesTypes
public import Logging
import NIOCore
import NIOPosix
import NIOSSL
public import ServiceLifecycle
import Synchronization

/// A Kubernetes-compatible API server in one process: the core over SQLite, behind TLS.
///
/// It knows the built-in kinds and CustomResourceDefinitions, and nothing of what they are used for.
public struct APIServer: ServiceLifecycle.Service {
    /// How to run the server.
    public struct Configuration: Sendable {
        /// Where database, certificates and keys are kept; nil keeps everything in memory.
        public var dataDirectory: URL?
        /// 0 lets the system choose.
        public var port = 6443
        /// IPv4 addresses to listen at.
        public var bindAddresses = ["127.0.0.1"]
        /// More names and addresses that the serving certificate is good for.
        public var certificateNames: [String] = []
        /// Where pods reach the server: the address behind the Service `kubernetes`. Defaults to the last bind address.
        public var advertisedAddress: String?
        /// Static tokens in upstream's form: `token,user,uid,"group1,group2"`.
        public var tokenFile: String?
        /// Whether kubelets must show certificates of the cluster's authority.
        public var verifiesKubelets = false
        public var core = APIServerCore.Configuration()
        /// How long clients may take to send and to read.
        var times = ConnectionTimes()

        public init() {}
    }

    /// What is known once the server answers.
    public struct Ready: Sendable {
        /// The port it listens at.
        public let port: Int
        public let certificates: ClusterCertificates
        /// A kubeconfig of a cluster administrator.
        public let kubeconfig: String
        /// The same core without the sockets.
        public let core: APIServerCore
    }

    public let configuration: Configuration
    private let logger: Logger
    private let readiness = Readiness()

    public init(configuration: Configuration, logger: Logger = Logger(label: "apiserver")) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Returns when the server answers requests.
    /// - Throws: what kept it from starting.
    public func ready() async throws -> Ready { try await readiness.value() }

    public func run() async throws {
        do {
            try await serve()
        } catch {
            readiness.fail(error)
            throw error
        }
        readiness.fail(CancellationError())
    }

    private func serve() async throws {
        let files = configuration.dataDirectory
        let keys = files?.appending(path: "pki")
        let certificates = try ClusterCertificates(directory: keys)
        let signer = try Self.signer(in: keys)
        let group = MultiThreadedEventLoopGroup.singleton
        let kubeletClient = try certificates.client(user: "kube-apiserver-kubelet-client", groups: [UserInfo.masters])
        let kubeletTLS = try Self.clientContext(
            kubeletClient, authority: certificates.authority.certificate, verifies: configuration.verifiesKubelets)
        let core = try makeCore(files, signer, KubeletHTTP(tls: kubeletTLS, group: group))
        defer { core.store.close() }
        try await core.store.durableTogether { () async throws(APIError) in try await Bootstrapper(core: core).run() }
        DefinitionController(core: core).serve()
        let serving = try certificates.server(
            names: [
                "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost",
            ]
                + configuration.certificateNames.filter { ServiceAllocator.parse($0) == nil },
            addresses: Array(
                Set(
                    ["127.0.0.1", core.allocator.apiServerAddress] + configuration.bindAddresses
                        + configuration.certificateNames.filter { ServiceAllocator.parse($0) != nil })))
        let channel = ConnectionChannel(
            tls: try Self.serverContext(serving, authority: certificates.authority.certificate),
            responder: HTTPResponder(core: core),
            upgrader: PipeUpgrader(core: core, kubeletTLS: kubeletTLS, eventLoopGroup: group), times: configuration.times)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let first = configuration.bindAddresses.first ?? "127.0.0.1"
            let port = AsyncValue<Int>()
            tasks.addTask {
                try await listen(channel, address: first, port: configuration.port, group: group) { port.set($0) }
            }
            tasks.addTask { await DefinitionController(core: core).run() }
            tasks.addTask {
                let bound = try await port.get()
                for address in configuration.bindAddresses.dropFirst() {
                    Task { try await listen(channel, address: address, port: bound, group: group) { _ in } }
                }
                let reachable = configuration.advertisedAddress ?? configuration.bindAddresses.last ?? "127.0.0.1"
                let keeper = BootstrapKeeper(core: core, address: reachable, port: bound)
                try await keeper.keep()
                try announce(core, certificates, port: bound)
                await withGracefulShutdownHandler {
                    await keeper.run()
                } onGracefulShutdown: {
                    core.watches.endAll()
                    core.definitions.signal.close()
                }
            }
            do {
                try await tasks.next()
            } catch {
                port.fail(error)
                core.watches.endAll()
                tasks.cancelAll()
                throw error
            }
            core.watches.endAll()
            core.definitions.signal.close()
            tasks.cancelAll()
        }
    }

    private func makeCore(_ files: URL?, _ signer: TokenSigner, _ kubelet: any KubeletConnector) throws -> APIServerCore {
        var tokens = TokenFile()
        if let path = configuration.tokenFile { tokens = try TokenFile(path: path) }
        let store: ObjectStore
        if let files {
            try FileManager.default.createDirectory(
                at: files, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            store = try ObjectStore(persistence: SQLitePersistence(path: files.appending(path: "state.db").path))
        } else {
            store = try ObjectStore(persistence: MemoryPersistence())
        }
        return try APIServerCore(
            configuration: configuration.core, store: store, tokens: tokens, signer: signer, kubelet: kubelet, logger: logger)
    }

    private func listen(
        _ channel: ConnectionChannel, address: String, port: Int, group: any EventLoopGroup,
        _ onRunning: @escaping @Sendable (Int) -> Void
    ) async throws {
        let server = Server(
            childChannelSetup: channel, configuration: ServerConfiguration(address: .hostname(address, port: port)),
            onServerRunning: { onRunning($0.localAddress?.port ?? port) }, eventLoopGroup: group, logger: logger)
        try await server.run()
    }

    private func announce(_ core: APIServerCore, _ certificates: ClusterCertificates, port: Int) throws {
        let address = configuration.bindAddresses.first ?? "127.0.0.1"
        let admin = try certificates.client(user: "kubernetes-admin", groups: [UserInfo.masters])
        let kubeconfig = Kubeconfig.text(
            server: "https://\(address):\(port)", authority: certificates.authority.certificate, client: admin)
        if let files = configuration.dataDirectory {
            try ClusterCertificates.write(kubeconfig, to: files.appending(path: "kubeconfig"))
        }
        readiness.succeed(Ready(port: port, certificates: certificates, kubeconfig: kubeconfig, core: core))
    }

    // MARK: Keys

    static func signer(in directory: URL?) throws -> TokenSigner {
        guard let directory else { return TokenSigner() }
        let file = directory.appending(path: "service-account.key")
        if let pem = try KeyFiles.read(file) { return try KeyFiles.parse(file) { try TokenSigner(pem: pem) } }
        let signer = TokenSigner()
        try ClusterCertificates.write(signer.privateKeyPEM, to: file)
        return signer
    }

    private static func serverContext(_ identity: ClusterCertificates.Identity, authority: String) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem)))
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
        configuration.certificateVerification = .optionalVerification
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    /// - Parameter verifies: upstream's default is false: kubelets make certificates of their own. Where it is true they are known by
    ///   the cluster's authority, not by name, because they are dialled by address.
    static func clientContext(_ identity: ClusterCertificates.Identity, authority: String, verifies: Bool) throws -> NIOSSLContext
    {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8)).map {
            .certificate($0)
        }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem))
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
        configuration.certificateVerification = verifies ? .noHostnameVerification : .none
        return try NIOSSLContext(configuration: configuration)
    }
}

/// A value that is waited for, set once.
final class AsyncValue<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, any Error>?
        var waiters: [CheckedContinuation<Value, any Error>] = []
    }

    private let state = Mutex(State())

    func set(_ value: Value) { finish(.success(value)) }

    func fail(_ error: any Error) { finish(.failure(error)) }

    private func finish(_ result: Result<Value, any Error>) {
        let waiters = state.withLock { state -> [CheckedContinuation<Value, any Error>] in
            guard state.result == nil else { return [] }
            state.result = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(with: result) }
    }

    func get() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Value, any Error>? in
                if state.result == nil { state.waiters.append(continuation) }
                return state.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}

private final class Readiness: Sendable {
    private let ready = AsyncValue<APIServer.Ready>()

    func succeed(_ value: APIServer.Ready) { ready.set(value) }

    func fail(_ error: any Error) { ready.fail(error) }

    func value() async throws -> APIServer.Ready { try await ready.get() }
}

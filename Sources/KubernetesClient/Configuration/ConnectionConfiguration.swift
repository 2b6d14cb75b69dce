import Foundation

/// Everything that must be known to reach an API server as somebody.
public struct ConnectionConfiguration: Sendable {
    /// `https://host:port`, with a path when the server is behind one; no slash at the end.
    public var server: String
    public var trust: Trust
    /// PEM of the client's certificate chain and key.
    public var clientCertificate: ClientCertificate?
    public var credential: Credential
    /// The name to expect in the server's certificate, when it is not the host's.
    public var serverName: String?
    /// The namespace of requests that name none.
    public var namespace: String

    public enum Trust: Sendable, Hashable {
        /// The machine's certificate authorities.
        case system
        /// These, in PEM.
        case authorities(pem: String)
        /// Anyone. For servers that are reached by `insecure-skip-tls-verify` only.
        case anyone
    }

    public struct ClientCertificate: Sendable, Hashable {
        public var chainPEM: String
        public var keyPEM: String

        public init(chainPEM: String, keyPEM: String) {
            self.chainPEM = chainPEM
            self.keyPEM = keyPEM
        }
    }

    public enum Credential: Sendable, Hashable {
        case none
        case token(String)
        /// A file whose content changes, as that of a service account token does.
        case tokenFile(String)
        case basic(username: String, password: String)
        case program(Kubeconfig.Exec)
    }

    public init(
        server: String, trust: Trust = .system, clientCertificate: ClientCertificate? = nil,
        credential: Credential = .none, serverName: String? = nil, namespace: String = "default"
    ) {
        self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
        self.trust = trust
        self.clientCertificate = clientCertificate
        self.credential = credential
        self.serverName = serverName
        self.namespace = namespace
    }

    /// From a kubeconfig's context; from the current one when no name is given.
    public init(kubeconfig: Kubeconfig, context: String? = nil) throws {
        let (cluster, user, namespace) = try kubeconfig.resolve(context: context)
        var trust = Trust.system
        if cluster.insecureSkipTLSVerify == true {
            trust = .anyone
        } else if let pem = try Self.content(data: cluster.certificateAuthorityData, path: cluster.certificateAuthority) {
            trust = .authorities(pem: pem)
        }
        var certificate: ClientCertificate?
        if let chain = try Self.content(data: user.clientCertificateData, path: user.clientCertificate) {
            guard let key = try Self.content(data: user.clientKeyData, path: user.clientKey) else {
                throw ConfigurationError(.malformed, "the user has a client certificate but no key")
            }
            certificate = ClientCertificate(chainPEM: chain, keyPEM: key)
        }
        let credential: Credential =
            if let path = user.tokenFile, !path.isEmpty {
                .tokenFile(path)
            } else if let token = user.token, !token.isEmpty {
                .token(token)
            } else if let name = user.username, !name.isEmpty {
                .basic(username: name, password: user.password ?? "")
            } else if let program = user.exec {
                .program(program)
            } else {
                .none
            }
        self.init(
            server: cluster.server, trust: trust, clientCertificate: certificate, credential: credential,
            serverName: cluster.tlsServerName, namespace: namespace)
    }

    /// From a file, as `--kubeconfig` names it.
    public static func kubeconfig(path: String, context: String? = nil) throws -> ConnectionConfiguration {
        try ConnectionConfiguration(kubeconfig: Kubeconfig.load(path: path), context: context)
    }

    /// As the service account of the pod that this process runs in, or `nil` outside of pods.
    public static func inCluster(
        environment: [String: String]? = nil,
        folder: String = "/var/run/secrets/kubernetes.io/serviceaccount"
    ) throws -> ConnectionConfiguration? {
        let environment = environment ?? ProcessInfo.processInfo.environment
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"],
            FileManager.default.fileExists(atPath: folder + "/token")
        else { return nil }
        let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let pem = try? String(contentsOfFile: folder + "/ca.crt", encoding: .utf8)
        let namespace = (try? String(contentsOfFile: folder + "/namespace", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return ConnectionConfiguration(
            server: "https://\(authority)", trust: pem.map { .authorities(pem: $0) } ?? .system,
            credential: .tokenFile(folder + "/token"), namespace: namespace ?? "default")
    }

    /// As kubectl finds it: the file given, `$KUBECONFIG`, the pod's service account, `~/.kube/config`.
    public static func discover(
        kubeconfig path: String? = nil, context: String? = nil,
        environment: [String: String]? = nil
    ) throws -> ConnectionConfiguration {
        if let path { return try .kubeconfig(path: path, context: context) }
        let environment = environment ?? ProcessInfo.processInfo.environment
        if let paths = environment["KUBECONFIG"], !paths.isEmpty {
            // Of several files the first that says something wins, the reverse of `merge`.
            var config = Kubeconfig()
            for path in paths.split(separator: ":").reversed() where FileManager.default.fileExists(atPath: String(path)) {
                try config.merge(.load(path: String(path)))
            }
            return try ConnectionConfiguration(kubeconfig: config, context: context)
        }
        if let configuration = try inCluster(environment: environment) { return configuration }
        let home = environment["HOME"] ?? NSHomeDirectory()
        return try .kubeconfig(path: home + "/.kube/config", context: context)
    }

    private static func content(data: String?, path: String?) throws -> String? {
        if let data, !data.isEmpty {
            guard let decoded = Data(base64Encoded: data, options: .ignoreUnknownCharacters),
                let text = String(data: decoded, encoding: .utf8)
            else { throw ConfigurationError(.malformed, "certificate data in the kubeconfig is not base64 of PEM") }
            return text
        }
        guard let path, !path.isEmpty else { return nil }
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ConfigurationError(.unreadable, "cannot read \(path), which the kubeconfig names", cause: error)
        }
    }
}

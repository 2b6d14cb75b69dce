import Foundation
import KubernetesTypes

/// A kubeconfig file as kubectl reads and writes it.
public struct Kubeconfig: Sendable, Codable, Hashable {
    public var apiVersion: String? = "v1"
    public var kind: String? = "Config"
    public var clusters: [NamedCluster]?
    public var users: [NamedUser]?
    public var contexts: [NamedContext]?
    public var currentContext: String?

    enum CodingKeys: String, CodingKey {
        case apiVersion, kind, clusters, users, contexts
        case currentContext = "current-context"
    }

    public struct NamedCluster: Sendable, Codable, Hashable {
        public var name: String
        public var cluster: Cluster

        public init(name: String, cluster: Cluster) {
            self.name = name
            self.cluster = cluster
        }
    }

    public struct Cluster: Sendable, Codable, Hashable {
        public var server: String
        public var certificateAuthority: String?
        public var certificateAuthorityData: String?
        public var insecureSkipTLSVerify: Bool?
        public var tlsServerName: String?

        enum CodingKeys: String, CodingKey {
            case server
            case certificateAuthority = "certificate-authority"
            case certificateAuthorityData = "certificate-authority-data"
            case insecureSkipTLSVerify = "insecure-skip-tls-verify"
            case tlsServerName = "tls-server-name"
        }

        public init(server: String, certificateAuthorityData: String? = nil, insecureSkipTLSVerify: Bool? = nil) {
            self.server = server
            self.certificateAuthorityData = certificateAuthorityData
            self.insecureSkipTLSVerify = insecureSkipTLSVerify
        }
    }

    public struct NamedUser: Sendable, Codable, Hashable {
        public var name: String
        public var user: User

        public init(name: String, user: User) {
            self.name = name
            self.user = user
        }
    }

    public struct User: Sendable, Codable, Hashable {
        public var token: String?
        public var tokenFile: String?
        public var clientCertificate: String?
        public var clientCertificateData: String?
        public var clientKey: String?
        public var clientKeyData: String?
        public var username: String?
        public var password: String?
        public var exec: Exec?

        enum CodingKeys: String, CodingKey {
            case token, tokenFile, username, password, exec
            case clientCertificate = "client-certificate"
            case clientCertificateData = "client-certificate-data"
            case clientKey = "client-key"
            case clientKeyData = "client-key-data"
        }

        public init(token: String? = nil, clientCertificateData: String? = nil, clientKeyData: String? = nil) {
            self.token = token
            self.clientCertificateData = clientCertificateData
            self.clientKeyData = clientKeyData
        }
    }

    /// A program that prints credentials.
    public struct Exec: Sendable, Codable, Hashable {
        public struct Variable: Sendable, Codable, Hashable {
            public var name: String
            public var value: String
        }

        public var apiVersion: String?
        public var command: String
        public var args: [String]?
        public var env: [Variable]?
        public var installHint: String?
    }

    public struct NamedContext: Sendable, Codable, Hashable {
        public var name: String
        public var context: Context

        public init(name: String, context: Context) {
            self.name = name
            self.context = context
        }
    }

    public struct Context: Sendable, Codable, Hashable {
        public var cluster: String
        public var user: String
        public var namespace: String?

        public init(cluster: String, user: String, namespace: String? = nil) {
            self.cluster = cluster
            self.user = user
            self.namespace = namespace
        }
    }

    public init(
        clusters: [NamedCluster] = [], users: [NamedUser] = [], contexts: [NamedContext] = [],
        currentContext: String? = nil
    ) {
        self.clusters = clusters
        self.users = users
        self.contexts = contexts
        self.currentContext = currentContext
    }

    /// Reads a file. Relative paths in it are relative to its folder, as kubectl takes them.
    public static func load(path: String) throws -> Kubeconfig {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ConfigurationError(.unreadable, "cannot read kubeconfig \(path)", cause: error)
        }
        var config = try Kubeconfig(yaml: text, source: path)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        func absolute(_ path: String?) -> String? {
            guard let path, !path.isEmpty, !path.hasPrefix("/") else { return path }
            return folder.appendingPathComponent(path).standardizedFileURL.path
        }
        for index in (config.clusters ?? []).indices {
            let authority = absolute(config.clusters?[index].cluster.certificateAuthority)
            config.clusters?[index].cluster.certificateAuthority = authority
        }
        for index in (config.users ?? []).indices {
            let user = config.users?[index].user
            config.users?[index].user.clientCertificate = absolute(user?.clientCertificate)
            config.users?[index].user.clientKey = absolute(user?.clientKey)
            config.users?[index].user.tokenFile = absolute(user?.tokenFile)
            if let command = user?.exec?.command, command.contains("/") {
                config.users?[index].user.exec?.command = absolute(command) ?? command
            }
        }
        return config
    }

    /// Reads the text of a file. JSON is YAML too.
    public init(yaml: String, source: String = "kubeconfig") throws {
        do {
            self = try (YAML.parse(yaml).first ?? .object([:])).decode(Kubeconfig.self)
        } catch {
            throw ConfigurationError(.malformed, "\(source) is not a kubeconfig: \(error)", cause: error)
        }
    }

    /// The file's text.
    public func yaml() throws -> String { try YAML.string(JSONValue(encoding: self)) }

    /// The cluster, user and namespace of a context; of the current one when no name is given.
    public func resolve(context name: String? = nil) throws -> (cluster: Cluster, user: User, namespace: String) {
        let wanted = name ?? currentContext ?? ""
        guard let context = (contexts ?? []).first(where: { $0.name == wanted })?.context else {
            let known = (contexts ?? []).map(\.name).joined(separator: ", ")
            throw ConfigurationError(
                .malformed,
                wanted.isEmpty ? "no current-context is set" : "context \"\(wanted)\" does not exist (known: \(known))")
        }
        guard let cluster = (clusters ?? []).first(where: { $0.name == context.cluster })?.cluster else {
            throw ConfigurationError(.malformed, "context \"\(wanted)\" names the unknown cluster \"\(context.cluster)\"")
        }
        guard let user = (users ?? []).first(where: { $0.name == context.user })?.user else {
            throw ConfigurationError(.malformed, "context \"\(wanted)\" names the unknown user \"\(context.user)\"")
        }
        return (cluster, user, context.namespace ?? "default")
    }

    /// Adds the entries of another file; entries of the same name are replaced. The current context becomes the other's.
    public mutating func merge(_ other: Kubeconfig) {
        func merged<Entry>(_ mine: [Entry]?, _ theirs: [Entry]?, name: (Entry) -> String) -> [Entry] {
            let replaced = Set((theirs ?? []).map(name))
            return (mine ?? []).filter { !replaced.contains(name($0)) } + (theirs ?? [])
        }
        clusters = merged(clusters, other.clusters) { $0.name }
        users = merged(users, other.users) { $0.name }
        contexts = merged(contexts, other.contexts) { $0.name }
        currentContext = other.currentContext ?? currentContext
    }
}

/// The way to the API server could not be worked out.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case unreadable
        case malformed
        case unsupported
        case credentials
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}

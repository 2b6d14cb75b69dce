/// Which services there are and who answers for them: a value, rebuilt whenever the cluster changes.
public struct RoutingTable: Sendable, Equatable {
    public var services: [ServiceKey: ServiceRoute]

    public init(services: [ServiceKey: ServiceRoute] = [:]) {
        self.services = services
    }
}

/// An inference service.
public struct ServiceKey: Sendable, Hashable, CustomStringConvertible {
    public var namespace: String
    public var name: String

    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    public var description: String { "\(namespace)/\(name)" }
}

/// The versions among which a service's requests are shared.
public struct ServiceRoute: Sendable, Equatable {
    public var versions: [VersionRoute]
    /// Why no version answers, in words for the caller; used only when none does.
    public var notReadyReason: String?

    public init(versions: [VersionRoute], notReadyReason: String? = nil) {
        self.versions = versions
        self.notReadyReason = notReadyReason
    }
}

/// A version of a model, with those of its servers that are ready.
public struct VersionRoute: Sendable, Equatable {
    public var modelVersion: String
    /// The model's name, as the server of the version knows it.
    public var modelName: String
    /// Its share of the requests, in relation to the other versions' shares.
    public var weight: Int
    public var backends: [Backend]
    /// Where its bundle is, for the reference profile that drift is counted by.
    public var artifact: ArtifactLocation?

    public init(
        modelVersion: String, modelName: String, weight: Int, backends: [Backend], artifact: ArtifactLocation? = nil
    ) {
        self.modelVersion = modelVersion
        self.modelName = modelName
        self.weight = weight
        self.backends = backends
        self.artifact = artifact
    }
}

/// A store and a bundle in it.
public struct ArtifactLocation: Sendable, Hashable {
    public var uri: String
    public var digest: String

    public init(uri: String, digest: String) {
        self.uri = uri
        self.digest = digest
    }
}

/// The address of one server.
public struct Backend: Sendable, Hashable, CustomStringConvertible {
    /// An IP address.
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

import KubernetesTypes

/// How the server reaches the kubelet endpoint of a node.
public protocol KubeletConnector: Sendable {
    /// Sends one request and streams the answer.
    func request(_ target: KubeletTarget, method: String, headers: [(name: String, value: String)], body: [UInt8]) async throws
        -> APIResponse
}

/// An address and path at a kubelet.
public struct KubeletTarget: Sendable, Equatable {
    public var host: String
    public var port: Int
    /// Path and query.
    public var path: String

    public init(host: String, port: Int, path: String) {
        self.host = host
        self.port = port
        self.path = path
    }
}

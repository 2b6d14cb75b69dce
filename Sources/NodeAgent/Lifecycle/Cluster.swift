import Foundation
import KubernetesTypes

/// What running a pod needs of the cluster. The real one is `KubernetesCluster`; tests hand in their own.
protocol Cluster: Sendable {
    /// The object, or nil where there is none.
    func configMap(namespace: String, name: String) async throws -> ConfigMap?
    func secret(namespace: String, name: String) async throws -> Secret?
    /// A token for the pod's service account, bound to the pod.
    func token(for pod: Pod, audience: String?, expirationSeconds: Int) async throws -> IssuedToken
    /// The services of the cluster as last seen.
    func services() async -> [Service]
    /// Writes the pod's status. A pod that is gone is not an error.
    func report(_ status: PodStatus, of pod: Pod) async throws
    /// Tells the API server that nothing of the pod runs any more, which removes the object.
    func confirmDeletion(of pod: Pod) async throws
    func record(_ event: PodEvent, on pod: Pod) async
}

/// A service account token and when to fetch another.
struct IssuedToken: Sendable, Equatable {
    var token: String
    var expires: Date
}

/// Something worth telling on a pod.
struct PodEvent: Sendable, Hashable {
    var isWarning: Bool
    var reason: String
    var message: String
    /// The container it is about, if one.
    var container: String?

    static func normal(_ reason: String, _ message: String, container: String? = nil) -> PodEvent {
        PodEvent(isWarning: false, reason: reason, message: message, container: container)
    }

    static func warning(_ reason: String, _ message: String, container: String? = nil) -> PodEvent {
        PodEvent(isWarning: true, reason: reason, message: message, container: container)
    }
}

/// The node as pods see it.
struct NodeFacts: Sendable, Equatable {
    var name: String
    var address: String
    var cpu: Quantity
    var memory: Quantity
    var ephemeralStorage: Quantity
}

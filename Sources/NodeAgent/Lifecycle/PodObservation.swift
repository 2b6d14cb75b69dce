import Foundation
import KubernetesTypes

/// All that decides what happens to one pod next, gathered at one moment.
struct PodObservation: Sendable {
    var pod: Pod
    /// The newest start of each container that was started.
    var containers: [String: ContainerObservation] = [:]
    /// The pod's network and volumes, when they are ready.
    var sandbox: Sandbox?
    var images: [String: ImageState] = [:]
    var probes: [String: ProbeSummary] = [:]
    /// Containers (or, under the empty name, the pod's network and volumes) that could not be made, and when to try again.
    var failures: [String: StartFailure] = [:]
    /// Containers that are being stopped.
    var stopping: Set<String> = []
    /// Why this node will not run the pod, if so.
    var rejection: Rejection?
    /// False while containers of a pod that is no longer wanted still run.
    var mayStart = true
    /// Whether the pod still holds network or volumes on this node.
    var holdsResources = true
    /// What there is to say of fields that have no effect here.
    var unhonoured: String?
    /// When this node accepted the pod.
    var acceptedAt: Date
    var nodeAddress: String

    var spec: PodSpec { pod.spec }

    /// When `activeDeadlineSeconds` ends, if set.
    var deadline: Date? {
        spec.activeDeadlineSeconds.map { acceptedAt.addingTimeInterval(Double($0)) }
    }
}

/// A pod that this node refuses or puts out, in the words of its status.
struct Rejection: Sendable, Equatable {
    var reason: String
    var message: String
}

/// Why a container could not be made, in the words of its waiting state.
struct StartFailure: Sendable, Equatable {
    var reason: String
    var message: String
    var retryAt: Date
    var count: Int
}

/// Where the image of a container stands.
enum ImageState: Sendable, Equatable {
    case pulling
    case present(ImageConfiguration)
    case failed(StartFailure)
}

/// What the probes say of a running container.
struct ProbeSummary: Sendable, Equatable {
    /// The startup probe passed (or there is none) and `postStart` is done.
    var hasStarted = false
    var isReady = false
    /// Set when liveness or startup has failed for good: the container is to be stopped.
    var fatal: String?
}

/// What is to be done for a pod now. The executor has no choice in it.
enum PodAction: Sendable, Equatable {
    /// Make the network and the volumes.
    case prepare
    case pull(container: String)
    case start(container: String, attempt: Int, delaySeconds: Double?)
    /// Clear an attempt that surely never ran.
    case discard(container: String)
    case stop(container: String, graceSeconds: Int, because: StopCause)
    /// Give network and volumes back.
    case release
    /// Nothing runs any more: let the API server remove the object.
    case confirmDeletion
}

/// Why a container is stopped.
enum StopCause: Sendable, Equatable {
    case deletion
    case deadline
    case rejection
    case probe(String)
    case podCompleted
}

/// The next actions, and when to look again even if nothing happens.
struct PodPlan: Sendable, Equatable {
    var actions: [PodAction] = []
    var wakeAt: Date?

    mutating func wake(at date: Date) {
        wakeAt = wakeAt.map { min($0, date) } ?? date
    }
}

/// How long to wait before another try.
struct Backoff: Sendable, Equatable {
    var base: Double = 10
    var cap: Double = 300
    /// A container that ran this long starts over from no wait.
    var resetAfter: Double = 600

    /// The wait before the start that follows an exit: none after a first run, then `base`, doubling up to `cap`.
    func delay(after delay: Double?, ran seconds: Double) -> Double {
        guard let delay, seconds < resetAfter else { return 0 }
        return delay == 0 ? base : min(cap, delay * 2)
    }

    /// The wait after the `count`th failure in a row.
    func delay(failures count: Int) -> Double {
        min(cap, base * Double(1 << min(count - 1, 16)))
    }
}

import Crypto
import Foundation
import KubernetesTypes

/// Where everything of one node lives on disk.
struct DiskLayout: Sendable {
    let root: String

    var pods: String { root + "/pods" }
    var exits: String { root + "/exits" }
    var runtime: String { root + "/runc" }
    var images: String { root + "/images" }
    /// Images on their way, each in a folder of its own.
    var incoming: String { images + "/incoming" }
    var network: String { root + "/network" }
    var empty: String { root + "/empty" }

    func pod(_ uid: String) -> String { pods + "/" + uid }
    func podObject(_ uid: String) -> String { pod(uid) + "/pod.json" }
    func sandbox(_ uid: String) -> String { pod(uid) + "/sandbox.json" }
    /// Which cards its containers hold.
    func devices(_ uid: String) -> String { pod(uid) + "/devices.json" }
    func volumes(_ uid: String) -> String { pod(uid) + "/volumes" }
    func containers(_ uid: String) -> String { pod(uid) + "/containers" }
    func container(_ uid: String, _ name: String) -> String { containers(uid) + "/" + name }

    func attempt(_ identity: ContainerIdentity) -> AttemptPaths {
        AttemptPaths(
            directory: container(identity.podUID, identity.name) + "/\(identity.attempt)", id: identity.id, exits: exits)
    }

    func prepare() throws {
        for path in [root, pods, exits, runtime, images, network, empty, incoming] { try Files.makeDirectory(path, mode: 0o711) }
        chmod(root, 0o711)
        // What an agent before this one did not finish.
        for entry in Files.list(incoming) { Files.remove(incoming + "/" + entry) }
    }
}

/// One start of one container: the unit that happens at most once.
struct ContainerIdentity: Sendable, Hashable, Codable {
    var podUID: String
    var name: String
    /// The restart count.
    var attempt: Int

    /// The runtime's id, a function of the identity: the runtime itself refuses to make the same start twice.
    var id: String {
        let digest = SHA256.hash(data: Data("\(podUID)/\(name)/\(attempt)".utf8))
        return digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}

/// The files of one start.
struct AttemptPaths: Sendable {
    var directory: String
    var id: String
    var exits: String

    var record: String { directory + "/attempt.json" }
    /// Present from just before the process may run. Without it nothing has run, and the start may be made anew.
    var started: String { directory + "/started" }
    var finished: String { directory + "/finished.json" }
    var configuration: String { directory + "/config.json" }
    var log: String { directory + "/log" }
    var rootfs: String { directory + "/rootfs" }
    var upper: String { directory + "/upper" }
    var work: String { directory + "/work" }
    var hidden: String { directory + "/hidden" }
    var pid: String { directory + "/pid" }
    var shimPid: String { directory + "/conmon.pid" }
    var sync: String { directory + "/sync.json" }
    var runtimeLog: String { directory + "/runc.log" }
    var terminationMessage: String { directory + "/termination-log" }
    var stopping: String { directory + "/stopping.json" }
    var control: String { directory + "/ctl" }
    var outOfMemory: String { directory + "/oom" }
    var attach: String { directory + "/attach" }
    var exit: String { exits + "/" + id }
}

/// What is written before a container is created.
struct AttemptRecord: Codable, Sendable, Equatable {
    var identity: ContainerIdentity
    var id: String
    var bootID: String
    var createdAt: Date
    var image: String
    var imageID: String
    /// How long the start was held back after the exit before it; nil for a first start.
    var delaySeconds: Double?
    var logPath: String
    var terminationMessagePolicy: String
    var cgroupsPath: String
    /// The sandbox that it was started in.
    var sandboxID: String?

    /// Stands for a record that is on disk and cannot be read, for as long as that lasts.
    static func unreadable(_ identity: ContainerIdentity, _ paths: AttemptPaths) -> AttemptRecord {
        AttemptRecord(
            identity: identity, id: identity.id, bootID: "", createdAt: .distantPast, image: "", imageID: "",
            delaySeconds: nil, logPath: paths.log, terminationMessagePolicy: "File", cgroupsPath: "")
    }
}

/// How one start ended; written once, then never changed.
struct Termination: Codable, Sendable, Equatable {
    var exitCode: Int
    var reason: String
    var message: String?
    var startedAt: Date?
    var finishedAt: Date
    var containerID: String
}

/// What this agent sees of a container's newest start.
struct ContainerObservation: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        /// Recorded, and surely not run: may be made again under the same number.
        case prepared
        case running(since: Date)
        case exited(Termination)
    }
    var record: AttemptRecord
    var phase: Phase
    /// How the start before this one ended.
    var previous: Termination?

    var attempt: Int { record.identity.attempt }
    var isRunning: Bool { if case .running = phase { true } else { false } }
    var termination: Termination? { if case .exited(let termination) = phase { termination } else { nil } }
}

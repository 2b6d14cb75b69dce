import Foundation
import Glibc
import KubernetesTypes

/// A device file, as the kernel and the container's specification name it.
struct DeviceNode: Sendable, Equatable {
    var path: String
    var major: Int
    var minor: Int

    /// nil where there is no character device of that name.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFCHR else { return nil }
        let number = status.st_rdev
        self.init(
            path: path, major: Int((number >> 8) & 0xfff | (number >> 32) & ~0xfff),
            minor: Int(number & 0xff | (number >> 12) & ~0xff))
    }

    init(path: String, major: Int, minor: Int) {
        self.path = path
        self.major = major
        self.minor = minor
    }
}

/// Hands out the node's graphics cards, each to one pod at a time. What a pod holds is in its folder on disk, so the next agent
/// knows it too, and it is free when the pod gives back its network and volumes.
actor DeviceStore {
    static let resource = "nvidia.com/gpu"

    private let layout: DiskLayout
    private let devices: [String]

    init(layout: DiskLayout, devices: [String]) {
        self.layout = layout
        self.devices = devices
    }

    /// The cards of a container that asks for some.
    /// - Throws: `CreateContainerConfigError` where too few are free; the start is tried again.
    func cards(of container: Container, in pod: Pod) throws -> [String] {
        let limits = container.resources?.limits ?? container.resources?.requests ?? [:]
        guard let count = limits[Self.resource]?.roundedUp, count > 0 else { return [] }
        var assignment = DeviceAssignment(held: try recorded())
        let inits = Set((pod.spec.initContainers ?? []).filter { !$0.isSidecar }.map(\.name))
        guard
            let cards = assignment.assign(
                count, to: container.name, of: pod.uid, initContainers: inits, among: devices)
        else {
            throw NodeAgentError(
                .createContainerConfig,
                "\(count) of the node's \(devices.count) GPUs are wanted and \(assignment.freeCount(among: devices)) are free; "
                    + "the container waits until another pod gives them back")
        }
        try Files.writeDurably(json: assignment.held[pod.uid] ?? [:], to: layout.devices(pod.uid))
        return cards
    }

    /// Nothing of the pod runs any more.
    func release(podUID: String) { Files.remove(layout.devices(podUID)) }

    private func recorded() throws -> [String: [String: [String]]] {
        try Files.list(layout.pods).reduce(into: [:]) { held, uid in
            let path = layout.devices(uid)
            guard Files.exists(path) else { return }
            guard let devices = Files.decode([String: [String]].self, from: path) else {
                throw NodeAgentError(.createContainerConfig, "\(path), which says which GPUs are taken, cannot be read")
            }
            held[uid] = devices
        }
    }
}

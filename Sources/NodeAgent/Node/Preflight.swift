import Foundation
import Glibc

/// Whether this machine can run pods, asked once at start and answered with what to do.
enum Preflight {
    static func check(_ configuration: NodeConfiguration) throws {
        guard geteuid() == 0 else {
            throw NodeAgentError(
                .notPrivileged,
                "running pods needs root for mounts and network namespaces on this machine; start it with sudo, or run the other "
                    + "parts alone and join a cluster with nodes (apus operator --kubeconfig FILE)")
        }
        let needed = [
            "/usr/sbin/runc": "runc", "/usr/bin/conmon": "conmon",
            configuration.network.pluginDirectory + "/bridge": "containernetworking-plugins", "/usr/sbin/nft": "nftables",
            "/usr/sbin/ip": "iproute2",
        ]
        let missing = needed.filter { !Files.exists($0.key) }
        guard missing.isEmpty else {
            throw NodeAgentError(
                .commandMissing,
                "missing: \(missing.keys.sorted().joined(separator: ", ")); on Debian: apt-get install "
                    + Set(missing.values).sorted().joined(separator: " "))
        }
        guard AddressRange(configuration.network.podCIDR) != nil, AddressRange(configuration.serviceCIDR) != nil else {
            throw NodeAgentError(.invalid, "pod and service ranges must be IPv4 ranges such as 10.88.0.0/16")
        }
        for taint in configuration.taints where NodeDescription.taint(taint) == nil {
            throw NodeAgentError(.invalid, "the taint \"\(taint)\" is not of the form key=value:NoSchedule")
        }
    }

    /// One agent for a data directory: two would both believe that they alone start containers.
    static func lock(_ configuration: NodeConfiguration) throws -> Int32 {
        try Files.makeDirectory(configuration.dataDirectory, mode: 0o711)
        let path = configuration.dataDirectory + "/agent.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw NodeAgentError(.invalid, "cannot open \(path): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw NodeAgentError(
                .invalid, "another node agent uses \(configuration.dataDirectory); stop it, or give this one another --data")
        }
        return descriptor
    }

    static func unlock(_ descriptor: Int32) { close(descriptor) }
}

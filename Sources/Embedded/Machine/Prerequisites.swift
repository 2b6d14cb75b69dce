import Foundation

/// What the machine must have for an embedded cluster.
enum Prerequisites {
    struct Program: Sendable, Hashable {
        var name: String
        /// Debian's package.
        var package: String
        /// Places other than the search path.
        var path: String?
    }

    static let programs = [
        Program(name: "runc", package: "runc"), Program(name: "conmon", package: "conmon"),
        Program(name: "bridge plugin", package: "containernetworking-plugins", path: "/usr/lib/cni/bridge"),
        Program(name: "skopeo", package: "skopeo"), Program(name: "umoci", package: "umoci"),
        Program(name: "prometheus", package: "prometheus"), Program(name: "nft", package: "nftables"),
        Program(name: "ip", package: "iproute2"),
    ]

    static func missing(_ programs: [Program] = programs) -> [Program] { programs.filter { find($0) == nil } }

    /// Where a program is; sbin folders are searched even when the user's path lacks them.
    static func find(_ program: Program) -> String? {
        if let path = program.path { return Files.exists(path) ? path : nil }
        let own = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (own + ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]).lazy.map { "\($0)/\(program.name)" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    /// - Throws: ``EmbeddedError`` with the command that helps.
    static func check() throws {
        guard geteuid() == 0 else {
            throw EmbeddedError(
                .notPrivileged,
                "apus up runs pods as containers, which needs root on this machine; run it with sudo (and the same --data each time)"
            )
        }
        let missing = missing()
        guard missing.isEmpty else {
            throw EmbeddedError(
                .missingPrograms,
                "not installed: \(missing.map(\.name).joined(separator: ", ")). Run: apt-get install "
                    + Set(missing.map(\.package)).sorted().joined(separator: " "))
        }
    }
}

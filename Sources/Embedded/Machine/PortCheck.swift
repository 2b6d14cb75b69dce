import Foundation

/// Whether the ports that the parts listen at are free, found out before anything is started.
enum PortCheck {
    struct Port: Sendable, Hashable {
        var purpose: String
        var flag: String
        var number: Int
    }

    static func ports(of settings: ClusterSettings) -> [Port] {
        [
            Port(purpose: "API server", flag: "--port", number: settings.port),
            Port(purpose: "gateway", flag: "--gateway-port", number: settings.gatewayPort),
            Port(purpose: "Prometheus", flag: "--prometheus-port", number: settings.prometheusPort),
            Port(purpose: "node agent", flag: "--kubelet-port", number: settings.kubeletPort),
        ]
    }

    /// - Throws: ``EmbeddedError`` `portInUse`, naming who has the port and the flag to change.
    static func check(_ ports: [Port]) throws {
        for port in ports where !isFree(port.number) {
            let owner = PortOwner.find(port.number).map { "process \($0.pid) (\($0.name))" } ?? "another process"
            throw EmbeddedError(
                .portInUse,
                "port \(port.number), where the \(port.purpose) should listen, is taken by \(owner); stop it, or choose another port with "
                    + port.flag)
        }
    }

    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        // As servers do: connections of an earlier run that are still closing do not count.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Which process listens at a port, from `/proc`.
enum PortOwner {
    static func find(_ port: Int) -> (pid: Int32, name: String)? {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap(Files.text)
        let sockets = Set(tables.flatMap { listeners(at: port, in: $0) })
        guard !sockets.isEmpty else { return nil }
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = Int32(entry) else { continue }
            let folder = "/proc/\(pid)/fd"
            for descriptor in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)"),
                    sockets.contains(target)
                else { continue }
                let name = (Files.text("/proc/\(pid)/comm") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
                return (pid, name)
            }
        }
        return nil
    }

    /// Links such as `socket:[4711]` of the sockets that listen at a port.
    static func listeners(at port: Int, in table: String) -> [String] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count > 9, fields[3] == "0A", let hex = fields[1].split(separator: ":").last, Int(hex, radix: 16) == port
            else { return nil }
            return "socket:[\(fields[9])]"
        }
    }
}

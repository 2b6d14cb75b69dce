import Foundation
import Glibc
import KubernetesTypes

/// What the machine says of itself.
enum Machine {
    static var processors: Int {
        let count = ProcessInfo.processInfo.activeProcessorCount
        return max(1, count)
    }

    static var memoryBytes: Int { Int(ProcessInfo.processInfo.physicalMemory) }

    static var kernel: String {
        (Files.text("/proc/sys/kernel/osrelease") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }

    static var machineID: String {
        (Files.text("/etc/machine-id") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static var operatingSystem: String {
        let line = (Files.text("/etc/os-release") ?? "").split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
        return line.map { $0.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: ["\""]) } ?? "Linux"
    }

    /// How far a container may be spared when memory runs out: all the way, or as far as this process is where it may not lower
    /// the number.
    static let lowestOutOfMemoryScore: Int = {
        let resources: UInt64 = 1 << 24  // CAP_SYS_RESOURCE
        let status = (Files.text("/proc/self/status") ?? "").split(separator: "\n")
        let effective = status.first { $0.hasPrefix("CapEff:") }.flatMap { line in
            UInt64(line.dropFirst("CapEff:".count).trimmingCharacters(in: .whitespaces), radix: 16)
        }
        if let effective, effective & resources != 0 { return -1000 }
        return Files.text("/proc/self/oom_score_adj").flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? 0
    }()

    /// The address by which this machine reaches others, else the loopback address.
    static func address() -> String {
        guard let device = defaultDevice() else { return "127.0.0.1" }
        return interfaces().first { $0.name == device }?.address ?? "127.0.0.1"
    }

    /// An interface with one of its IPv4 addresses.
    struct Interface: Sendable, Equatable {
        var name: String
        var address: String
        var prefixLength: Int
    }

    static func interfaces() -> [Interface] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [Interface] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = number(entry.ifa_addr), let mask = number(entry.ifa_netmask) else { continue }
            let name = String(cString: entry.ifa_name)
            found.append(Interface(name: name, address: AddressRange.text(address), prefixLength: mask.nonzeroBitCount))
        }
        return found
    }

    private static func number(_ address: UnsafeMutablePointer<sockaddr>?) -> UInt32? {
        guard let address, address.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt32(bigEndian: $0.pointee.sin_addr.s_addr) }
    }

    private static func defaultDevice() -> String? {
        for line in (Files.text("/proc/net/route") ?? "").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: "\t")
            if fields.count > 1, fields[1] == "00000000" { return String(fields[0]) }
        }
        return nil
    }

    /// The packet size of the way out, so that pods do not send what must be split.
    static func mtu() -> Int {
        guard let device = defaultDevice(),
            let text = Files.text("/sys/class/net/\(device)/mtu"),
            let value = Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return 1500 }
        return value
    }

    /// NVIDIA cards by their device files.
    static var graphicsProcessors: [String] {
        Files.list("/dev").filter { name in
            name.hasPrefix("nvidia") && name.dropFirst(6).allSatisfy(\.isNumber) && name.count > 6
        }.map { "/dev/" + $0 }
    }

    /// The devices that every container with a card needs beside the card's own.
    static var graphicsControlDevices: [String] {
        ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset"].filter(Files.exists)
    }

    static var hostname: String {
        (Files.text("/proc/sys/kernel/hostname") ?? "localhost").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Free memory in bytes as the kernel estimates it.
    static var availableMemory: Int {
        let line = (Files.text("/proc/meminfo") ?? "").split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let number = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (number ?? 0) * 1024
    }
}

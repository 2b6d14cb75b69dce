public import Foundation

/// What tests need of the machine. Nothing is skipped where it is missing: the test fails and says what to run.
public enum Machine {
    /// Where a program lies; the folders of system programs are searched too.
    ///
    /// - Throws: ``MissingPrerequisite`` where it is not installed.
    public static func program(_ name: String) throws -> String {
        let own = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let places = (own + ["/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]).map { "\($0)/\(name)" }
        guard let found = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw MissingPrerequisite("the program \(name) is not installed: run hack/setup")
        }
        return found
    }

    /// A file or folder that something else has to have made.
    ///
    /// - Parameter remedy: what makes it, as a command or a sentence.
    /// - Throws: ``MissingPrerequisite`` where it is not there.
    @discardableResult
    public static func file(_ path: String, remedy: String = "run hack/setup") throws -> URL {
        guard FileManager.default.fileExists(atPath: path) else {
            throw MissingPrerequisite("\(path) is not there: \(remedy)")
        }
        return URL(filePath: path)
    }

    /// Containers, networks and mounts need root.
    public static func requireRoot() throws {
        guard geteuid() == 0 else { throw MissingPrerequisite("this test works with containers or mounts: run it as root") }
    }

    /// The program that `APUS_PROGRAM` names, or as it was last built for debugging in this checkout.
    public static func builtProgram(checkout: URL) throws -> URL {
        if let named = ProcessInfo.processInfo.environment["APUS_PROGRAM"], !named.isEmpty {
            return try file(named, remedy: "APUS_PROGRAM names it; run hack/build")
        }
        return try file(checkout.appending(path: ".build/debug/apus").path, remedy: "run swift build")
    }

    /// Ports of the loopback address that nobody listens at, all different.
    public static func freePorts(_ count: Int) throws -> [Int] {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard descriptor >= 0 else { throw MissingPrerequisite("no socket can be made: \(String(cString: strerror(errno)))") }
            // Held until all are known, so that none is given twice.
            descriptors.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            guard isBound else { throw MissingPrerequisite("no port is free: \(String(cString: strerror(errno)))") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }
}

/// The machine lacks something that a test needs.
public struct MissingPrerequisite: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// The OCI runtime specification's `config.json`, as far as this agent writes it.
struct RuntimeSpec: Codable, Sendable, Equatable {
    struct User: Codable, Sendable, Equatable {
        var uid: Int
        var gid: Int
        var additionalGids: [Int]?
    }
    struct Capabilities: Codable, Sendable, Equatable {
        var bounding: [String]
        var effective: [String]
        var permitted: [String]
    }
    struct ResourceLimit: Codable, Sendable, Equatable {
        var type: String
        var hard: Int
        var soft: Int
    }
    struct Process: Codable, Sendable, Equatable {
        var terminal = false
        var user: User
        var args: [String]
        var env: [String]
        var cwd: String
        var capabilities: Capabilities?
        var rlimits: [ResourceLimit]?
        var noNewPrivileges = false
        var oomScoreAdj: Int?
    }
    struct Root: Codable, Sendable, Equatable {
        var path: String
        var readonly: Bool
    }
    struct Mount: Codable, Sendable, Equatable {
        var destination: String
        var type: String
        var source: String
        var options: [String]
    }
    struct Namespace: Codable, Sendable, Equatable {
        var type: String
        var path: String?
    }
    struct DeviceRule: Codable, Sendable, Equatable {
        var allow: Bool
        var type: String?
        var major: Int?
        var minor: Int?
        var access: String?
    }
    struct Memory: Codable, Sendable, Equatable {
        var limit: Int?
        var swap: Int?
    }
    struct CPU: Codable, Sendable, Equatable {
        var shares: Int?
        var quota: Int?
        var period: Int?
    }
    struct Pids: Codable, Sendable, Equatable { var limit: Int }
    struct Resources: Codable, Sendable, Equatable {
        var devices: [DeviceRule]?
        var memory: Memory?
        var cpu: CPU?
        var pids: Pids?
    }
    struct Seccomp: Codable, Sendable, Equatable {
        struct Rule: Codable, Sendable, Equatable {
            var names: [String]
            var action: String
            var errnoRet: Int?
        }
        var defaultAction: String
        var architectures: [String]
        var syscalls: [Rule]
    }
    struct Linux: Codable, Sendable, Equatable {
        var namespaces: [Namespace]
        var cgroupsPath: String
        var resources: Resources
        var maskedPaths: [String]?
        var readonlyPaths: [String]?
        var sysctl: [String: String]?
        var seccomp: Seccomp?
        var rootfsPropagation: String?
    }

    var ociVersion = "1.0.2"
    var process: Process
    var root: Root
    var hostname: String?
    var mounts: [Mount]
    var linux: Linux
    var annotations: [String: String]?
}

import KubernetesTypes

/// Everything about one container that is decided before it is created: pure input to its OCI specification.
struct ContainerBlueprint: Sendable, Equatable {
    var container: Container
    var podSecurity: PodSecurityContext?
    var image: ImageConfiguration
    var rootPath: String
    var environment: [String]
    var arguments: [String]
    var hostname: String?
    var mounts: [RuntimeSpec.Mount] = []
    var user: RuntimeSpec.User
    var networkNamespace: String?
    /// The pid of the container whose process namespace is shared, if any.
    var processNamespace: String?
    var sharesHostProcesses = false
    var sharesHostIPC = false
    var ipcNamespace: String?
    var cgroupsPath: String
    var oomScoreAdjustment: Int
    var pidLimit: Int?
    var annotations: [String: String] = [:]
    /// Extra places of the machine's own root that the container must not read.
    var maskedPaths: [String] = []
    /// Device files of the machine that the container gets, and no other of their kind.
    var devices: [DeviceNode] = []
}

/// Turns a blueprint into an OCI runtime specification. Pure.
enum SpecBuilder {
    /// What containerd grants by default.
    static let defaultCapabilities = [
        "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
        "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
    ]
    static let allCapabilities =
        defaultCapabilities + [
            "CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_BLOCK_SUSPEND", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
            "CAP_DAC_READ_SEARCH", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_LEASE", "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",
            "CAP_MAC_OVERRIDE", "CAP_NET_ADMIN", "CAP_NET_BROADCAST", "CAP_PERFMON", "CAP_SYSLOG", "CAP_SYS_ADMIN",
            "CAP_SYS_BOOT", "CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO",
            "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM",
        ]

    static func spec(_ blueprint: ContainerBlueprint) -> RuntimeSpec {
        let security = blueprint.container.securityContext
        let isPrivileged = security?.privileged ?? false
        let granted = capabilities(security)
        // A process without uid 0 starts with no effective capabilities, as the kernel would have it after setuid.
        let effective = blueprint.user.uid == 0 ? granted : []
        let process = RuntimeSpec.Process(
            terminal: blueprint.container.tty ?? false, user: blueprint.user, args: blueprint.arguments,
            env: blueprint.environment,
            cwd: blueprint.container.workingDir.flatMap { $0.isEmpty ? nil : $0 } ?? blueprint.image.workingDirectory ?? "/",
            capabilities: .init(bounding: granted, effective: effective, permitted: effective),
            noNewPrivileges: !isPrivileged && security?.allowPrivilegeEscalation == false,
            oomScoreAdj: blueprint.oomScoreAdjustment)
        var namespaces: [RuntimeSpec.Namespace] = [.init(type: "mount")]
        if !blueprint.sharesHostProcesses { namespaces.append(.init(type: "pid", path: blueprint.processNamespace)) }
        if !blueprint.sharesHostIPC { namespaces.append(.init(type: "ipc", path: blueprint.ipcNamespace)) }
        if let path = blueprint.networkNamespace {
            namespaces += [.init(type: "network", path: path), .init(type: "uts")]
        }
        return RuntimeSpec(
            process: process,
            root: .init(path: blueprint.rootPath, readonly: security?.readOnlyRootFilesystem ?? false),
            hostname: blueprint.networkNamespace == nil ? nil : blueprint.hostname,
            mounts: systemMounts(blueprint, isPrivileged: isPrivileged) + blueprint.mounts,
            linux: .init(
                namespaces: namespaces, cgroupsPath: blueprint.cgroupsPath,
                resources: resources(blueprint, isPrivileged: isPrivileged),
                maskedPaths: isPrivileged || security?.procMount == "Unmasked"
                    ? nil : maskedProcPaths + blueprint.maskedPaths,
                readonlyPaths: isPrivileged || security?.procMount == "Unmasked" ? nil : readonlyProcPaths,
                sysctl: sysctls(blueprint),
                seccomp: isPrivileged ? nil : seccomp(security?.seccompProfile ?? blueprint.podSecurity?.seccompProfile),
                rootfsPropagation: "rslave"),
            annotations: blueprint.annotations)
    }

    /// The capabilities that the security context leaves: default, plus added, minus dropped.
    static func capabilities(_ security: SecurityContext?) -> [String] {
        if security?.privileged ?? false { return allCapabilities.sorted() }
        func normalised(_ name: String) -> String {
            let upper = name.uppercased()
            return upper.hasPrefix("CAP_") || upper == "ALL" ? upper : "CAP_" + upper
        }
        let added = (security?.capabilities?.add ?? []).map(normalised)
        let dropped = (security?.capabilities?.drop ?? []).map(normalised)
        var granted = dropped.contains("ALL") ? [] : Set(defaultCapabilities)
        if added.contains("ALL") { granted.formUnion(allCapabilities) }
        granted.formUnion(added.filter { allCapabilities.contains($0) })
        // Named additions win over "drop ALL", as upstream has it; named drops win over "add ALL".
        for name in dropped where name != "ALL" && !added.contains(name) { granted.remove(name) }
        return granted.sorted()
    }

    private static func sysctls(_ blueprint: ContainerBlueprint) -> [String: String]? {
        guard blueprint.networkNamespace != nil else { return nil }
        // Any user may listen on low ports and ping, as containerd and CRI-O configure it.
        var values = ["net.ipv4.ip_unprivileged_port_start": "0"]
        for sysctl in blueprint.podSecurity?.sysctls ?? [] { values[sysctl.name] = sysctl.value }
        return values
    }

    static func resources(_ blueprint: ContainerBlueprint, isPrivileged: Bool) -> RuntimeSpec.Resources {
        let limits = blueprint.container.resources?.limits ?? [:]
        let requests = blueprint.container.resources?.requests ?? [:]
        var cpu = RuntimeSpec.CPU()
        let requestMilli = (requests["cpu"] ?? limits["cpu"])?.milli ?? 0
        cpu.shares = max(2, min(262_144, requestMilli * 1024 / 1000))
        if let limit = limits["cpu"], !limit.isZero {
            cpu.period = 100_000
            cpu.quota = max(1000, limit.milli * 100)
        }
        var memory: RuntimeSpec.Memory?
        if let limit = limits["memory"], !limit.isZero {
            // Swap equal to the limit means no swap beyond it.
            memory = .init(limit: limit.roundedUp, swap: limit.roundedUp)
        }
        return .init(
            devices: isPrivileged ? [.init(allow: true, access: "rwm")] : deviceRules(blueprint.devices), memory: memory,
            cpu: cpu, pids: blueprint.pidLimit.map { .init(limit: $0) })
    }

    private static func deviceRules(_ devices: [DeviceNode]) -> [RuntimeSpec.DeviceRule] {
        [.init(allow: false, access: "rwm")]
            + devices.map { .init(allow: true, type: "c", major: $0.major, minor: $0.minor, access: "rw") }
    }

    private static func systemMounts(_ blueprint: ContainerBlueprint, isPrivileged: Bool) -> [RuntimeSpec.Mount] {
        let sysAccess = isPrivileged ? "rw" : "ro"
        var mounts: [RuntimeSpec.Mount] = [
            .init(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
            .init(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            .init(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            .init(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
            .init(destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", sysAccess]),
        ]
        if blueprint.networkNamespace == nil {
            // sysfs belongs to a network namespace; without one of its own the container sees the machine's.
            mounts[4] = .init(
                destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"])
        }
        for device in blueprint.devices {
            mounts.append(
                .init(
                    destination: device.path, type: "bind", source: device.path, options: ["bind", "rw", "nosuid", "noexec"]))
        }
        return mounts
    }

    private static let maskedProcPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
    ]
    private static let readonlyProcPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// `RuntimeDefault`: everything but the calls that change the machine. Unset means unconfined, as upstream has it.
    static func seccomp(_ profile: SeccompProfile?) -> RuntimeSpec.Seccomp? {
        guard profile?.type == "RuntimeDefault" else { return nil }
        return .init(
            defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"],
            syscalls: [
                .init(
                    names: [
                        "acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "create_module", "delete_module",
                        "fanotify_init", "finit_module", "get_kernel_syms", "init_module", "ioperm", "iopl", "kexec_file_load",
                        "kexec_load", "keyctl", "lookup_dcookie", "mount", "mount_setattr", "move_mount", "move_pages",
                        "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open", "pivot_root", "quotactl", "reboot",
                        "request_key", "setdomainname", "sethostname", "setns", "settimeofday", "stime", "swapoff", "swapon",
                        "syslog", "umount", "umount2", "unshare", "userfaultfd", "vhangup",
                    ], action: "SCMP_ACT_ERRNO", errnoRet: 1)
            ])
    }
}

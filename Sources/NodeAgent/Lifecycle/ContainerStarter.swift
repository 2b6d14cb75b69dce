import Foundation
import Glibc
import KubernetesTypes

/// Gathers what a container needs, decides its specification, and starts it.
struct ContainerStarter: Sendable {
    let context: NodeContext
    let pod: Pod

    private func facts(_ podIP: String) -> DownwardFacts {
        DownwardFacts(pod: pod, podIP: podIP, node: context.facts)
    }

    private func fetch(configMaps: Set<String>, secrets: Set<String>) async throws -> ReferencedObjects {
        var objects = ReferencedObjects()
        for name in configMaps {
            objects.configMaps[name] = try await context.cluster.configMap(namespace: pod.namespace, name: name)
        }
        for name in secrets {
            objects.secrets[name] = try await context.cluster.secret(namespace: pod.namespace, name: name)
        }
        return objects
    }

    /// Makes or refreshes all volumes of the pod.
    func prepareVolumes(podIP: String) async throws {
        for volume in pod.spec.volumes ?? [] {
            let references = VolumeContent.references(of: volume)
            let objects = try await fetch(configMaps: references.configMaps, secrets: references.secrets)
            var tokens: [VolumeContent.TokenWish: String] = [:]
            for wish in VolumeContent.tokens(of: volume) {
                tokens[wish] = try await TokenCache.shared.token(wish, for: pod, context: context)
            }
            let files = try VolumeContent.files(of: volume, objects: objects, tokens: tokens, facts: facts(podIP))
            do {
                try context.volumes.prepare(volume, of: pod, files: files)
            } catch let error as NodeAgentError where error.code == .mount {
                throw NodeAgentError(.mount, "MountVolume.SetUp failed for volume \"\(volume.name)\": \(error.message)")
            }
        }
    }

    private var hostname: String {
        pod.spec.hostNetwork ?? false
            ? Machine.hostname : PodFiles.hostname(pod: pod, domain: context.configuration.clusterDomain)
    }

    /// Writes the pod's own `/etc` files.
    func writeFiles(address: String) throws {
        let directory = context.layout.pod(pod.uid) + "/etc"
        try Files.makeDirectory(directory)
        let hosts =
            pod.spec.hostNetwork ?? false
            ? (Files.text("/etc/hosts") ?? "127.0.0.1\tlocalhost\n")
            : PodFiles.hosts(pod: pod, address: address, hostname: hostname, domain: context.configuration.clusterDomain)
        try Files.write(Array(hosts.utf8), to: directory + "/hosts", mode: 0o644)
        try Files.write(Array((hostname + "\n").utf8), to: directory + "/hostname", mode: 0o644)
        let resolver = PodFiles.resolver(pod: pod, dns: context.dns)
        try Files.write(Array(resolver.utf8), to: directory + "/resolv.conf", mode: 0o644)
    }

    static func cgroup(of pod: Pod, _ configuration: NodeConfiguration) -> String {
        "\(configuration.cgroupParent)/pod\(pod.uid)"
    }

    /// Starts one attempt. Nothing is recorded before everything that may be missing was found.
    func start(
        _ container: Container, attempt: Int, delay: Double?, image: ImageConfiguration, sandbox: Sandbox, attemptedAt: Date
    ) async throws {
        let identity = ContainerIdentity(podUID: pod.uid, name: container.name, attempt: attempt)
        let paths = context.layout.attempt(identity)
        let references = ContainerEnvironment.references(of: container)
        let objects: ReferencedObjects
        do {
            objects = try await fetch(configMaps: references.configMaps, secrets: references.secrets)
        } catch {
            throw NodeAgentError(.createContainerConfig, "cannot read what the environment refers to: \(error)")
        }
        let services = ContainerEnvironment.serviceVariables(
            await context.cluster.services(), namespace: pod.namespace, enabled: pod.spec.enableServiceLinks ?? true)
        let variables = try ContainerEnvironment.variables(
            of: container, image: image, services: services, objects: objects, facts: facts(sandbox.address))
        let values = Dictionary(variables, uniquingKeysWith: { $1 })
        var blueprint = ContainerBlueprint(
            container: container, podSecurity: pod.spec.securityContext, image: image, rootPath: paths.rootfs,
            environment: variables.map { "\($0.name)=\($0.value)" },
            arguments: try ContainerEnvironment.commandLine(of: container, image: image, values: values), hostname: hostname,
            user: try ContainerUserResolver.user(of: container, pod: pod, image: image),
            networkNamespace: sandbox.namespace, cgroupsPath: Self.cgroup(of: pod, context.configuration) + "/" + identity.id,
            oomScoreAdjustment: Self.outOfMemoryScore(
                pod, container, memory: context.facts.memory.roundedUp, lowest: Machine.lowestOutOfMemoryScore),
            pidLimit: context.configuration.pidLimit)
        blueprint.sharesHostProcesses = pod.spec.hostPID ?? false
        blueprint.sharesHostIPC = pod.spec.hostIPC ?? false
        blueprint.annotations = [
            "io.kubernetes.pod.name": pod.name, "io.kubernetes.pod.namespace": pod.namespace, "io.kubernetes.pod.uid": pod.uid,
            "io.kubernetes.container.name": container.name,
        ]
        if image.isHost {
            blueprint.maskedPaths = [
                "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/ssh", "/etc/ssl/private",
            ]
        }
        let cards = try await context.devices.cards(of: container, in: pod)
        if !cards.isEmpty {
            blueprint.devices = (cards + Machine.graphicsControlDevices).compactMap(DeviceNode.init)
            blueprint.environment.removeAll { $0.hasPrefix("NVIDIA_VISIBLE_DEVICES=") }
            blueprint.environment.append("NVIDIA_VISIBLE_DEVICES=\(DeviceAssignment.visibleDevices(cards))")
        }
        try Files.makeDirectory(paths.directory)
        try Files.write([], to: paths.terminationMessage, mode: 0o666)
        blueprint.mounts = try mounts(container, image: image, paths: paths, values: values)
        let record = AttemptRecord(
            identity: identity, id: identity.id, bootID: Files.bootID, createdAt: attemptedAt, image: container.image ?? "",
            imageID: image.imageID, delaySeconds: delay, logPath: paths.log,
            terminationMessagePolicy: container.terminationMessagePolicy ?? "File", cgroupsPath: blueprint.cgroupsPath,
            sandboxID: sandbox.id)
        try await context.runtime.start(
            record, spec: SpecBuilder.spec(blueprint), lower: image.rootPath, input: InputMode(container))
        discardOlder(container.name, keeping: attempt)
    }

    /// Only the newest attempt and the one before it are kept: its log is what `logs --previous` shows.
    private func discardOlder(_ name: String, keeping attempt: Int) {
        let directory = context.layout.container(pod.uid, name)
        for entry in Files.list(directory) {
            if let number = Int(entry), number < attempt - 1 { Files.remove(directory + "/" + entry) }
        }
    }

    private func mounts(
        _ container: Container, image: ImageConfiguration, paths: AttemptPaths, values: [String: String]
    ) throws -> [RuntimeSpec.Mount] {
        var result: [RuntimeSpec.Mount] = []
        if image.isHost { result += try hidden(paths) }
        let volumeMounts = container.volumeMounts ?? []
        let taken = Set(volumeMounts.map(\.mountPath))
        if !taken.contains("/dev/shm") {
            result.append(
                .init(
                    destination: "/dev/shm", type: "tmpfs", source: "shm",
                    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"]))
        }
        let own = context.layout.pod(pod.uid) + "/etc"
        for name in ["hosts", "hostname", "resolv.conf"] where !taken.contains("/etc/" + name) {
            result.append(
                .init(destination: "/etc/" + name, type: "bind", source: own + "/" + name, options: ["rbind", "rprivate", "rw"]))
        }
        let message = container.terminationMessagePath ?? "/dev/termination-log"
        result.append(
            .init(destination: message, type: "bind", source: paths.terminationMessage, options: ["rbind", "rprivate", "rw"]))
        // Parents before what is within them.
        for mount in volumeMounts.sorted(by: { $0.mountPath.utf8.count < $1.mountPath.utf8.count }) {
            guard let volume = pod.spec.volumes?.first(where: { $0.name == mount.name }) else {
                throw NodeAgentError(.createContainerConfig, "the pod has no volume \"\(mount.name)\"")
            }
            result.append(try context.volumes.mount(mount, of: volume, in: pod, variables: values))
        }
        return result
    }

    /// Empty directories over what a container of the machine's own root must not see.
    private func hidden(_ paths: AttemptPaths) throws -> [RuntimeSpec.Mount] {
        let places = HiddenPlaces.places(
            dataDirectory: context.layout.root, extra: context.configuration.hiddenPaths)
        return try places.enumerated().compactMap { index, place in
            guard Files.isDirectory(place.path) else { return nil }
            let source = paths.hidden + "/\(index)"
            try Files.makeDirectory(source, mode: place.mode)
            return .init(destination: place.path, type: "bind", source: source, options: ["rbind", "rprivate", "rw"])
        }
    }

    /// How readily the kernel kills the container when the machine is out of memory, as upstream computes it.
    static func outOfMemoryScore(_ pod: Pod, _ container: Container, memory: Int, lowest: Int) -> Int {
        switch StatusBuilder.qualityOfService(pod.spec) {
        // Without the capability CAP_SYS_RESOURCE nobody may be spared more than we are.
        case "Guaranteed": return max(-997, lowest)
        case "BestEffort": return 1000
        default:
            let request = container.resources?.requests?["memory"]?.roundedUp ?? 0
            return max(3, min(999, 1000 - 1000 * request / max(1, memory)))
        }
    }
}

/// What of the machine's own root is hidden from containers. Pure.
enum HiddenPlaces {
    struct Place: Sendable, Equatable {
        var path: String
        var mode: mode_t
    }

    static func places(dataDirectory: String, extra: [String]) -> [Place] {
        var places = [
            Place(path: "/root", mode: 0o700), Place(path: "/home", mode: 0o755), Place(path: "/tmp", mode: 0o1777),
            Place(path: "/var/tmp", mode: 0o1777), Place(path: "/run", mode: 0o755), Place(path: "/mnt", mode: 0o755),
            Place(path: "/media", mode: 0o755),
        ]
        for path in [dataDirectory, "/var/lib/apus"] + extra.sorted() {
            // Within a hidden place it is hidden already, and mounting there would show its name.
            let isCovered = places.contains { path == $0.path || path.hasPrefix($0.path + "/") }
            if !isCovered { places.append(Place(path: path, mode: 0o755)) }
        }
        return places
    }
}

/// Which user a container runs as.
enum ContainerUserResolver {
    /// - Throws: `CreateContainerConfigError` where the user is root and must not be, or has no entry in the image.
    static func user(of container: Container, pod: Pod, image: ImageConfiguration) throws -> RuntimeSpec.User {
        let security = container.securityContext
        let common = pod.spec.securityContext
        let named = try fromImage(image)
        let uid = security?.runAsUser ?? common?.runAsUser ?? named.uid
        let gid = security?.runAsGroup ?? common?.runAsGroup ?? (security?.runAsUser ?? common?.runAsUser == nil ? named.gid : 0)
        if security?.runAsNonRoot ?? common?.runAsNonRoot ?? false, uid == 0 {
            throw NodeAgentError(
                .createContainerConfig,
                "container has runAsNonRoot and image will run as root (pod: \"\(pod.name)_\(pod.namespace)(\(pod.uid))\", "
                    + "container: \(container.name)); set securityContext.runAsUser to a user other than 0")
        }
        let groups = Set((common?.supplementalGroups ?? []) + [common?.fsGroup].compactMap { $0 })
        return .init(uid: uid, gid: gid, additionalGids: groups.isEmpty ? nil : groups.sorted())
    }

    private static func fromImage(_ image: ImageConfiguration) throws -> (uid: Int, gid: Int) {
        guard let text = image.user else { return (0, 0) }
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        let users = Files.text(image.rootPath + "/etc/passwd") ?? ""
        let groups = Files.text(image.rootPath + "/etc/group") ?? ""
        guard let user = lookUp(parts[0], in: users) else {
            throw NodeAgentError(.createContainerConfig, "the image's user \"\(parts[0])\" is not in its /etc/passwd")
        }
        var gid = user.gid ?? 0
        if parts.count > 1 {
            guard let group = lookUp(parts[1], in: groups) else {
                throw NodeAgentError(.createContainerConfig, "the image's group \"\(parts[1])\" is not in its /etc/group")
            }
            gid = group.id
        }
        return (user.id, gid)
    }

    /// An entry of `/etc/passwd` or `/etc/group` by name or number; a bare number needs no entry.
    static func lookUp(_ name: String, in file: String) -> (id: Int, gid: Int?)? {
        for line in file.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > 3 || fields.count == 3, let id = Int(fields[2]) else { continue }
            if String(fields[0]) == name || String(fields[2]) == name { return (id, fields.count > 3 ? Int(fields[3]) : nil) }
        }
        return Int(name).map { ($0, nil) }
    }
}

import Foundation
import KubernetesTypes

/// What an image says about how to run it, and where its files are.
struct ImageConfiguration: Codable, Sendable, Equatable {
    var imageID: String
    /// The directory that becomes the lower layer of each container's root.
    var rootPath: String
    var entrypoint: [String] = []
    var command: [String] = []
    var environment: [String] = []
    var workingDirectory: String?
    var user: String?
    var sizeBytes: Int = 0
    /// The machine's own root: its homes, temporary folders and this agent's data are hidden from containers.
    var isHost = false
}

/// Brings images to the node (`skopeo`), unpacks each once (`umoci`) and remembers what is here.
actor ImageStore {
    /// This name stands for the machine's own root file system.
    static let hostImage = "localhost/host"

    private let layout: DiskLayout
    private let insecureRegistries: [String]
    private let allowsLocalArchives: Bool
    private var index: [String: ImageConfiguration]
    /// When each unpacked image was last asked for, by its path; those from before this agent count from its start.
    private var lastUsed: [String: Date] = [:]
    private let startedAt: Date
    private let now: @Sendable () -> Date

    init(
        layout: DiskLayout, insecureRegistries: [String], allowsLocalArchives: Bool,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.now = now
        startedAt = now()
        self.layout = layout
        self.insecureRegistries = insecureRegistries
        self.allowsLocalArchives = allowsLocalArchives
        index = Files.decode([String: ImageConfiguration].self, from: layout.images + "/index.json") ?? [:]
    }

    /// The image if it is here already.
    func present(_ name: String) -> ImageConfiguration? {
        if Self.isHost(name) {
            return ImageConfiguration(
                imageID: Self.hostImage, rootPath: "/",
                environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], isHost: true)
        }
        guard let found = index[name], Files.isDirectory(found.rootPath) else { return nil }
        lastUsed[found.rootPath] = now()
        return found
    }

    /// The images on this node, by name, for the node's status.
    func all() -> [String: ImageConfiguration] { index }

    static func isHost(_ name: String) -> Bool { name == hostImage || name.hasPrefix(hostImage + ":") }

    /// Fetches and unpacks an image.
    /// - Parameter credentials: a file in the format of `~/.docker/config.json`, if the pod names pull secrets.
    /// - Throws: `ErrImagePull`, `InvalidImageName`, with what to do.
    func pull(_ name: String, credentials: String?) async throws -> ImageConfiguration {
        if let host = present(name), host.isHost { return host }
        let source = try ImageReference.source(of: name, allowsLocalArchives: allowsLocalArchives)
        guard Files.isDirectory(layout.incoming) else {
            throw NodeAgentError(.imagePull, "the node's image folder \(layout.images) is gone")
        }
        let incoming = layout.incoming + "/" + UUID().uuidString
        defer { Files.remove(incoming) }
        var arguments = ["copy", "--insecure-policy", "--override-os", "linux", "--retry-times", "1"]
        if let registry = source.registry, insecureRegistries.contains(registry) {
            arguments.append("--src-tls-verify=false")
        }
        if let credentials, source.registry != nil { arguments += ["--src-authfile", credentials] }
        let copy = Command(
            program: "skopeo", arguments: arguments + [source.transport, "oci:\(incoming)/layout:image"], timeout: .seconds(3600))
        do {
            try Files.makeDirectory(incoming)
            try await copy.check(.imagePull)
        } catch let error as NodeAgentError {
            throw NodeAgentError(error.code, Self.advice(name, source: source, error: error))
        }
        let image = try await unpack(incoming)
        index[name] = image
        lastUsed[image.rootPath] = now()
        try Files.writeDurably(json: index, to: layout.images + "/index.json")
        return image
    }

    // MARK: Taking away

    /// Every unpacked image with what decides whether it goes.
    func candidates(inUse ids: Set<String>, now: Date) -> [ImageCollection.Candidate] {
        let named = Set(index.values.map(\.rootPath))
        return Files.list(layout.images).filter { $0.hasPrefix("sha256-") }.map { name in
            let path = layout.images + "/" + name
            return ImageCollection.Candidate(
                rootPath: path, sizeBytes: Files.size(path), lastUsed: lastUsed[path] ?? startedAt,
                isInUse: ids.contains(name.replacing("sha256-", with: "sha256:")), isNamed: named.contains(path))
        }
    }

    /// Takes an image away, its names first, so that nobody begins with half of it.
    /// - Parameter isNeeded: asked of the image's id at the last moment.
    /// - Returns: false where it was used meanwhile.
    func remove(_ image: ImageCollection.Candidate, unless isNeeded: (String) -> Bool) -> Bool {
        let used = lastUsed[image.rootPath] ?? startedAt
        let id = (image.rootPath as NSString).lastPathComponent.replacing("sha256-", with: "sha256:")
        guard used == image.lastUsed, !isNeeded(id) else { return false }
        index = index.filter { $0.value.rootPath != image.rootPath }
        do {
            try Files.writeDurably(json: index, to: layout.images + "/index.json")
        } catch {
            // The disk may be that full. A name that leads nowhere is found out when it is next asked for.
        }
        lastUsed[image.rootPath] = nil
        let grave = layout.incoming + "/" + UUID().uuidString
        if rename(image.rootPath, grave) == 0 { Files.remove(grave) } else { Files.remove(image.rootPath) }
        return true
    }

    private func unpack(_ incoming: String) async throws -> ImageConfiguration {
        let layoutPath = incoming + "/layout"
        let manifestDigest = try Self.manifestDigest(layoutPath)
        let configuration = try Self.configuration(layoutPath, manifest: manifestDigest)
        let target = layout.images + "/" + configuration.digest.replacing(":", with: "-")
        if !Files.isDirectory(target) {
            try await Command(
                program: "umoci", arguments: ["raw", "unpack", "--image", layoutPath + ":image", incoming + "/rootfs"],
                timeout: .seconds(1800)
            ).check(.imagePull)
            guard rename(incoming + "/rootfs", target) == 0 || Files.isDirectory(target) else {
                throw NodeAgentError(.imagePull, "cannot keep the unpacked image at \(target)")
            }
        }
        let config = configuration.file.config
        return ImageConfiguration(
            imageID: configuration.digest, rootPath: target, entrypoint: config?.Entrypoint ?? [], command: config?.Cmd ?? [],
            environment: config?.Env ?? [],
            workingDirectory: config?.WorkingDir.flatMap { $0.isEmpty ? nil : $0 },
            user: config?.User.flatMap { $0.isEmpty ? nil : $0 }, sizeBytes: configuration.size)
    }

    private struct Descriptor: Codable {
        var digest: String
        var size: Int
    }
    private struct Index: Codable { var manifests: [Descriptor] }
    private struct Manifest: Codable {
        var config: Descriptor
        var layers: [Descriptor]
    }
    private struct ConfigurationFile: Codable {
        struct Config: Codable {
            var Entrypoint: [String]?
            var Cmd: [String]?
            var Env: [String]?
            var WorkingDir: String?
            var User: String?
        }
        var config: Config?
    }

    private static func blob(_ layout: String, _ digest: String) -> String {
        layout + "/blobs/" + digest.replacing(":", with: "/")
    }

    private static func manifestDigest(_ layout: String) throws -> String {
        guard let index = Files.decode(Index.self, from: layout + "/index.json"), let first = index.manifests.first else {
            throw NodeAgentError(.imagePull, "the copied image has no manifest")
        }
        return first.digest
    }

    private static func configuration(
        _ layout: String, manifest digest: String
    ) throws -> (digest: String, file: ConfigurationFile, size: Int) {
        guard let manifest = Files.decode(Manifest.self, from: blob(layout, digest)),
            let file = Files.decode(ConfigurationFile.self, from: blob(layout, manifest.config.digest))
        else { throw NodeAgentError(.imagePull, "the copied image has no readable configuration") }
        return (manifest.config.digest, file, manifest.layers.map(\.size).reduce(0, +))
    }

    private static func advice(_ name: String, source: ImageReference, error: NodeAgentError) -> String {
        let text = error.message.lowercased()
        let advice =
            if text.contains("no such host") || text.contains("connection refused") || text.contains("i/o timeout")
                || text.contains("network is unreachable")
            {
                "the registry \(source.registry ?? "") cannot be reached from this node; check the network, or use an image "
                    + "that is here (localhost/host is the machine's own root)"
            } else if text.contains("unauthorized") || text.contains("denied") || text.contains("authentication") {
                "the registry wants credentials, or has no such image; check the name and the pod's imagePullSecrets"
            } else if text.contains("manifest unknown") || text.contains("not found") || text.contains("no such file") {
                "there is no such image; check its name and tag"
            } else if text.contains("http response to https") || text.contains("certificate") {
                "the registry does not speak trusted TLS; name it with --insecure-registry if that is meant"
            } else {
                "see the registry's answer"
            }
        return "failed to pull image \"\(name)\": \(advice) (\(error.message))"
    }
}

/// An image's name, made into what `skopeo` reads from.
struct ImageReference: Sendable, Equatable {
    var transport: String
    var registry: String?

    static func source(of name: String, allowsLocalArchives: Bool) throws -> ImageReference {
        for prefix in ["oci:", "oci-archive:", "docker-archive:", "dir:"] where name.hasPrefix(prefix) {
            guard allowsLocalArchives else {
                throw NodeAgentError(.invalidImageName, "images from local archives (\(prefix)…) are switched off on this node")
            }
            return ImageReference(transport: name, registry: nil)
        }
        let bare = name.hasPrefix("docker://") ? String(name.dropFirst(9)) : name
        let valid = bare.range(
            of: #"^[a-z0-9A-Z.\-_/:\[\]]+(:[A-Za-z0-9_.\-]+)?(@sha256:[a-f0-9]{64})?$"#, options: .regularExpression)
        guard valid != nil, !bare.isEmpty, !bare.hasSuffix(":"), !bare.hasSuffix("/") else {
            throw NodeAgentError(.invalidImageName, "\"\(name)\" is not an image name such as registry.example/team/app:1.2")
        }
        let first = bare.split(separator: "/").first.map(String.init) ?? ""
        let hasRegistry = bare.contains("/") && (first.contains(".") || first.contains(":") || first == "localhost")
        // A tag beside a digest says nothing more, and skopeo refuses the pair.
        var reference = bare
        if let at = bare.firstIndex(of: "@"), let colon = bare[..<at].lastIndex(of: ":"),
            bare[colon...].firstIndex(of: "/") == nil
        {
            reference = String(bare[..<colon]) + String(bare[at...])
        }
        return ImageReference(transport: "docker://" + reference, registry: hasRegistry ? first : "docker.io")
    }

    /// `Always` for the tag `latest` or none, else `IfNotPresent`.
    static func defaultPolicy(_ name: String) -> String {
        if ImageStore.isHost(name) { return "IfNotPresent" }
        if name.contains("@") { return "IfNotPresent" }
        let last = name.split(separator: "/").last ?? ""
        guard let colon = last.lastIndex(of: ":") else { return "Always" }
        return last[last.index(after: colon)...] == "latest" ? "Always" : "IfNotPresent"
    }
}

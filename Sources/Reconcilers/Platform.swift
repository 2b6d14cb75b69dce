import KubernetesTypes

/// How the place that Apus runs in is set up: what an operator is told once, and every plan needs.
public struct Platform: Sendable, Hashable {
    /// The artifact store: `file:///var/lib/apus/artifacts`.
    public var store: String
    /// Runs `apus` in pods.
    public var program: Program
    /// Base of the gateway's addresses: `http://127.0.0.1:8088`.
    public var gatewayURL: String
    /// Prometheus that monitors ask unless they name another.
    public var prometheusURL: String?
    /// Folders of nodes below which `file:` inputs and base models may lie.
    public var allowedFileRoots: [String]

    public struct Program: Sendable, Hashable {
        public var image: String
        /// First words of the command line, to which subcommands are added.
        public var command: [String]
        /// Folder of the node that holds the program, where it is not part of the image; mounted at its own path.
        public var hostFolder: String?

        public init(image: String, command: [String], hostFolder: String? = nil) {
            self.image = image
            self.command = command
            self.hostFolder = hostFolder
        }
    }

    public init(
        store: String, program: Program, gatewayURL: String, prometheusURL: String? = nil, allowedFileRoots: [String] = []
    ) {
        self.store = store
        self.program = program
        self.gatewayURL = gatewayURL
        self.prometheusURL = prometheusURL
        self.allowedFileRoots = allowedFileRoots
    }

    /// The folder of a `file:` store, which pods mount.
    var storeFolder: String? { FilePath.path(of: store) }
}

extension Platform {
    /// Volume and mount that bring the program into a pod, where its image lacks it.
    func programVolume() -> (Volume, VolumeMount)? {
        guard let folder = program.hostFolder else { return nil }
        return (
            Volume(hostPath: HostPathVolumeSource(path: folder, type: "Directory"), name: "apus-program"),
            VolumeMount(mountPath: folder, name: "apus-program", readOnly: true)
        )
    }

    /// Volume and mount that bring a `file:` store into a pod at its own path.
    func storeVolume(readOnly: Bool) -> (Volume, VolumeMount)? {
        guard let folder = storeFolder else { return nil }
        return (
            Volume(hostPath: HostPathVolumeSource(path: folder, type: "DirectoryOrCreate"), name: "artifact-store"),
            VolumeMount(mountPath: folder, name: "artifact-store", readOnly: readOnly ? true : nil)
        )
    }
}

public import ApusAPI
import Crypto
import Foundation
import KubernetesTypes

/// What `apus train` makes of a few words: a TrainingJob.
public struct TrainingRequest: Sendable {
    public var model: String
    /// Name of the job; made of the model's where it is nil.
    public var name: String?
    public var runtime = "huggingface"
    /// A folder, `hf://…`, or the name of a ModelVersion.
    public var baseModel: String?
    /// Path or address by channel: training, validation, test, ….
    public var data: [(channel: String, source: String)] = []
    /// As `name=value`.
    public var hyperparameters: [String] = []
    public var gpus: Int?
    public var cpu: String?
    public var memory: String?
    public var replicas: Int?

    public init(model: String) { self.model = model }

    /// - Parameters:
    ///   - suffix: distinguishes the job from others of the model.
    ///   - address: the address by which pods find a local path.
    public func job(namespace: String?, suffix: String, address: (String) throws -> String) throws -> TrainingJob {
        guard data.contains(where: { $0.channel == "training" }) else {
            throw EmbeddedError(.invalidSetting, "training needs data: name a file with it")
        }
        var spec = TrainingJobSpec(
            runtimeRef: RuntimeReference(name: runtime), baseModel: try base(address),
            inputs: try data.map {
                InputChannel(name: $0.channel, uri: try Self.isAddress($0.source) ? $0.source : address($0.source))
            },
            hyperparameters: try settings(), output: TrainingOutput(model: model))
        spec.replicas = replicas
        var requests: [String: Quantity] = [:]
        for (name, text) in [("cpu", cpu), ("memory", memory)] {
            guard let text else { continue }
            guard let quantity = Quantity(text) else {
                throw EmbeddedError(.invalidSetting, "\"\(text)\" is not an amount of \(name) such as 2 or 4Gi")
            }
            requests[name] = quantity
        }
        if gpus != nil || !requests.isEmpty {
            spec.resources = TrainingResources(requests: requests.isEmpty ? nil : requests, gpus: gpus)
        }
        let metadata = ObjectMeta(name: name ?? "\(model)-\(suffix)", namespace: namespace)
        return TrainingJob(metadata: metadata, spec: spec)
    }

    private func base(_ address: (String) throws -> String) throws -> BaseModel? {
        guard let baseModel else { return nil }
        if Self.isAddress(baseModel) { return BaseModel(uri: baseModel) }
        return baseModel.contains("/") ? BaseModel(uri: try address(baseModel)) : BaseModel(modelVersion: baseModel)
    }

    private func settings() throws -> [String: IntOrString]? {
        var result: [String: IntOrString] = [:]
        for pair in hyperparameters {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw EmbeddedError(.invalidSetting, "\"\(pair)\" is not name=value, such as epochs=3")
            }
            result[parts[0]] = Int(parts[1]).map(IntOrString.int) ?? .string(parts[1])
        }
        return result.isEmpty ? nil : result
    }

    private static func isAddress(_ text: String) -> Bool { text.contains("://") }
}

/// Brings local files to where pods of the embedded cluster may read them.
public struct DataUpload: Sendable {
    private let paths: ClusterPaths
    private let say: @Sendable (String) -> Void

    public init(dataDirectory: String, say: @escaping @Sendable (String) -> Void) {
        paths = ClusterSettings(dataDirectory: dataDirectory).paths
        self.say = say
    }

    /// The address of a local file or folder; files elsewhere are copied below the cluster's examples, by their digest.
    public func address(of path: String) throws -> String {
        let url = URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath()
        let full = url.path(percentEncoded: false)
        let open = [paths.examples, paths.artifacts, "/opt/apus"]
        if open.contains(where: { full.hasPrefix($0 + "/") }) { return "file://\(full)" }
        guard let data = FileManager.default.contents(atPath: full) else {
            throw EmbeddedError(
                .fileAccess,
                Files.exists(full)
                    ? "\(full) is a folder; put it below \(paths.examples), where pods may read it" : "\(full) does not exist")
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: paths.root, isDirectory: &isFolder), isFolder.boolValue else {
            throw EmbeddedError(
                .notRunning,
                "\(full) cannot be brought to the cluster from here: there is no folder \(paths.root). Give an address that pods can read"
            )
        }
        let digest = SHA256.hash(data: data).prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let folder = "\(paths.examples)/uploads/\(digest)"
        let target = "\(folder)/\(url.lastPathComponent)"
        if !Files.exists(target) {
            try Files.makeFolder(folder, mode: 0o755)
            try Files.write(data, to: target, mode: 0o644)
            say("copied \(path) to \(target)")
        }
        return "file://\(target)"
    }
}

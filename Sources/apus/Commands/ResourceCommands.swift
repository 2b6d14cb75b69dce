import ArgumentParser
import Embedded
import Foundation
import KubernetesTypes

/// `apus apply`: server-side apply, for machines without kubectl.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Applies manifests, as kubectl apply --server-side does.",
        discussion: """
            Examples:
              apus apply -f manifests/runtimes/huggingface.yaml -f job.yaml
            """)

    @Option(name: .shortAndLong, help: "File of YAML or JSON documents; - reads standard input.", completion: .file())
    var file: [String]

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await connection.use { cluster in
            for path in file {
                for name in try await cluster.apply(try ManifestFile.text(path), namespace: connection.namespace) {
                    Terminal.say("\(name) applied")
                }
            }
        }
    }
}

/// `apus get`: objects as the server prints them, for machines without kubectl.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows objects, as kubectl get does.",
        discussion: """
            Examples:
              apus get tjob
              apus get apus                       all kinds of Apus
              apus get tjob,mver
              apus get infer -A -o wide
              apus get mver tickets-1 -o yaml
              apus get tjob tickets-season1 --field .status.phase --field .status.attempt
            """)

    @Argument(help: "Kind: tjob, modelversions, pods, …; or KIND,KIND, or KIND/NAME.", completion: Completion.kinds)
    var kind: String

    @Argument(help: "Name of one object.", completion: Completion.names)
    var name: String?

    @Option(name: .shortAndLong, help: "table, wide, json, yaml or name.")
    var output = ObjectFormat.table

    @Option(help: "Print only this field of the object, on a line of its own; may be repeated.")
    var field: [String] = []

    @Flag(name: [.customShort("A"), .long], help: "Objects of all namespaces.")
    var allNamespaces = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if allNamespaces, name != nil { throw ValidationError("An object is named within its namespace; -A lists all.") }
    }

    func run() async throws {
        try await connection.use { cluster in
            let targets = try await cluster.targets(kind, name: name)
            if output == .table || output == .wide, field.isEmpty { return try await showTables(targets, cluster) }
            var objects: [(type: ResourceType, object: DynamicObject)] = []
            for target in targets {
                let found =
                    if let name = target.name {
                        [try await cluster.get(target.type, name, namespace: connection.namespace)]
                    } else {
                        try await cluster.list(target.type, namespace: connection.namespace, isEverywhere: allNamespaces)
                    }
                objects += found.map { (target.type, $0) }
            }
            if !field.isEmpty {
                for (_, object) in objects {
                    for path in field { Terminal.say(try ClusterConnection.field(path, of: object.value)) }
                }
                return
            }
            try show(objects, isOne: targets.first?.name != nil)
        }
    }

    /// Of several kinds only those that there is something of.
    private func showTables(_ targets: [ClusterConnection.Target], _ cluster: ClusterConnection) async throws {
        var isFirst = true
        for target in targets {
            let lines = try await cluster.table(
                target.type, target.name, namespace: connection.namespace, isEverywhere: allNamespaces, isWide: output == .wide,
                showsKind: targets.count > 1)
            guard targets.count == 1 || lines.count > 1 else { continue }
            if !isFirst { Terminal.say("") }
            isFirst = false
            for line in lines { Terminal.say(line) }
        }
    }

    private func show(_ objects: [(type: ResourceType, object: DynamicObject)], isOne: Bool) throws {
        switch output {
        case .name:
            for (type, object) in objects {
                Terminal.say("\(type.kind.lowercased())\(type.group.isEmpty ? "" : ".\(type.group)")/\(object.name)")
            }
        case .yaml: for (_, object) in objects { Terminal.say("---\n" + (try YAML.string(object.value))) }
        case .json, .table, .wide:
            if isOne, let (_, object) = objects.first { return Terminal.say(JSONSerializer.string(object.value)) }
            let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(objects.map(\.object.value))]
            Terminal.say(JSONSerializer.string(list))
        }
    }
}

/// `apus delete`: for machines without kubectl.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes objects; what they own goes with them.",
        discussion: """
            Examples:
              apus delete tjob tickets-season1
              apus delete infer/tickets
              apus delete -f manifests/examples/tickets/inference-service.yaml
            """)

    @Argument(help: "Kind, or KIND/NAME.", completion: Completion.kinds)
    var kind: String?

    @Argument(help: "Name.", completion: Completion.names)
    var name: String?

    @Option(name: .shortAndLong, help: "What this file names, as far as it is there.", completion: .file())
    var file: [String] = []

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        let isNamed = name != nil || kind?.contains("/") == true
        if file.isEmpty != isNamed { throw ValidationError("Say KIND NAME, KIND/NAME, or -f FILE.") }
    }

    func run() async throws {
        try await connection.use { cluster in
            for path in file {
                let names = try await cluster.delete(try ManifestFile.text(path), namespace: connection.namespace)
                for name in names { Terminal.say("\(name) deleted") }
            }
            guard let kind else { return }
            for target in try await cluster.targets(kind, name: name) {
                guard let name = target.name else { continue }
                try await cluster.delete(target.type, name, namespace: connection.namespace)
                Terminal.say("\(target.type.kind.lowercased())/\(name) deleted")
            }
        }
    }
}

/// Manifests as people name them.
enum ManifestFile {
    /// - Parameter path: `-` is standard input.
    static func text(_ path: String) throws -> String {
        if path == "-" { return String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw EmbeddedError(.fileAccess, "\(path) cannot be read; does it exist?")
        }
        return String(decoding: data, as: UTF8.self)
    }
}

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
              apus get infer -A -o wide
              apus get mver tickets-1 -o yaml
              apus get tjob tickets-season1 --field .status.phase --field .status.attempt
            """)

    @Argument(help: "Kind: tjob, modelversions, pods, ….", completion: Completion.kinds)
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
            let type = try await cluster.type(named: kind)
            if output == .table || output == .wide, field.isEmpty {
                let lines = try await cluster.table(
                    type, name, namespace: connection.namespace, isEverywhere: allNamespaces, isWide: output == .wide)
                for line in lines { Terminal.say(line) }
                return
            }
            let objects: [DynamicObject] =
                if let name {
                    [try await cluster.get(type, name, namespace: connection.namespace)]
                } else {
                    try await cluster.list(type, namespace: connection.namespace, isEverywhere: allNamespaces)
                }
            if !field.isEmpty {
                for object in objects {
                    for path in field { Terminal.say(try ClusterConnection.field(path, of: object.value)) }
                }
                return
            }
            try show(objects, of: type)
        }
    }

    private func show(_ objects: [DynamicObject], of type: ResourceType) throws {
        let group = type.group.isEmpty ? "" : ".\(type.group)"
        switch output {
        case .name: for object in objects { Terminal.say("\(type.kind.lowercased())\(group)/\(object.name)") }
        case .yaml: for object in objects { Terminal.say("---\n" + (try YAML.string(object.value))) }
        case .json, .table, .wide:
            if name != nil, let object = objects.first { return Terminal.say(JSONSerializer.string(object.value)) }
            let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(objects.map(\.value))]
            Terminal.say(JSONSerializer.string(list))
        }
    }
}

/// `apus delete`: for machines without kubectl.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes an object; what it owns goes with it.",
        discussion: """
            Examples:
              apus delete tjob tickets-season1
            """)

    @Argument(help: "Kind.", completion: Completion.kinds)
    var kind: String

    @Argument(help: "Name.", completion: Completion.names)
    var name: String

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await connection.use { cluster in
            try await cluster.delete(try await cluster.type(named: kind), name, namespace: connection.namespace)
            Terminal.say("\(kind)/\(name) deleted")
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

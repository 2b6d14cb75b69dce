import ArgumentParser
import Embedded
import Foundation
import KubernetesTypes

/// Which API server is meant.
struct ConnectionOptions: ParsableArguments {
    @OptionGroup var cluster: DataOptions

    @Option(help: "Kubeconfig; that of the data folder where left out.")
    var kubeconfig: String?

    @Option(name: .shortAndLong, help: "Namespace.")
    var namespace: String?

    func use(_ body: (ClusterConnection) async throws -> Void) async throws {
        try await Failure.explained {
            let connection = try ClusterConnection(kubeconfig: kubeconfig, dataDirectory: cluster.data)
            do {
                try await body(connection)
            } catch {
                await connection.shutdown()
                throw error
            }
            await connection.shutdown()
        }
    }
}

/// `apus apply`: server-side apply, for machines without kubectl.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Applies manifests, as kubectl apply --server-side does.",
        discussion: """
            Examples:
              apus apply -f manifests/runtimes/huggingface.yaml -f manifests/examples/tickets/training-job.yaml
            """)

    @Option(name: .shortAndLong, help: "File of YAML or JSON documents; - reads standard input.")
    var file: [String]

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await connection.use { cluster in
            for path in file {
                let data =
                    path == "-"
                    ? FileHandle.standardInput.readDataToEndOfFile() : try Data(contentsOf: URL(filePath: path))
                for name in try await cluster.apply(String(decoding: data, as: UTF8.self), namespace: connection.namespace) {
                    Terminal.say("\(name) applied")
                }
            }
        }
    }
}

/// `apus get`: objects as the server prints them, for machines without kubectl.
struct GetCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, yaml
    }

    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows objects, as kubectl get does.",
        discussion: """
            Examples:
              apus get tjob
              apus get tjob tickets-season1 --field .status.phase --field .status.progress.percent
            """)

    @Argument(help: "Kind: tjob, modelversions, pods, ….")
    var kind: String

    @Argument(help: "Name of one object.")
    var name: String?

    @Option(name: .shortAndLong, help: "table, json or yaml.")
    var output = Format.table

    @Option(help: "Print only this field of the object, on a line of its own; may be repeated.")
    var field: [String] = []

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await connection.use { cluster in
            let type = try await cluster.type(named: kind)
            if output == .table, field.isEmpty {
                for line in try await cluster.table(type, name, namespace: connection.namespace) { Terminal.say(line) }
                return
            }
            let objects: [DynamicObject] =
                if let name {
                    [try await cluster.get(type, name, namespace: connection.namespace)]
                } else {
                    try await cluster.list(type, namespace: connection.namespace)
                }
            for object in objects {
                if !field.isEmpty {
                    for path in field { Terminal.say(ClusterConnection.field(path, of: object.value)) }
                } else {
                    let text = output == .json ? JSONSerializer.string(object.value) : "---\n" + (try YAML.string(object.value))
                    Terminal.say(text)
                }
            }
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

    @Argument(help: "Kind.")
    var kind: String

    @Argument(help: "Name.")
    var name: String

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await connection.use { cluster in
            try await cluster.delete(try await cluster.type(named: kind), name, namespace: connection.namespace)
            Terminal.say("\(kind)/\(name) deleted")
        }
    }
}

import ArgumentParser
import Embedded
import KubernetesTypes

/// `apus plan`: what would happen.
struct PlanCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, yaml, name
    }

    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows what would come of manifests, and writes nothing.",
        discussion: """
            The API server checks and completes the manifests as it would for apus apply, and the operator's own reconcilers plan
            them on what the cluster holds: the objects that would be made, the status, events, and when they would look again.
            Without a cluster, --offline plans on an empty one that is made in memory for the moment.

            Exit code 0 when things would go their way, 1 when a manifest is refused, 3 when one would stand still with a reason.

            Examples:
              apus plan -f manifests/examples/tickets/training-job.yaml
              apus plan -f job.yaml -o yaml
              apus plan -f manifests/runtimes/huggingface.yaml -f job.yaml --offline
            """)

    @Option(name: .shortAndLong, help: "File of YAML or JSON documents; - reads standard input.", completion: .file())
    var file: [String]

    @Option(name: .shortAndLong, help: "text, json, yaml, or name: the objects that would be made.")
    var output = Format.text

    @Flag(help: "Plan on an empty cluster instead of a running one.")
    var offline = false

    @OptionGroup var connection: ConnectionOptions

    @OptionGroup var logging: LoggingOptions

    func run() async throws {
        var isObstructed = false
        func show(_ planned: [PlannedObject]) throws {
            isObstructed = planned.contains { $0.obstacle != nil }
            switch output {
            case .text: for object in planned { for line in object.lines { Terminal.say(line) } }
            case .name: for object in planned { for name in object.madeNames { Terminal.say(name) } }
            case .yaml: for object in planned { Terminal.say("---\n" + (try YAML.string(object.document))) }
            case .json: Terminal.say(JSONSerializer.string(.array(planned.map(\.document))))
            }
        }
        let text = try file.map { try ManifestFile.text($0) }.joined(separator: "\n---\n")
        let logger = logging.logger("apus.plan")
        if offline {
            try await Failure.explained {
                let ahead = try LookAhead(dataDirectory: connection.cluster.data, logger: logger)
                try show(try await ahead.planOnNothing(text, namespace: connection.namespace))
            }
        } else {
            try await connection.use { cluster in
                let ahead = try LookAhead(dataDirectory: connection.cluster.data, logger: logger)
                try show(try await ahead.plan(text, on: cluster, namespace: connection.namespace))
            }
        }
        if isObstructed { throw ExitCode(3) }
    }
}

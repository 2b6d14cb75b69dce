import ArgumentParser
import Embedded
import KubernetesTypes

/// `apus status`: whether the cluster of this machine works.
struct StatusCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, wide, json, yaml
    }

    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Tells what runs and how it is.",
        discussion: """
            Exit code 0 when everything works, 1 when something does not, 3 when no cluster runs.

            Examples:
              apus status
              apus status -o json | jq .parts
            """)

    @OptionGroup var cluster: DataOptions

    @Option(name: .shortAndLong, help: "text, wide, json or yaml.")
    var output = Format.text

    func run() async throws {
        var code: Int32 = 0
        try await Failure.explained {
            let status = try await ClusterStatus.gather(dataDirectory: cluster.data)
            switch output {
            case .json: Terminal.say(JSONSerializer.string(status.document))
            case .yaml: Terminal.say(try YAML.string(status.document))
            case .text, .wide: for line in status.lines(isWide: output == .wide) { Terminal.say(line) }
            }
            code = status.exitCode
        }
        if code != 0 { throw ExitCode(code) }
    }
}

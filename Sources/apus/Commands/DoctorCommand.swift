import ArgumentParser
import Embedded
import KubernetesTypes

/// `apus doctor`: what this machine lacks, and what is wrong with its cluster.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks this machine and its cluster, and says what to do.",
        discussion: """
            One line a check. Exit code 1 when something is wrong.

            Examples:
              apus doctor
              apus doctor -o json | jq '.[] | select(.outcome == "wrong")'
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, yaml
    }

    @OptionGroup var cluster: DataOptions

    @Option(name: .shortAndLong, help: "text, json or yaml.")
    var output = Format.text

    func run() async throws {
        var isWell = true
        try await Failure.explained {
            let checks = try await Doctor(dataDirectory: cluster.data).examine()
            isWell = checks.allSatisfy { $0.outcome != .wrong }
            let document = JSONValue.array(checks.map(\.document))
            switch output {
            case .text: for check in checks { Terminal.say(check.line) }
            case .json: Terminal.say(JSONSerializer.string(document))
            case .yaml: Terminal.say(try YAML.string(document))
            }
        }
        if !isWell { throw ExitCode(1) }
    }
}

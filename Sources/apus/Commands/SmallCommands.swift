import ApusAPI
import ArgumentParser
import Embedded
import KubernetesTypes

/// `apus crds`: the kinds, for clusters other than the embedded one.
struct CRDsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crds", abstract: "Prints the CustomResourceDefinitions of Apus as YAML.",
        discussion: """
            Examples:
              apus crds | kubectl apply --server-side -f -
            """)

    func run() throws {
        let texts = try ApusAPI.definitions.map { try YAML.string($0.manifest) }
        Terminal.say(texts.joined(separator: "---\n"))
    }
}

/// `apus version`
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the version.",
        discussion: """
            Examples:
              apus version
              apus version -o json
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, yaml
    }

    @Option(name: .shortAndLong, help: "text, json or yaml.")
    var output = Format.text

    func run() throws {
        let document: JSONValue = ["version": .string(ProductVersion.current)]
        switch output {
        case .text: Terminal.say("apus \(ProductVersion.current)")
        case .json: Terminal.say(JSONSerializer.string(document))
        case .yaml: Terminal.say(try YAML.string(document))
        }
    }
}

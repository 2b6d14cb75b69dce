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
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    func run() { Terminal.say("apus \(ProductVersion.current)") }
}

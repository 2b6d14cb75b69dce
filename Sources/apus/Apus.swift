import ArgumentParser

/// The command line: parses, wires, runs. Everything it does is in the targets it imports.
@main
struct Apus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "Turns a labelled data set into a model in production, and keeps it good.",
        version: "0.1.0",
        subcommands: [
            APIServerCommand.self,
            ControllersCommand.self,
            AgentCommand.self,
            GatewayCommand.self,
            ServeCommand.self,
            NodeCommand.self,
        ]
    )
}

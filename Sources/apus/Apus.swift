import ArgumentParser
import Embedded

/// The command line: parses, wires, runs. Everything it does is in the targets it imports.
@main
struct Apus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "Turns a labelled data set into a model in production, and keeps it good.",
        version: ProductVersion.current,
        subcommands: [
            UpCommand.self,
            DownCommand.self,
            StatusCommand.self,
            DoctorCommand.self,
            APIServerCommand.self,
            ControllersCommand.self,
            OperatorCommand.self,
            AgentCommand.self,
            GatewayCommand.self,
            ServeCommand.self,
            NodeCommand.self,
            TrainCommand.self,
            PlanCommand.self,
            ApplyCommand.self,
            GetCommand.self,
            WaitCommand.self,
            LogsCommand.self,
            PredictCommand.self,
            PromoteCommand.self,
            DeleteCommand.self,
            CRDsCommand.self,
            VersionCommand.self,
        ]
    )
}

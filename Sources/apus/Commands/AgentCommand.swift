import ApusAPI
import ArgumentParser
import Foundation
import KubernetesClient
import KubernetesTypes
import Logging
import ServiceLifecycle
import TrainingAgent

/// The two containers that Apus puts beside a trainer.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Runs beside a trainer in a training pod.",
        discussion:
            "The operator starts these; their configuration is in the variable \(TrainingAgentConfiguration.environmentVariable).",
        subcommands: [Fetch.self, Run.self])

    struct Fetch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Brings data, base model and the last checkpoint in, then exits.")

        func run() async throws {
            let logger = Logger(label: "apus.agent.fetch")
            do {
                try await InputPreparation(configuration: try readConfiguration(), logger: logger).run()
            } catch {
                logger.error("\(error)")
                throw ExitCode(1)
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keeps checkpoints safe, tells progress and stores the model when the trainer has ended.")

        func run() async throws {
            let logger = Logger(label: "apus.agent")
            guard let pod = ProcessInfo.processInfo.environment["POD_NAME"] else {
                throw ValidationError("POD_NAME is not set: the agent runs in a pod that the operator makes.")
            }
            guard let connection = try ConnectionConfiguration.inCluster() else {
                throw ValidationError("There is no service account here: the agent runs in a pod that the operator makes.")
            }
            let client = try Client(connection, options: .init(userAgent: "apus-agent"))
            do {
                let agent = try TrainingAgent(
                    configuration: try readConfiguration(), client: client, podName: pod, logger: logger)
                let group = ServiceGroup(
                    configuration: .init(
                        services: [.init(service: agent, successTerminationBehavior: .gracefullyShutdownGroup)],
                        gracefulShutdownSignals: [.sigterm], logger: logger))
                try await group.run()
            } catch {
                logger.error("\(error)")
                try? await client.shutdown()
                throw ExitCode(1)
            }
            try await client.shutdown()
        }
    }
}

private func readConfiguration() throws -> TrainingAgentConfiguration {
    let name = TrainingAgentConfiguration.environmentVariable
    guard let text = ProcessInfo.processInfo.environment[name] else {
        throw ValidationError("\(name) is not set: the agent runs in a pod that the operator makes.")
    }
    return try JSONParser.parse(text).decode()
}

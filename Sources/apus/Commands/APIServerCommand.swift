import APIServer
import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle

/// `apus apiserver`: the embedded Kubernetes-compatible API server alone.
struct APIServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apiserver", abstract: "Runs the Kubernetes-compatible API server alone.",
        discussion: """
            Examples:
              apus apiserver --port 0                        in memory; says at which port
              apus apiserver --data DIR --token-file tokens.csv
            """)

    @Option(
        name: .customLong("data"),
        help: "Directory for database, certificates and kubeconfig. Without it everything is kept in memory.")
    var dataDirectory: String?

    @Option(help: "Port to listen at; 0 lets the system choose.")
    var port = 6443

    @Option(name: .customLong("bind-address"), help: "Address to listen at; may be given more than once.")
    var bindAddresses: [String] = ["127.0.0.1"]

    @Option(help: "Static tokens: lines of token,user,uid,\"group1,group2\".")
    var tokenFile: String?

    @Option(help: "Addresses that Services get.")
    var serviceRange = "10.96.0.0/16"

    func run() async throws {
        var logger = Logger(label: "apiserver") { PlainLogHandler(label: $0) }
        logger.logLevel = .notice
        var configuration = APIServer.Configuration()
        configuration.dataDirectory = dataDirectory.map { URL(filePath: $0) }
        configuration.port = port
        configuration.bindAddresses = bindAddresses
        configuration.tokenFile = tokenFile
        configuration.core.serviceRange = serviceRange
        let server = APIServer(configuration: configuration, logger: logger)
        let announcement = Task {
            let ready = try await server.ready()
            // Written at once: whoever started this waits for the line, and may read it through a pipe.
            var text = "listening at https://\(bindAddresses[0]):\(ready.port)\n"
            if let dataDirectory { text += "kubeconfig: \(dataDirectory)/kubeconfig\n" }
            FileHandle.standardOutput.write(Data(text.utf8))
        }
        defer { announcement.cancel() }
        try await ServiceGroup(
            services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
        ).run()
    }
}

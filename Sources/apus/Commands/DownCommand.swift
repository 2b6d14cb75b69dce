import ArgumentParser
import Embedded

/// `apus down`: stops everything of a cluster.
struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stops the cluster of this machine: control plane, pods, network, Prometheus.",
        discussion: """
            Works when apus up was killed, and when there is nothing to stop. What the cluster knows and stores stays for the
            next apus up, unless --purge is given.

            Examples:
              apus down
              apus down --purge               and forget models, jobs, artifacts
            """)

    @OptionGroup var cluster: DataOptions

    @Flag(help: "Remove the data folder as well.")
    var purge = false

    @OptionGroup var logging: LoggingOptions

    func run() async throws {
        try await Failure.explained {
            try await ClusterShutdown(dataDirectory: cluster.data, purges: purge, logger: logging.logger("apus")).run {
                Terminal.say($0)
            }
        }
    }
}

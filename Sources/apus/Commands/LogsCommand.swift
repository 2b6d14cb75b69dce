import ArgumentParser
import Embedded
import Foundation

/// `apus logs`: what a job, a service or a pod says.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Shows the log of a training job, a service or a pod.",
        discussion: """
            Of a training job it is the first replica's trainer, of its newest attempt; -f goes on with the next attempt and ends
            with the job.

            Examples:
              apus logs tickets -f
              apus logs tjob/tickets -c agent --attempt 1
              apus logs infer/tickets --tail 20
            """)

    @Argument(help: "tjob/NAME, infer/NAME, pod/NAME, or the name of a job or pod.", completion: Completion.targets)
    var target: String

    @Flag(name: .shortAndLong, help: "Go on as it is written.")
    var follow = false

    @Option(name: .shortAndLong, help: "Container; trainer for jobs, the first one for others.")
    var container: String?

    @Option(help: "Only so many lines from the end.")
    var tail: Int?

    @Option(help: "Attempt of a training job; the newest where left out.")
    var attempt: Int?

    @Option(help: "Replica of a training job.")
    var rank = 0

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        var options = LogReader.Options()
        (options.container, options.isFollowing, options.tailLines) = (container, follow, tail)
        (options.attempt, options.rank) = (attempt, rank)
        try await connection.use { [options] cluster in
            let reader = LogReader(cluster, namespace: connection.namespace, options: options)
            try await reader.read(target, note: { Terminal.note("apus: \($0)") }) { bytes in
                FileHandle.standardOutput.write(Data(bytes))
            }
        }
    }
}

import ArgumentParser
import Embedded

/// `apus doctor`: what this machine lacks, and what is wrong with its cluster.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks this machine and its cluster, and says what to do.",
        discussion: "One line a check. Exit code 1 when something is wrong.")

    @OptionGroup var cluster: DataOptions

    func run() async throws {
        var isWell = true
        try await Failure.explained {
            for check in try await Doctor(dataDirectory: cluster.data).examine() {
                Terminal.say(check.line)
                if check.outcome == .wrong { isWell = false }
            }
        }
        if !isWell { throw ExitCode(1) }
    }
}

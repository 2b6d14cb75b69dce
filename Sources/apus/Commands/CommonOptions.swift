import ArgumentParser
import Embedded
import Foundation
import Logging

/// Where the cluster lives.
struct DataOptions: ParsableArguments {
    @Option(
        name: .customLong("data"), help: ArgumentHelp("Folder that holds all of the cluster.", valueName: "dir"),
        completion: .directory)
    var data = "/var/lib/apus"
}

/// How much is told on standard error.
struct LoggingOptions: ParsableArguments {
    @Option(help: "What is logged: trace, debug, info, notice, warning, error.")
    var logLevel = LogLevel.warning

    func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { PlainLogHandler(label: $0) }
        logger.logLevel = logLevel.level
        return logger
    }
}

enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .warning }
}

/// Lines for people: time, level, message, then the metadata.
struct PlainLogHandler: LogHandler {
    let label: String
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard !Self.isShutdownNoise(event) else { return }
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let time = Date().formatted(.iso8601.time(includingFractionalSeconds: true).timeSeparator(.colon))
        let line = "\(time) \(Terminal.padded(event.level.rawValue, 7)) \(event.message)\(fields)\n"
        FileHandle.standardError.write(Data(line.utf8))
    }
}

extension PlainLogHandler {
    /// The HTTP server reports its own end as an error when its sockets were closed by cancelling it, which is how parts end here.
    static func isShutdownNoise(_ event: LogEvent) -> Bool {
        guard event.source == "HummingbirdCore" else { return false }
        let message = event.message.description
        return ["Server shutdown error: Already closed", "Waiting on child channel: CancellationError()"].contains {
            message.hasPrefix($0)
        }
    }
}

/// What people see on standard output.
enum Terminal {
    /// What a person follows while the result is still to come; on standard error, apart from the result.
    static func note(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    /// Whether standard error is a terminal, whose last line can be rewritten.
    static var isInteractive: Bool { isatty(2) == 1 }

    /// Columns of the terminal.
    static var width: Int {
        var size = winsize()
        return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 100
    }

    /// Writes at once, so that what follows the output through a pipe or a file sees it as it happens.
    static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func seconds(_ duration: Duration) -> String {
        let milliseconds = Int(duration / .milliseconds(1))
        return milliseconds < 1000 ? "\(milliseconds) ms" : "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }
}

/// Errors as one sentence and exit code 1; wrong usage is the parser's, with 2.
enum Failure {
    static func explained(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ExitCode {
            throw error
        } catch let error as ValidationError {
            throw error
        } catch {
            FileHandle.standardError.write(Data("apus: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }
}

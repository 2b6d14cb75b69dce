import ArgumentParser
import Embedded
import Foundation
import KubernetesTypes
import Synchronization

/// `apus wait`: until an object is as wished, with progress.
struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Waits until an object is as wished, and tells how it is meanwhile.",
        discussion: """
            What is said on the way goes to standard error. A job that has failed is not waited for any longer.

            Exit code 0 when it is as wished, 1 when it cannot become so any more, 3 when the time is up.

            Examples:
              apus wait tjob/tickets --for=jsonpath='{.status.phase}'=Succeeded --timeout 20m
              apus wait infer/tickets
              apus wait mver/tickets-1 --for=delete
            """)

    @Argument(help: "KIND/NAME.", completion: Completion.targets)
    var target: String

    @Option(name: .customLong("for"), help: "condition=TYPE[=STATUS], jsonpath={PATH}[=VALUE], create or delete.")
    var goal = "condition=Ready"

    @Option(help: "How long at most: 90s, 20m, 2h.")
    var timeout = "10m"

    @Option(name: .shortAndLong, help: "What is printed in the end: name, json or yaml.")
    var output = ObjectFormat.name

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let seconds = try DurationArgument.seconds(timeout)
        try await connection.use { cluster in
            let parts = target.split(separator: "/").map(String.init)
            guard parts.count == 2 else { throw ValidationError("Say what to wait for as KIND/NAME, such as tjob/tickets.") }
            let type = try await cluster.type(named: parts[0])
            let progress = ObjectProgress(target)
            do {
                try await cluster.wait(
                    for: try WaitGoal(goal), type, parts[1], namespace: connection.namespace, within: .seconds(seconds)
                ) { progress.show($0) }
            } catch let error as EmbeddedError where error.code == .timedOut {
                progress.end()
                Terminal.note("apus: \(error)")
                throw ExitCode(3)
            } catch {
                progress.end()
                throw error
            }
            progress.end()
            switch output {
            case .json: Terminal.say(JSONSerializer.string(progress.last?.value ?? .null))
            case .yaml: Terminal.say(try YAML.string(progress.last?.value ?? .null))
            case .name, .table, .wide: Terminal.say("\(target) is as wished (\(goal))")
            }
        }
    }
}

/// Follows an object on standard error: one line that is rewritten on a terminal, else a line for each change that matters.
final class ObjectProgress: Sendable {
    private struct State {
        var key: String?
        var text = ""
        var last: DynamicObject?
    }

    private let name: String
    private let state = Mutex(State())

    init(_ name: String) { self.name = name }

    var last: DynamicObject? { state.withLock { $0.last } }

    func show(_ object: DynamicObject?) {
        let text = "\(name)  \(ObjectSummary.text(object))"
        let key = ObjectSummary.key(object)
        let isNews = state.withLock { state in
            state.last = object ?? state.last
            defer { (state.key, state.text) = (key, text) }
            return Terminal.isInteractive ? state.text != text : state.key != key
        }
        guard isNews else { return }
        if Terminal.isInteractive {
            FileHandle.standardError.write(Data("\r\u{1B}[K\(text.prefix(Terminal.width - 1))".utf8))
        } else {
            Terminal.note(text)
        }
    }

    func end() { if Terminal.isInteractive, state.withLock({ $0.key != nil }) { Terminal.note("") } }
}

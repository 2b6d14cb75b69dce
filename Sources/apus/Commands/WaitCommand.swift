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
              apus wait tjob/tickets --for=condition=Complete --timeout 20m
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
            let last = try await cluster.follow(
                target, until: try WaitGoal(goal), type, parts[1], namespace: connection.namespace, within: .seconds(seconds))
            if try !output.printed(last?.value) { Terminal.say("\(target) is as wished (\(goal))") }
        }
    }
}

extension ClusterConnection {
    /// Waits with progress on standard error.
    ///
    /// - Parameters:
    ///   - title: what the lines of progress begin with.
    ///   - advice: added to what is said when the time is up.
    /// - Returns: the object as it was last seen.
    /// - Throws: `ExitCode` 3 when the time is up; what ``wait`` throws else.
    func follow(
        _ title: String, until goal: WaitGoal, _ type: ResourceType, _ name: String, namespace: String?, within limit: Duration,
        advice: String = ""
    ) async throws -> DynamicObject? {
        let progress = ObjectProgress(title)
        defer { progress.end() }
        do {
            try await wait(for: goal, type, name, namespace: namespace, within: limit) { progress.show($0) }
        } catch let error as EmbeddedError where error.code == .timedOut {
            progress.end()
            Terminal.note("apus: \(error)\(advice)")
            throw ExitCode(3)
        }
        return progress.last
    }
}

/// Follows an object on standard error: one line that is rewritten on a terminal, else a line for each change that matters.
private final class ObjectProgress: Sendable {
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

    /// Leaves the line that is rewritten as it is, and goes on below it. A second call does nothing.
    func end() {
        let wasShown = state.withLock { state in
            defer { state.key = nil }
            return state.key != nil
        }
        if Terminal.isInteractive, wasShown { Terminal.note("") }
    }
}

import ApusTesting
import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import Embedded

/// kubectl into pods, through a whole cluster: logs, commands, streams joined to a container's own.
@Suite(.serialized) struct KubectlTests {
    private struct Outcome {
        var status: Int32
        var output: String
        var error: String
    }

    @Test(.timeLimit(.minutes(4))) func kubectlReachesIntoPods() async throws {
        let settings = try ClusterTests.settings()
        let shutdown = ClusterShutdown(dataDirectory: settings.dataDirectory, purges: true, logger: ClusterTests.logger)
        let (group, task) = ClusterTests.start(settings)
        do {
            try await eventually("the cluster is ready", within: .seconds(60)) {
                let state = ClusterState.load(settings.paths)
                if state?.phase == .failed { throw EmbeddedError(.partFailed, state?.message ?? "") }
                return state?.phase == .ready
            }
            try examine(settings.paths.kubeconfig)
            await group.triggerGracefulShutdown()
            try await task.value
        } catch {
            await group.triggerGracefulShutdown()
            _ = await task.result
            try? await shutdown.run { _ in }
            throw error
        }
        try await shutdown.run { _ in }
    }

    private func examine(_ kubeconfig: String) throws {
        func kubectl(_ arguments: String..., input: String = "") throws -> Outcome {
            try Self.run(["timeout", "60", "kubectl", "--kubeconfig", kubeconfig] + arguments, input: input)
        }
        let pods = """
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec: {containers: [{name: main, image: localhost/host, command: [/bin/sh, -c, "for i in 1 2 3; do echo line $i; done; while true; do sleep 0.2; done"]}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: again}
            spec: {containers: [{name: main, image: localhost/host, command: [/bin/sh, -c, "echo a life; exit 3"]}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: echo}
            spec: {restartPolicy: Never, containers: [{name: main, image: localhost/host, stdin: true, stdinOnce: true, command: [/bin/sh, -c, "while read line; do echo got $line; done; echo end"]}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: web}
            spec:
              containers:
                - name: main
                  image: localhost/host
                  command: [/opt/apus/python/bin/python, -m, http.server, "8080", --bind, 127.0.0.1, --directory, /opt/apus/models/all-MiniLM-L6-v2]
                  readinessProbe: {periodSeconds: 1, exec: {command: [curl, -sf, "http://127.0.0.1:8080/config.json", -o, /dev/null]}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: tick}
            spec: {restartPolicy: Never, containers: [{name: main, image: localhost/host, command: [/bin/sh, -c, "for i in $(seq 1 20); do echo tick $i; sleep 0.1; done"]}]}
            """
        #expect(try kubectl("apply", "-f", "-", input: pods).status == 0)
        #expect(try kubectl("wait", "--for=condition=Ready", "pod/p", "pod/echo", "--timeout=50s").status == 0)

        let ticks = (1...20).map { "tick \($0)\n" }.joined()
        // Refused until its container has begun, and then followed to its end.
        var followed = try kubectl("logs", "-f", "tick")
        let deadline = ContinuousClock.now + .seconds(50)
        while followed.status != 0, ContinuousClock.now < deadline { followed = try kubectl("logs", "-f", "tick") }
        #expect(followed.output == ticks, "\(followed.error)")
        #expect(try kubectl("logs", "p", "--tail=2").output == "line 2\nline 3\n")
        #expect(try kubectl("logs", "p", "--since=1h").output == "line 1\nline 2\nline 3\n")
        #expect(try kubectl("logs", "p", "--limit-bytes=6").output == "line 1")
        #expect(try kubectl("logs", "p", "--since-time=2100-01-01T00:00:00Z").output == "")
        let stamped = try kubectl("logs", "p", "--tail=1", "--timestamps").output
        #expect(stamped.contains("T") && stamped.hasSuffix(" line 3\n"))
        let none = try kubectl("logs", "p", "--previous")
        #expect(none.error.contains("previous terminated container \"main\" in pod \"p\" not found"), "\(none.error)")
        let restarted = "jsonpath={.status.containerStatuses[0].restartCount}=1"
        #expect(try kubectl("wait", "--for=\(restarted)", "pod/again", "--timeout=50s").status == 0)
        #expect(try kubectl("logs", "again", "--previous").output == "a life\n")

        let failing = try kubectl("exec", "p", "--", "sh", "-c", "echo out; echo err >&2; exit 4")
        #expect(failing.status == 4)
        #expect(failing.output == "out\n")
        #expect(failing.error.hasPrefix("err\n"))
        let long = String(repeating: "all of it, in order. ", count: 50_000)
        #expect(try kubectl("exec", "-i", "p", "--", "cat", input: long).output == long)
        let terminal = try Self.run(
            [
                "timeout", "60", "script", "-qec",
                "kubectl --kubeconfig \(kubeconfig) exec -it p -- sh -c 'tty; echo done'", "/dev/null",
            ])
        #expect(terminal.output.contains("/dev/pts/") && terminal.output.contains("done"))

        #expect(try kubectl("attach", "-i", "echo", input: "one\ntwo\n").output == "got one\ngot two\nend\n")
        #expect(try kubectl("get", "pod", "echo", "-o", "jsonpath={.status.containerStatuses[0].restartCount}").output == "0")

        let unknown = try kubectl("apply", "-f", "-", input: "apiVersion: v1\nkind: Pood\nmetadata: {name: x}")
        #expect(unknown.error.contains("no matches for kind \"Pood\""), "\(unknown.error)")

        #expect(try kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=50s").status == 0)
        try forwardsPorts(kubeconfig)
        let gone = try kubectl("port-forward", "pod/tick", ":8080")
        #expect(gone.status == 1)
        #expect(gone.error.contains("pod is not running"), "\(gone.error)")
    }

    /// A server that listens on its pod's loopback only, and a file too large for any buffer on the way.
    private func forwardsPorts(_ kubeconfig: String) throws {
        let model = "/opt/apus/models/all-MiniLM-L6-v2/model.safetensors"
        try Machine.file(model)
        let script = """
            kubectl --kubeconfig \(kubeconfig) port-forward pod/web :8080 >"$0/log" 2>&1 &
            trap "kill $!" EXIT
            while ! grep -q "Forwarding from 127.0.0.1" "$0/log"; do kill -0 $! || { cat "$0/log"; exit 1; }; done
            port=$(sed -n "s/Forwarding from 127.0.0.1:\\([0-9]*\\) .*/\\1/p" "$0/log")
            for i in 1 2 3 4; do curl -sf "http://127.0.0.1:$port/config.json" >"$0/$i" & curls="$curls $!"; done
            curl -sf "http://127.0.0.1:$port/model.safetensors" | cmp - \(model) || exit 2
            for curl in $curls; do wait $curl || exit 3; done
            for i in 1 2 3 4; do cmp "$0/$i" "$(dirname \(model))/config.json" || exit 4; done
            """
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-forward-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let outcome = try Self.run(["timeout", "60", "bash", "-c", script, folder.path])
        let log = (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? ""
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.error)\(log)")
    }

    private static func run(_ arguments: [String], input: String = "") throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-kubectl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String, _ content: String = "") throws -> FileHandle {
            let url = folder.appending(path: name)
            try Data(content.utf8).write(to: url)
            return try FileHandle(forUpdating: url)
        }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = try file("input", input)
        process.standardOutput = try file("output")
        process.standardError = try file("error")
        try process.run()
        process.waitUntilExit()
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
        }
        return Outcome(status: process.terminationStatus, output: try text("output"), error: try text("error"))
    }
}

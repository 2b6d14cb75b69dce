import AsyncAlgorithms
import Foundation
import KubernetesTypes
import Logging
import Synchronization
import Testing

@testable import NodeAgent

/// Logs, commands and services of real containers.
@Suite(.serialized)
struct KubeletTests {
    /// Collects what a client would see.
    private actor Screen: StreamSink {
        var output = ""
        var error = ""
        var status: JSONValue?
        func standardOutput(_ bytes: [UInt8]) { output += String(decoding: bytes, as: UTF8.self) }
        func standardError(_ bytes: [UInt8]) { error += String(decoding: bytes, as: UTF8.self) }
        func finish(_ status: JSONValue) { self.status = status }
    }

    @Test func commandsRunBesideTheProcess() async throws {
        try await TestNode.with { node in
            let pod = await node.cluster.create(shellPod("p", "while true; do sleep 0.1; done"))
            try await node.wait("p", "running") { $0.main?.state?.running != nil }
            let identity = ContainerIdentity(podUID: pod.uid, name: "main", attempt: 0)
            func run(_ command: [String], _ input: [StreamInput] = [], tty: Bool = false) async throws -> Screen {
                let screen = Screen()
                let stream = AsyncChannel<StreamInput>()
                let typing = Task { for event in input { await stream.send(event) } }
                defer { typing.cancel() }
                try await ExecSession(
                    context: node.context, identity: identity, command: command, hasInput: !input.isEmpty, hasTerminal: tty
                ).run(stream, screen)
                return screen
            }
            let plain = try await run(["sh", "-c", "echo out; echo err >&2; exit 3"])
            #expect(await plain.output == "out\n")
            #expect(await plain.error == "err\n")
            #expect(await plain.status?["reason"] == "NonZeroExitCode")
            let fed = try await run(["cat"], [.bytes(Array("typed".utf8)), .closed])
            #expect(await fed.output == "typed")
            #expect(await fed.status?["status"] == "Success")
            let terminal = try await run(["sh", "-c", "stty size; tty"], [.resize(width: 100, height: 40)], tty: true)
            #expect(await terminal.output.contains("/dev/pts/"))
        }
    }

    /// A command that nobody listens to any more is not left behind, nor what it began, even where it does not want to end.
    @Test func commandsEndWithTheirClient() async throws {
        try await TestNode.with { node in
            let pod = await node.cluster.create(shellPod("p", "while true; do sleep 0.1; done"))
            try await node.wait("p", "running") { $0.main?.state?.running != nil }
            let identity = ContainerIdentity(podUID: pod.uid, name: "main", attempt: 0)
            for (round, (tty, closesInput, script)) in [
                (false, true, ""), (false, false, "trap '' HUP;"), (true, true, "trap '' HUP;"), (true, false, ""),
            ].enumerated() {
                let seconds = "36\(Int.random(in: 100_000...999_999))"
                let screen = Screen()
                let input = AsyncChannel<StreamInput>()
                let session = ExecSession(
                    context: node.context, identity: identity,
                    command: ["sh", "-c", "\(script) echo begun; sleep \(seconds); true"],
                    hasInput: true, hasTerminal: tty)
                let running = Task { try await session.run(input, screen) }
                try await node.waitUntil("the command runs") { await screen.output.contains("begun") }
                if closesInput { input.finish() } else { running.cancel() }
                try await node.waitUntil("round \(round): nothing of it is left") { Files.processes(marker: seconds).isEmpty }
                _ = await running.result
                let left = Files.list(node.context.layout.attempt(identity).directory).filter { $0.contains("exec-") }
                #expect(left == [])
            }
            #expect(await node.cluster.pod("p")?.status?.main?.state?.running != nil)
        }
    }

    @Test func clientsAreJoinedToAContainersOwnStreams() async throws {
        try await TestNode.with { node in
            let script = "while read line; do echo got $line; echo also $line >&2; done; echo end"
            let once = await node.cluster.create(
                shellPod("once", script) {
                    $0.spec.containers[0].stdin = true
                    $0.spec.containers[0].stdinOnce = true
                })
            let open = await node.cluster.create(shellPod("open", script) { $0.spec.containers[0].stdin = true })
            for name in ["once", "open"] {
                try await node.wait(name, "running") { $0.main?.state?.running != nil }
            }
            func attach(_ pod: Pod, _ words: [String], leaves: Bool) async throws -> Screen {
                let screen = Screen()
                let stream = AsyncChannel<StreamInput>()
                let session = AttachSession(
                    context: node.context, identity: .init(podUID: pod.uid, name: "main", attempt: 0), hasInput: true)
                let running = Task { try await session.run(stream, screen) }
                for word in words { await stream.send(.bytes(Array("\(word)\n".utf8))) }
                try await node.waitUntil("the words come back") {
                    let (output, error) = await (screen.output, screen.error)
                    return output.contains("got \(words.last ?? "")") && error.contains("also \(words.last ?? "")")
                }
                if leaves { stream.finish() } else { await stream.send(.closed) }
                try await running.value
                return screen
            }
            // One that reads once ends with its client's input; the client sees it to its end.
            let first = try await attach(once, ["one", "two"], leaves: false)
            #expect(await first.output == "got one\ngot two\nend\n")
            #expect(await first.error == "also one\nalso two\n")
            #expect(await first.status?["status"] == "Success")
            try await node.wait("once", "succeeded") { $0.phase == "Succeeded" }
            // A client that says all it has and ends at once is heard in full.
            let hasty = AsyncChannel<StreamInput>()
            let brief = await node.cluster.create(
                shellPod("brief", script) {
                    $0.spec.containers[0].stdin = true
                    $0.spec.containers[0].stdinOnce = true
                })
            try await node.wait("brief", "running") { $0.main?.state?.running != nil }
            let typing = Task {
                for number in 0..<50 { await hasty.send(.bytes(Array("\(number)\n".utf8))) }
                await hasty.send(.closed)
            }
            defer { typing.cancel() }
            let screen = Screen()
            try await AttachSession(
                context: node.context, identity: .init(podUID: brief.uid, name: "main", attempt: 0), hasInput: true
            ).run(hasty, screen)
            #expect(await screen.output == (0..<50).map { "got \($0)\n" }.joined() + "end\n")
            // The other goes on for the next client.
            _ = try await attach(open, ["three"], leaves: true)
            let second = try await attach(open, ["four"], leaves: true)
            #expect(await second.output == "got four\n")
            #expect(await node.cluster.pod("open")?.status?.main?.state?.running != nil)
        }
    }

    /// A container that does not read holds its client up, and does not hold on to one that goes.
    @Test func clientsOfAContainerThatDoesNotReadCanGo() async throws {
        try await TestNode.with { node in
            let pod = await node.cluster.create(
                shellPod("p", "while true; do sleep 0.1; done") { $0.spec.containers[0].stdin = true })
            try await node.wait("p", "running") { $0.main?.state?.running != nil }
            let identity = ContainerIdentity(podUID: pod.uid, name: "main", attempt: 0)
            for attaches in [true, false] {
                let input = AsyncChannel<StreamInput>()
                let hasLetGo = Mutex(false)
                let running = Task {
                    defer { hasLetGo.withLock { $0 = true } }
                    let screen = Screen()
                    if attaches {
                        try await AttachSession(context: node.context, identity: identity, hasInput: true).run(input, screen)
                    } else {
                        try await ExecSession(
                            context: node.context, identity: identity, command: ["sleep", "3600"], hasInput: true,
                            hasTerminal: false
                        ).run(input, screen)
                    }
                }
                let taken = Mutex(0)
                let typing = Task {
                    while !Task.isCancelled {
                        await input.send(.bytes([UInt8](repeating: 0x0A, count: 65_536)))
                        taken.withLock { $0 += 1 }
                    }
                }
                // Until nothing more is taken for a while.
                var (last, since) = (0, ContinuousClock.now)
                try await node.waitUntil("the streams are full") {
                    let count = taken.withLock { $0 }
                    if count != last { (last, since) = (count, ContinuousClock.now) }
                    return count > 1 && ContinuousClock.now - since > .milliseconds(300)
                }
                #expect(last < 256)
                running.cancel()
                try await node.waitUntil("it has let go") { hasLetGo.withLock { $0 } }
                typing.cancel()
            }
        }
    }

    @Test func logsFollowAcrossRotation() async throws {
        try await TestNode.with { node in
            let pod = await node.cluster.create(
                shellPod("p", "i=0; while [ $i -lt 200 ]; do echo $i; i=$((i+1)); sleep 0.01; done"))
            try await node.wait("p", "running") { $0.main?.state?.running != nil }
            let identity = ContainerIdentity(podUID: pod.uid, name: "main", attempt: 0)
            let paths = node.context.layout.attempt(identity)
            var request = LogRequest()
            request.isFollowing = true
            let runtime = node.context.runtime
            let reader = LogReader(path: paths.log, request: request) { runtime.isLive(identity) }
            let rotation = Task {
                try await node.waitUntil("some lines") { node.log(pod).count > 50 }
                LogRotation.rotate(path: paths.log, control: paths.control, above: 10)
            }
            var text: [UInt8] = []
            try await reader.send { text += $0 }
            try await rotation.value
            #expect(Files.exists(paths.log + ".1"))
            #expect(String(decoding: text, as: UTF8.self) == (0..<200).map { "\($0)\n" }.joined())
        }
    }

    @Test func logsArePutAsideSoonAfterTheyAreTooLarge() async throws {
        try await TestNode.with(change: { $0.logBytes = 1000 }) { node in
            let pod = await node.cluster.create(
                shellPod("p", "i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); done; while true; do sleep 0.1; done"))
            let log = node.context.layout.attempt(.init(podUID: pod.uid, name: "main", attempt: 0)).log
            try await node.waitUntil("the log is put aside") { Files.exists(log + ".1") && Files.exists(log) }
            #expect(Files.text(log + ".1")?.contains("stdout F 0\n") == true)
        }
    }

    @Test func podsReachServicesByAddressAndName() async throws {
        try await TestNode.with(change: { $0.clusterDNS = "10.97.0.10" }) { node in
            let python =
                "import socket\ns=socket.create_server(('',9000))\nwhile True:\n c,a=s.accept();c.sendall(b'served\\n');c.close()"
            await node.cluster.create(
                shellPod("server", "", restartPolicy: "Always") {
                    $0.spec.containers[0].command = ["/usr/bin/env", "python3", "-c", python]
                })
            let address = try #require(try await node.wait("server", "running") { $0.main?.state?.running != nil }.podIP)
            let network = ServiceNetwork(configuration: node.configuration, log: Logger(label: "test"))
            await network.listed([
                KubernetesTypes.Service(
                    metadata: ObjectMeta(name: "web", namespace: "default"),
                    spec: ServiceSpec(clusterIP: "10.97.0.7", ports: [ServicePort(port: 80)])),
                KubernetesTypes.Service(
                    metadata: ObjectMeta(name: "idle", namespace: "default"),
                    spec: ServiceSpec(clusterIP: "10.97.0.8", ports: [ServicePort(port: 80)])),
            ])
            var slice = EndpointSlice(
                metadata: ObjectMeta(
                    labels: ["kubernetes.io/service-name": "web"], name: "web-1", namespace: "default"))
            slice.addressType = "IPv4"
            slice.endpoints = [Endpoint(addresses: [address])]
            slice.ports = [EndpointPort(port: 9000, protocol: "TCP")]
            await network.listed([slice])
            await network.apply()
            let names = NameServer(
                address: node.configuration.network.gateway, port: node.configuration.dnsPort, table: network.names, upstream: [],
                log: Logger(label: "test"))
            let serving = Task { try await names.run() }
            defer { serving.cancel() }
            let client = """
                import socket
                for i in range(50):
                    try:
                        print(socket.create_connection(('web', 80), 2).recv(9).decode().strip()); break
                    except OSError as e: error = e
                else: print(error)
                try: socket.create_connection(('10.97.0.8', 80), 2)
                except OSError as e: print(type(e).__name__)
                """
            let pod = await node.cluster.create(
                shellPod("client", "") { $0.spec.containers[0].command = ["/usr/bin/env", "python3", "-c", client] })
            let result = await Task { try await node.wait("client", "done") { $0.phase == "Succeeded" || $0.phase == "Failed" } }
                .result
            await ServiceNetwork.remove(node.configuration)
            _ = try result.get()
            #expect(node.log(pod) == ["served", "ConnectionRefusedError"])
        }
    }

    private static func rules(_ table: String) async throws -> String {
        let listing = Command(program: "nft", arguments: ["list", "table", "ip", table])
        return try await listing.check().output
    }

    /// What an agent before this one set stays in force until it is known what is to be there instead.
    @Test func servicesGoOnWhileAnAgentComesUp() async throws {
        try await TestNode.with { node in
            let table = ServiceRules.table(node.configuration.network.bridge)
            let service = KubernetesTypes.Service(
                metadata: ObjectMeta(name: "web", namespace: "default"),
                spec: ServiceSpec(clusterIP: "10.97.0.7", ports: [ServicePort(port: 80)]))
            func slice(_ address: String) -> EndpointSlice {
                var slice = EndpointSlice(
                    metadata: ObjectMeta(labels: ["kubernetes.io/service-name": "web"], name: "web-1", namespace: "default"))
                slice.addressType = "IPv4"
                slice.endpoints = [Endpoint(addresses: [address])]
                slice.ports = [EndpointPort(port: 9000, protocol: "TCP")]
                return slice
            }
            let result = await Task {
                let first = ServiceNetwork(configuration: node.configuration, log: Logger(label: "test"))
                await first.prepare()
                #expect(try await Self.rules(table).contains("masquerade"), "pods have a way out before there are services")
                await first.listed([service])
                await first.listed([slice("10.88.0.2")])
                await first.apply()
                let set = try await Self.rules(table)
                #expect(set.contains("dnat to 10.88.0.2:9000"))

                let second = ServiceNetwork(configuration: node.configuration, log: Logger(label: "test"))
                await second.prepare()
                await second.apply()
                #expect(try await Self.rules(table) == set)
                await second.listed([service])
                await second.apply()
                #expect(try await Self.rules(table) == set, "services without their endpoints say nothing")
                await second.listed([slice("10.88.0.3")])
                await second.apply()
                #expect(try await Self.rules(table).contains("dnat to 10.88.0.3:9000"))
            }.result
            await ServiceNetwork.remove(node.configuration)
            try result.get()
        }
    }

    @Test func requestsAreReadFromTheirTarget() {
        let target = RequestTarget("/exec/ns/p/c?command=sh&command=-c&command=echo+a%3Bb&output=1")
        #expect(target.segments == ["exec", "ns", "p", "c"])
        #expect(target.all.filter { $0.name == "command" }.map(\.value) == ["sh", "-c", "echo a;b"])
        #expect(WebSocketConnection.events([0, 97]) == [.bytes([97])])
        #expect(WebSocketConnection.events([255, 0]) == [.closed])
        #expect(WebSocketConnection.events([4] + Array("{\"Width\":7,\"Height\":9}".utf8)) == [.resize(width: 7, height: 9)])
        #expect(WebSocketProtocol.choose(["v4.channel.k8s.io", "v5.channel.k8s.io"], path: "/exec") == .channelsV5)
        #expect(WebSocketProtocol.choose(["chat"], path: "/exec") == nil)
    }
}

import Foundation
import KubernetesTypes
import NIOHTTP1

/// What each kubelet endpoint answers.
struct KubeletRoutes: Sendable {
    let manager: PodManager
    let context: NodeContext

    func respond(_ head: HTTPRequestHead, _ writer: ResponseWriter) async throws {
        let target = RequestTarget(head.uri)
        let segments = target.segments
        switch segments.first {
        case "containerLogs" where segments.count == 4: try await logs(target, segments, writer)
        case "pods": try await pods(writer)
        case "metrics":
            try await writer.send(200, await NodeMetrics.page(manager, context), type: "text/plain; version=0.0.4; charset=utf-8")
        case "stats" where segments.count > 1 && segments[1] == "summary": try await summary(writer)
        case "exec", "attach", "portForward":
            try await writer.send(
                400,
                "this endpoint speaks WebSocket with the subprotocol "
                    + WebSocketProtocol.spoken(at: target.path).map(\.rawValue).joined(separator: " or "))
        default: try await writer.send(404, "404 page not found\n")
        }
    }

    private func logs(_ target: RequestTarget, _ segments: [String], _ writer: ResponseWriter) async throws {
        let (namespace, name, container) = (segments[1], segments[2], segments[3])
        let request: LogRequest
        do {
            request = try LogRequest(query: target.query, now: context.now())
        } catch let error as NodeAgentError {
            return try await writer.send(422, error.message)
        }
        guard let pod = await manager.pod(namespace: namespace, name: name) else {
            return try await writer.send(404, "pod \"\(name)\" not found\n")
        }
        guard pod.spec.container(named: container) != nil else {
            return try await writer.send(404, "container \"\(container)\" not found in pod \"\(name)\"")
        }
        guard let seen = await context.runtime.observe(podUID: pod.uid, container: container) else {
            let waiting = pod.status?.containerStatuses?.first { $0.name == container }?.state?.waiting
            let why = waiting.flatMap(\.reason).map { " is waiting to start: " + $0 } ?? " is not available"
            return try await writer.send(400, "container \"\(container)\" in pod \"\(name)\"\(why)")
        }
        var identity = seen.record.identity
        if request.isPrevious {
            guard identity.attempt > 0 else {
                return try await writer.send(
                    400, "previous terminated container \"\(container)\" in pod \"\(name)\" not found")
            }
            identity.attempt -= 1
        }
        let path = context.layout.attempt(identity).log
        let runtime = context.runtime
        let current = identity
        let reader = LogReader(path: path, request: request) { runtime.isLive(current) }
        try await writer.stream("text/plain") { try await reader.send($0) }
    }

    private func pods(_ writer: ResponseWriter) async throws {
        let items = try await manager.pods().map { try JSONValue(encoding: $0) }
        let list: JSONValue = ["kind": "PodList", "apiVersion": "v1", "metadata": [:], "items": .array(items)]
        try await writer.send(200, JSONSerializer.string(list), type: "application/json")
    }

    /// Use of CPU and memory by pod and container, in the form of upstream's summary.
    private func summary(_ writer: ResponseWriter) async throws {
        let time = JSONValue.string(Timestamp(context.now()).description)
        var pods: [JSONValue] = []
        for pod in await manager.pods() {
            var containers: [JSONValue] = []
            for container in pod.spec.allContainers {
                guard let seen = await context.runtime.observe(podUID: pod.uid, container: container.name), seen.isRunning
                else { continue }
                let usage = ControlGroups.usage(seen.record.cgroupsPath)
                containers.append([
                    "name": .string(container.name),
                    "cpu": ["time": time, "usageCoreNanoSeconds": .integer(Int64(usage.cpu ?? 0))],
                    "memory": ["time": time, "workingSetBytes": .integer(Int64(usage.memory ?? 0))],
                ])
            }
            pods.append([
                "podRef": ["name": .string(pod.name), "namespace": .string(pod.namespace), "uid": .string(pod.uid)],
                "containers": .array(containers),
            ])
        }
        let value: JSONValue = ["node": ["nodeName": .string(context.facts.name)], "pods": .array(pods)]
        try await writer.send(200, JSONSerializer.string(value), type: "application/json")
    }

    /// The endpoints whose connections become streams.
    func stream(_ streams: some RemoteStreams, _ head: HTTPRequestHead) async throws {
        let target = RequestTarget(head.uri)
        let segments = target.segments
        guard segments.count >= 4, segments[0] == "exec" || segments[0] == "attach" else {
            return try await streams.serve { _, sink in
                try await sink.finish(ExecSession.failure("NotFound", "\(target.path) is not an endpoint"))
            }
        }
        guard let (pod, seen) = await manager.container(namespace: segments[1], pod: segments[2], container: segments[3]),
            seen.isRunning
        else {
            return try await streams.serve { _, sink in
                try await sink.finish(
                    ExecSession.failure("NotFound", "container \(segments[3]) of pod \(segments[2]) is not running"))
            }
        }
        if segments[0] == "attach" {
            let attachment = AttachSession(
                context: context, identity: seen.record.identity,
                hasInput: target.isSet("input", "stdin") && pod.spec.container(named: segments[3])?.stdin ?? false)
            return try await streams.serve { try await attachment.run($0, $1) }
        }
        let session = ExecSession(
            context: context, identity: seen.record.identity, command: target.all.filter { $0.name == "command" }.map(\.value),
            hasInput: target.isSet("input", "stdin"), hasTerminal: target.isSet("tty"))
        try await streams.serve { try await session.run($0, $1) }
    }

    /// Ports of a pod, over one connection. What is wrong with the pod is told for each port that is asked for.
    func forward(_ tunnel: some ByteTunnel, _ head: HTTPRequestHead) async throws {
        let segments = RequestTarget(head.uri).segments
        guard segments.count == 3 else { return try await tunnel.serve { _, _ in } }
        let pod = await manager.pod(namespace: segments[1], name: segments[2])
        let sandbox = pod.flatMap { Files.decode(Sandbox.self, from: context.layout.sandbox($0.uid)) }
        let place = sandbox.map { PodSocket.Place.network($0.namespace) } ?? .nowhere
        let session = PortForwardSession(pod: "\(segments[1])/\(segments[2])", socket: PodSocket(place: place))
        try await tunnel.serve { try await session.run($0, $1) }
    }
}

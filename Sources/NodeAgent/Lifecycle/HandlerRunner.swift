import AsyncHTTPClient
import Foundation
import KubernetesTypes
import NIOCore
import NIOPosix
import NIOSSL

/// Carries out what probes and hooks ask for: a command in the container, a request, a connection, a pause.
struct HandlerRunner: Sendable {
    let context: NodeContext

    /// Requests to pods: their certificates are their own, so they are not checked, as upstream does not.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        configuration.tlsConfiguration = tls
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.idleTimeout = .seconds(1)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    func run(
        _ handler: LifecycleHandler, container: Container, identity: ContainerIdentity, address: String, timeout: Duration
    ) async -> ProbeState.Result {
        if let exec = handler.exec {
            return await command(exec.command ?? [], identity: identity, timeout: timeout)
        }
        if let request = handler.httpGet {
            guard let port = Self.port(request.port, container) else {
                return .failure("the container has no port named \(request.port)")
            }
            return await get(request, host: request.host ?? address, port: port, timeout: timeout)
        }
        if let socket = handler.tcpSocket {
            guard let port = Self.port(socket.port, container) else {
                return .failure("the container has no port named \(socket.port)")
            }
            return await connect(host: socket.host ?? address, port: port, timeout: timeout)
        }
        if let sleep = handler.sleep {
            try? await Task.sleep(for: min(.seconds(sleep.seconds), timeout))
            return .success
        }
        return .success
    }

    static func port(_ port: IntOrString, _ container: Container) -> Int? {
        switch port {
        case .int(let number): number
        case .string(let name):
            container.ports?.first { $0.name == name }?.containerPort ?? Int(name)
        }
    }

    private func command(_ arguments: [String], identity: ContainerIdentity, timeout: Duration) async -> ProbeState.Result {
        do {
            let result = try await context.runtime.execute(identity, arguments, timeout: timeout)
            if result.succeeded { return .success }
            let text = (result.output + result.error).trimmingCharacters(in: .whitespacesAndNewlines)
            return .failure(text.isEmpty ? "command exited with \(result.exitCode)" : String(text.prefix(1024)))
        } catch let error as NodeAgentError where error.code == .commandTimedOut {
            return .failure("command timed out after \(timeout)")
        } catch {
            return .failure("\(error)")
        }
    }

    private func get(_ action: HTTPGetAction, host: String, port: Int, timeout: Duration) async -> ProbeState.Result {
        let scheme = (action.scheme ?? "HTTP").lowercased()
        let path = action.path.flatMap { $0.isEmpty ? nil : $0 } ?? "/"
        let url = "\(scheme)://\(host):\(port)\(path.hasPrefix("/") ? path : "/" + path)"
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: "kube-probe/1.36")
        request.headers.add(name: "Connection", value: "close")
        for header in action.httpHeaders ?? [] { request.headers.replaceOrAdd(name: header.name, value: header.value) }
        do {
            let response = try await Self.client.execute(
                request, timeout: .nanoseconds(Int64(timeout / .nanoseconds(1))))
            let code = Int(response.status.code)
            return (200..<400).contains(code) ? .success : .failure("HTTP probe failed with statuscode: \(code)")
        } catch {
            return .failure("Get \"\(url)\": \(error)")
        }
    }

    private func connect(host: String, port: Int, timeout: Duration) async -> ProbeState.Result {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.nanoseconds(Int64(timeout / .nanoseconds(1)))).connect(host: host, port: port).get()
            try? await channel.close()
            return .success
        } catch {
            return .failure("dial tcp \(host):\(port): \(error)")
        }
    }
}

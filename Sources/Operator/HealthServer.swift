import ControllerRuntime
import Exposition
import Hummingbird
import Logging

/// `/healthz`, `/readyz` and `/metrics` of the operator.
struct HealthServer: Sendable {
    let host: String
    let port: Int
    let manager: Manager
    let metrics: MetricsRegistry
    let logger: Logger

    func run() async throws {
        let manager = manager
        let router = Router()
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/readyz") { _, _ in
            let isReady = manager.health.isSynced
            return Response(
                status: isReady ? .ok : .serviceUnavailable,
                body: .init(byteBuffer: ByteBuffer(string: isReady ? "ok\n" : "the caches are being filled\n")))
        }
        let metrics = metrics
        router.get("/metrics") { request, _ in
            let page = metrics.page(accept: request.headers[.accept])
            return Response(
                status: .ok, headers: [.contentType: page.contentType],
                body: .init(byteBuffer: ByteBuffer(string: page.body)))
        }
        var quiet = logger
        // The library takes the end of a server for an error.
        quiet.logLevel = .critical
        try await Application(
            router: router, configuration: .init(address: .hostname(host, port: port)), logger: quiet
        ).run()
    }
}

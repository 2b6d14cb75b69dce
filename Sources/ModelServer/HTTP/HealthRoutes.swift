import Exposition
import Hummingbird
import Transformer

/// What Kubernetes and Prometheus ask.
struct HealthRoutes: Sendable {
    let state: ServingState
    let registry: MetricsRegistry

    func add(to router: Router<ServingContext>) {
        router.get("/health") { _, _ in Response.json(.members(["status": "ok"])) }
        router.get("/ready") { _, _ in
            Response.json(
                .members(["ready": .bool(state.isReady), "state": .string(state.name)]),
                status: state.isReady ? .ok : .serviceUnavailable)
        }
        router.get("/metrics") { request, _ in
            let page = registry.page(accept: request.headers[.accept])
            return Response(
                status: .ok, headers: [.contentType: page.contentType],
                body: .init(byteBuffer: ByteBuffer(string: page.body)))
        }
    }
}

import ApusAPI
import Exposition
import Foundation
import Hummingbird
import KubernetesTypes
import Logging

/// `GET /progress` for the operator, `/metrics` for Prometheus, `/health`.
struct ProgressServer {
    let board: ProgressBoard
    let port: Int
    let logger: Logger

    func run() async throws {
        let registry = MetricsRegistry()
        let step = registry.gauge(.gauge("training_step", help: "Optimizer steps done.", labels: []))
        let total = registry.gauge(.gauge("training_total_steps", help: "Optimizer steps in all.", labels: []))
        let epoch = registry.gauge(.gauge("training_epoch", help: "Passes over the data done.", labels: []))
        let metric = registry.gauge(.gauge("training_metric", help: "Latest value of a metric of the trainer.", labels: ["name"]))
        let board = board
        let router = Router()
        router.get("/health") { _, _ in "ok\n" }
        router.get("/progress") { _, _ in
            var response = Response(
                status: .ok,
                body: .init(byteBuffer: ByteBuffer(bytes: JSONSerializer.bytes(try JSONValue(encoding: board.reading)))))
            response.headers[.contentType] = "application/json"
            return response
        }
        router.get("/metrics") { request, _ in
            let progress = board.reading.progress
            step.set(Double(progress.step ?? 0))
            total.set(Double(progress.totalSteps ?? 0))
            epoch.set(progress.epoch ?? 0)
            for value in progress.metrics ?? [] { metric.with(value.name).set(value.value) }
            let page = registry.page(accept: request.headers[.accept])
            var response = Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: page.body)))
            response.headers[.contentType] = page.contentType
            return response
        }
        var quiet = logger
        // The library takes the end of a server for an error.
        quiet.logLevel = .critical
        let application = Application(
            router: router, configuration: .init(address: .hostname("0.0.0.0", port: port), serverName: nil), logger: quiet)
        try await application.run()
    }
}

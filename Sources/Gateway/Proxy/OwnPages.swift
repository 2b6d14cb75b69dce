import NIOHTTP1

/// The gateway's own pages.
enum OwnPages {
    static func answer(_ page: String, _ exchange: Exchange) {
        let shared = exchange.worker.shared
        switch page {
        case "/metrics":
            let accept = exchange.head.headers["Accept"].joined(separator: ",")
            let metrics = shared.metrics.registry.page(accept: accept)
            exchange.answer(status: .ok, contentType: metrics.contentType, body: metrics.body)
        case "/ready":
            let isReady = shared.table.isReady && !exchange.worker.isDraining
            exchange.answer(
                status: isReady ? .ok : .serviceUnavailable, contentType: "text/plain; charset=utf-8",
                body: isReady ? "ok\n" : exchange.worker.isDraining ? "shutting down\n" : "routes are not known yet\n")
        default:
            exchange.answer(status: .ok, contentType: "text/plain; charset=utf-8", body: "ok\n")
        }
    }
}

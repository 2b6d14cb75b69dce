import Hummingbird

/// Counts requests to the model by status; probes and scrapes would only drown them.
struct RequestCountMiddleware: RouterMiddleware {
    let metrics: ServingMetrics

    func handle(
        _ request: Request, context: ServingContext, next: (Request, ServingContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        if request.method == .post { metrics.count(status: response.status.code) }
        return response
    }
}

import HTTPTypes
import Hummingbird
import NIOCore
import Transformer

/// From a request's texts to their classifications, with everything that is counted on the way.
struct Classifying: Sendable {
    let configuration: ModelServer.Configuration
    let state: ServingState
    let metrics: ServingMetrics
    let log: PredictionLog

    /// The body, up to the limit.
    func fields(_ request: Request) async throws -> RequestFields {
        let limit = configuration.bodyBytes
        if let length = request.headers[.contentLength].flatMap(Int.init), length > limit { throw tooLarge }
        var body: ByteBuffer
        do { body = try await request.body.collect(upTo: limit) } catch is NIOTooManyBytesError { throw tooLarge }
        return try body.readWithUnsafeReadableBytes { bytes in (bytes.count, try RequestFields(bytes)) }
    }

    private var tooLarge: Problem {
        Problem(status: .contentTooLarge, message: "The body is larger than \(configuration.bodyBytes) bytes.")
    }

    /// The id under which ground truth can be posted later: the body's, the header's, or a new one.
    func requestID(_ fields: RequestFields, _ request: Request, _ context: ServingContext) throws(Problem) -> String {
        if let id = try fields.identifier("id"), !id.isEmpty { return id }
        if let name = HTTPField.Name("x-request-id"), let id = request.headers[name], !id.isEmpty, id.utf8.count <= 256 {
            return id
        }
        return context.id
    }

    /// Checks that the URL's model and version are the ones that are served.
    func checkModel(_ context: ServingContext) throws(Problem) {
        let name = context.parameters.get("model") ?? ""
        guard name == configuration.modelName else {
            throw .notFound("There is no model \"\(name)\" here; this server has \"\(configuration.modelName)\".")
        }
        guard let version = context.parameters.get("version"), version != configuration.modelVersion else { return }
        throw .notFound(
            "Model \"\(name)\" has no version \"\(version)\" here; this server has \"\(configuration.modelVersion)\".")
    }

    /// The model, or why there is none yet.
    func serving() throws(Problem) -> ServingState.Serving {
        guard let serving = state.serving else { throw .unavailable("The model is being loaded.") }
        return serving
    }

    /// Classifies texts and counts them. `field` names one text for messages.
    func classify(
        _ texts: [String], id: String, context: ServingContext, field: (Int) -> String
    ) async throws -> (serving: ServingState.Serving, results: [TextClassifier.Classification]) {
        let start = ContinuousClock.now
        let serving = try serving()
        guard texts.count <= configuration.textsPerRequest else {
            throw Problem.badRequest(
                "\(texts.count) texts in one request are more than the \(configuration.textsPerRequest) allowed; send several requests."
            )
        }
        do {
            try serving.queue.checkRoom(for: texts.count)
            var encodings: [Encoding] = []
            for (index, text) in texts.enumerated() {
                let encoding = serving.model.classifier.tokenizer.encode(text)
                guard encoding.count > 0 else { throw Problem.badRequest("\(field(index)) has no tokens.") }
                encodings.append(encoding)
                if index % 16 == 15 { await Task.yield() }
            }
            let results = try await run(encodings, serving.queue, context)
            count(texts, encodings, results, serving.model)
            log.record(id, labels: results.map { serving.model.labels[$0.label] })
            metrics.observe(latency: ContinuousClock.now - start)
            return (serving, results)
        } catch {
            // A mistake of the client's, or its leaving, is no failure of the model's.
            switch error {
            case is Problem, InferenceQueue.Refusal.abandoned: break
            default: metrics.countFailure(texts: texts.count)
            }
            throw error
        }
    }

    /// Waits for the results, or drops the request when its client leaves.
    private func run(
        _ encodings: [Encoding], _ queue: InferenceQueue, _ context: ServingContext
    ) async throws -> [TextClassifier.Classification] {
        let departure = try? await context.channel.pipeline.handler(type: ClientDeparture.self).get()
        defer { departure?.whenDeparted(nil) }
        return try await queue.classify(encodings) { ticket in
            departure?.whenDeparted { queue.abandon(ticket) }
        }
    }

    private func count(
        _ texts: [String], _ encodings: [Encoding], _ results: [TextClassifier.Classification], _ model: LoadedModel
    ) {
        for ((text, encoding), result) in zip(zip(texts, encodings), results) {
            metrics.count(prediction: model.labels[result.label])
            guard let reference = model.reference else { continue }
            metrics.count(TextFeatures(text: text, encoding: encoding, result: result, model: model), against: reference)
        }
    }
}

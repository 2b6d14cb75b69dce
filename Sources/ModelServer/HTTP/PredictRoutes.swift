import Hummingbird
import Transformer

/// `POST /v1/models/{model}:predict` and `:feedback`: the short forms.
struct PredictRoutes: Sendable {
    let classifying: Classifying

    func add(to router: Router<ServingContext>) {
        router.onlyPost("/v1/models/{model}:predict") { request, context in try await predict(request, context) }
        router.onlyPost("/v1/models/{model}:feedback") { request, context in try await feedback(request, context) }
        router.get("/v1/models/{model}") { _, context in
            try classifying.checkModel(context)
            return Response.json(
                .members([
                    "name": .string(classifying.configuration.modelName),
                    "version": .string(classifying.configuration.modelVersion),
                    "ready": .bool(classifying.state.isReady),
                ]))
        }
    }

    private func predict(_ request: Request, _ context: ServingContext) async throws -> Response {
        try classifying.checkModel(context)
        let fields = try await classifying.fields(request)
        let id = try classifying.requestID(fields, request, context)
        var texts: [String] = []
        for (index, instance) in try fields.list("instances").enumerated() {
            guard let text = instance.string ?? instance["text"]?.string else {
                throw Problem.badRequest("instances[\(index)] must be a string, or an object with a string \"text\".")
            }
            texts.append(text)
        }
        let (serving, results) = try await classifying.classify(texts, id: id, context: context) { "instances[\($0)]" }
        let labels = serving.model.labels
        let predictions = results.map { result in
            JSONValue.members([
                "label": .string(labels[result.label]),
                "score": .real(result.probabilities[result.label]),
                "scores": .object(
                    zip(labels, result.probabilities).map { JSONValue.Member(key: $0.0, value: .real($0.1)) }),
            ])
        }
        return Response.json(
            .members([
                "predictions": .array(predictions), "model_name": .string(classifying.configuration.modelName),
                "model_version": .string(classifying.configuration.modelVersion), "id": .string(id),
            ]))
    }

    /// Ground truth: by the id of a request answered here, or with the prediction that it is compared with.
    private func feedback(_ request: Request, _ context: ServingContext) async throws -> Response {
        try classifying.checkModel(context)
        let fields = try await classifying.fields(request)
        let labels = try classifying.serving().model.labels
        var judged: [Bool] = []
        var unknown: [JSONValue] = []
        // All are read before one is counted: a body with a mistake in it counts nothing.
        for (index, truth) in try fields.list("truths").enumerated() {
            let path = "truths[\(index)]"
            guard let label = truth["label"]?.string else { throw Problem.badRequest("\(path).label must be a string.") }
            guard labels.contains(label) else {
                throw Problem.badRequest("\(path).label \"\(label)\" is not one of \(labels.joined(separator: ", ")).")
            }
            if let prediction = truth["prediction"] {
                guard let text = prediction.string, labels.contains(text) else {
                    throw Problem.badRequest("\(path).prediction must be one of \(labels.joined(separator: ", ")).")
                }
                judged.append(text == label)
            } else {
                guard let id = truth["id"]?.string else {
                    throw Problem.badRequest("\(path) needs an \"id\" or a \"prediction\".")
                }
                let position = truth["index"] ?? .integer(0)
                guard let position = position.int, position >= 0 else {
                    throw Problem.badRequest("\(path).index must be a whole number from 0.")
                }
                if let prediction = classifying.log.prediction(id, index: position) {
                    judged.append(prediction == label)
                } else {
                    unknown.append(.string(id))
                }
            }
        }
        for correct in judged {
            classifying.metrics.count(truth: correct)
            classifying.metrics.set(accuracy: classifying.log.judge(correct: correct))
        }
        return Response.json(.members(["accepted": .integer(judged.count), "unknown": .array(unknown)]))
    }
}

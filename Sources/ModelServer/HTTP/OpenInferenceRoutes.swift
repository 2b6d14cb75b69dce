import Hummingbird
import Transformer

/// The Open Inference Protocol, version 2, over REST.
struct OpenInferenceRoutes: Sendable {
    let classifying: Classifying

    private static let outputNames = ["label", "scores", "logits"]

    func add(to router: Router<ServingContext>) {
        router.get("/v2") { _, _ in
            Response.json(.members(["name": "apus", "version": "2", "extensions": .array([])]))
        }
        router.get("/v2/health/live") { _, _ in Response.json(.members(["live": .bool(true)])) }
        router.get("/v2/health/ready") { _, _ in
            let ready = classifying.state.isReady
            return Response.json(.members(["ready": .bool(ready)]), status: ready ? .ok : .serviceUnavailable)
        }
        for base in ["/v2/models/{model}", "/v2/models/{model}/versions/{version}"] {
            router.get(RouterPath(base)) { _, context in try metadata(context) }
            router.get(RouterPath(base + "/ready")) { _, context in
                try classifying.checkModel(context)
                let ready = classifying.state.isReady
                return Response.json(
                    .members(["name": .string(classifying.configuration.modelName), "ready": .bool(ready)]),
                    status: ready ? .ok : .serviceUnavailable)
            }
            router.onlyPost(RouterPath(base + "/infer")) { request, context in try await infer(request, context) }
        }
    }

    private func metadata(_ context: ServingContext) throws -> Response {
        try classifying.checkModel(context)
        let labels = try classifying.serving().model.labels
        func tensor(_ name: String, _ type: String, _ shape: [Int]) -> JSONValue {
            .members(["name": .string(name), "datatype": .string(type), "shape": .array(shape.map(JSONValue.integer))])
        }
        return Response.json(
            .members([
                "name": .string(classifying.configuration.modelName),
                "versions": .array([.string(classifying.configuration.modelVersion)]),
                "platform": "apus_transformer",
                "inputs": .array([tensor("text", "BYTES", [-1])]),
                "outputs": .array([
                    tensor("label", "BYTES", [-1]), tensor("scores", "FP32", [-1, labels.count]),
                    tensor("logits", "FP32", [-1, labels.count]),
                ]),
                "parameters": .members(["labels": .array(labels.map(JSONValue.string))]),
            ]))
    }

    private func infer(_ request: Request, _ context: ServingContext) async throws -> Response {
        try classifying.checkModel(context)
        let fields = try await classifying.fields(request)
        let id = try classifying.requestID(fields, request, context)
        let outputs = try requestedOutputs(fields)
        let texts = try inputTexts(fields)
        let (serving, results) = try await classifying.classify(texts, id: id, context: context) {
            "inputs[0].data[\($0)]"
        }
        return Response.json(
            .members([
                "model_name": .string(classifying.configuration.modelName),
                "model_version": .string(classifying.configuration.modelVersion),
                "id": .string(id),
                "outputs": .array(outputs.map { output($0, results, serving.model.labels) }),
            ]))
    }

    /// The names in `outputs`, or all there are.
    private func requestedOutputs(_ fields: RequestFields) throws(Problem) -> [String] {
        guard let value = fields.root["outputs"], !value.isNull else { return Self.outputNames }
        guard let list = value.array else { throw .badRequest("outputs must be a list, not \(value.kind).") }
        var names: [String] = []
        for (index, output) in list.enumerated() {
            guard let name = output["name"]?.string, Self.outputNames.contains(name), !names.contains(name) else {
                throw .badRequest(
                    "outputs[\(index)].name must be one of \(Self.outputNames.joined(separator: ", ")), each at most once.")
            }
            if output["parameters"]?["binary_data"]?.bool == true {
                throw .badRequest("outputs[\(index)].parameters.binary_data is not supported: outputs are JSON.")
            }
            names.append(name)
        }
        return names.isEmpty ? Self.outputNames : names
    }

    private func inputTexts(_ fields: RequestFields) throws(Problem) -> [String] {
        let inputs = try fields.list("inputs")
        guard inputs.count == 1, let input = inputs.first else {
            throw .badRequest("inputs must hold one tensor, \"text\"; it holds \(inputs.count).")
        }
        guard input["name"]?.string == "text" else { throw .badRequest("inputs[0].name must be \"text\".") }
        guard input["datatype"]?.string == "BYTES" else { throw .badRequest("inputs[0].datatype must be \"BYTES\".") }
        if input["parameters"]?["binary_data_size"] != nil {
            throw .badRequest("inputs[0].parameters.binary_data_size is not supported: send the data as JSON.")
        }
        guard let shapeValue = input["shape"]?.array, case let shape = shapeValue.compactMap(\.int),
            shape.count == shapeValue.count, shape.count == 1 || shape.count == 2 && shape[1] == 1, shape[0] >= 0
        else { throw .badRequest("inputs[0].shape must be [n] or [n, 1].") }
        guard let data = input["data"]?.array else { throw .badRequest("inputs[0].data must be a list of strings.") }
        var texts: [String] = []
        for (index, element) in data.enumerated() {
            // A tensor may be written flat or nested.
            let inner = shape.count == 2 && element.array?.count == 1 ? element.array?.first : element
            guard let text = inner?.string else { throw .badRequest("inputs[0].data[\(index)] must be a string.") }
            texts.append(text)
        }
        guard texts.count == shape[0] else {
            throw .badRequest("inputs[0].data has \(texts.count) elements, but inputs[0].shape says \(shape[0]).")
        }
        return texts
    }

    private func output(
        _ name: String, _ results: [TextClassifier.Classification], _ labels: [String]
    ) -> JSONValue {
        let isLabel = name == "label"
        let data: [JSONValue] =
            switch name {
            case "label": results.map { .string(labels[$0.label]) }
            case "scores": results.flatMap { $0.probabilities.map(JSONValue.real) }
            default: results.flatMap { $0.logits.map(JSONValue.real) }
            }
        let shape = isLabel ? [results.count] : [results.count, labels.count]
        return .members([
            "name": .string(name), "datatype": isLabel ? "BYTES" : "FP32",
            "shape": .array(shape.map(JSONValue.integer)), "data": .array(data),
        ])
    }
}

import Foundation

/// What the gateway can see of predictions: the texts that were sent, and what each was taken for.
struct PredictionExchange: Equatable {
    struct Prediction: Equatable {
        /// Length in Unicode scalars; nil when the input is not a text.
        var textLength: Int?
        var label: String?
        /// Probability of the label.
        var confidence: Double?
    }

    var predictions: [Prediction]

    /// Reads `POST /v1/models/{name}:predict` and the Open Inference Protocol's `POST /v2/models/{name}/infer`; nil for
    /// anything else, and for bodies that are not what these protocols say.
    init?(path: String, request: [UInt8], response: [UInt8]) {
        let path = path.prefix { $0 != "?" }
        guard let request = (try? JSONSerialization.jsonObject(with: Data(request))) as? [String: Any],
            let response = (try? JSONSerialization.jsonObject(with: Data(response))) as? [String: Any]
        else { return nil }
        if path.hasPrefix("/v1/models/"), path.hasSuffix(":predict") {
            self.init(version1: request, response)
        } else if path.hasPrefix("/v2/models/"), path.hasSuffix("/infer") {
            self.init(version2: request, response)
        } else {
            return nil
        }
    }

    private init?(version1 request: [String: Any], _ response: [String: Any]) {
        guard let instances = request["instances"] as? [Any], let results = response["predictions"] as? [Any],
            instances.count == results.count
        else { return nil }
        predictions = zip(instances, results).map { instance, result in
            let text = instance as? String ?? (instance as? [String: Any])?["text"] as? String
            let fields = result as? [String: Any]
            return Prediction(
                textLength: text?.unicodeScalars.count, label: result as? String ?? fields?["label"] as? String,
                confidence: (fields?["score"] as? NSNumber)?.doubleValue)
        }
    }

    private init?(version2 request: [String: Any], _ response: [String: Any]) {
        func tensor(_ tensors: Any?, _ name: String) -> [String: Any]? {
            (tensors as? [[String: Any]])?.first { $0["name"] as? String == name }
        }
        let texts = tensor(request["inputs"], "text")?["data"] as? [Any] ?? []
        let labels = tensor(response["outputs"], "label")?["data"] as? [Any] ?? []
        let scores = tensor(response["outputs"], "scores")
        let flat = (scores?["data"] as? [Any] ?? []).flatMap { $0 as? [Any] ?? [$0] }.compactMap {
            ($0 as? NSNumber)?.doubleValue
        }
        let count = max(texts.count, labels.count)
        guard count > 0, texts.isEmpty || texts.count == count, labels.isEmpty || labels.count == count else { return nil }
        let width = flat.count % count == 0 ? flat.count / count : 0
        predictions = (0..<count).map { index in
            Prediction(
                textLength: index < texts.count ? (texts[index] as? String)?.unicodeScalars.count : nil,
                label: index < labels.count ? labels[index] as? String : nil,
                confidence: width > 0 ? flat[(index * width)..<((index + 1) * width)].max() : nil)
        }
    }
}

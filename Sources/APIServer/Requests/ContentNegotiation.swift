import KubernetesTypes

/// In which form a caller wants the answer.
struct ResponseForm: Sendable, Equatable {
    enum Encoding: Sendable { case json, yaml }
    enum Shape: Sendable, Equatable { case object, table, partialMetadata, partialMetadataList }

    var encoding: Encoding = .json
    var shape: Shape = .object
    var isPretty = false
}

/// Reads the Accept header as upstream's serializers do.
enum ContentNegotiation {
    struct MediaType: Sendable {
        var type: String
        var parameters: [String: String]
        var quality: Double
    }

    static func mediaTypes(_ accept: String) -> [MediaType] {
        let parsed = accept.split(separator: ",").map { clause -> MediaType in
            let parts = clause.split(separator: ";").map { $0.trimmed }
            var parameters: [String: String] = [:]
            for part in parts.dropFirst() {
                let sides = part.split(separator: "=", maxSplits: 1)
                if sides.count == 2 { parameters[sides[0].lowercased()] = String(sides[1]) }
            }
            let quality = parameters.removeValue(forKey: "q").flatMap(Double.init) ?? 1
            return MediaType(type: parts.first?.lowercased() ?? "", parameters: parameters, quality: quality)
        }
        // Stable: equally wanted types stay in the caller's order.
        return parsed.enumerated().sorted { ($0.element.quality, -$0.offset) > ($1.element.quality, -$1.offset) }.map(\.element)
    }

    /// The form of an object or list, for a request that is not a watch.
    static func form(_ request: APIRequest, isWatch: Bool = false, isStreamListed: Bool = false) throws(APIError) -> ResponseForm
    {
        var pretty = request.parameter("pretty").map { RequestInfo.isTrue($0) }
        if pretty == nil, let agent = request.header("user-agent") {
            pretty = agent.hasPrefix("curl") || agent.hasPrefix("Wget") || agent.hasPrefix("Mozilla/5.0")
        }
        let accept = request.header("accept") ?? ""
        guard !accept.trimmed.isEmpty else { return ResponseForm(isPretty: pretty ?? false) }
        var sawKnownType = false
        for media in mediaTypes(accept) {
            guard let encoding = encoding(of: media.type) else {
                if media.type == "application/vnd.kubernetes.protobuf" { sawKnownType = true }
                continue
            }
            sawKnownType = true
            if let shape = shape(of: media.parameters) {
                return ResponseForm(encoding: encoding, shape: shape, isPretty: pretty ?? false)
            }
        }
        if sawKnownType || isWatch { throw notAcceptable }
        let watch = ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
        throw APIError(
            code: 406, reason: "NotAcceptable",
            message: "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
                + "application/vnd.kubernetes.protobuf\(isStreamListed ? watch : "")", details: [:])
    }

    static let notAcceptable = APIError(
        code: 406, reason: "NotAcceptable",
        message:
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )

    private static func encoding(of type: String) -> ResponseForm.Encoding? {
        switch type {
        case "application/json", "*/*", "application/*": .json
        case "application/yaml": .yaml
        default: nil
        }
    }

    /// nil when the parameters ask for something that is not offered.
    private static func shape(of parameters: [String: String]) -> ResponseForm.Shape? {
        guard let target = parameters["as"] else { return .object }
        guard parameters["g"] == "meta.k8s.io", parameters["v"] == "v1" || parameters["v"] == "v1beta1" else { return nil }
        return switch target {
        case "Table": .table
        case "PartialObjectMetadata": .partialMetadata
        case "PartialObjectMetadataList": .partialMetadataList
        default: nil
        }
    }
}

extension StringProtocol {
    /// Without spaces and tabs at either end.
    var trimmed: String {
        var view = self[...]
        while let first = view.first, first == " " || first == "\t" { view = view.dropFirst() }
        while let last = view.last, last == " " || last == "\t" { view = view.dropLast() }
        return String(view)
    }
}

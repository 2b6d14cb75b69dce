import Foundation

/// The envelope of Prometheus' HTTP API, version 1.
struct APIResponse: Decodable {
    let status: String
    let data: Payload?
    let errorType: String?
    let error: String?
    let warnings: [String]?
    let infos: [String]?

    struct Payload: Decodable {
        let value: QueryResult.Value

        private enum Key: CodingKey {
            case resultType, result
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            let type = try container.decode(String.self, forKey: .resultType)
            switch type {
            case "vector":
                value = .vector(
                    try container.decode([Series].self, forKey: .result).map { series in
                        guard let sample = series.value else { throw missing("value", container) }
                        return VectorElement(labels: series.metric, sample: sample.sample)
                    })
            case "matrix":
                value = .matrix(
                    try container.decode([Series].self, forKey: .result).map {
                        MatrixElement(labels: $0.metric, samples: ($0.values ?? []).map(\.sample))
                    })
            case "scalar":
                value = .scalar(try container.decode(Point.self, forKey: .result).sample)
            case "string":
                var pair = try container.nestedUnkeyedContainer(forKey: .result)
                _ = try pair.decode(Double.self)
                value = .string(try pair.decode(String.self))
            default:
                throw DecodingError.dataCorruptedError(
                    forKey: .resultType, in: container, debugDescription: "unknown result type \(type)")
            }
        }
    }

    private struct Series: Decodable {
        let metric: [String: String]
        let value: Point?
        let values: [Point]?
    }

    /// `[1435781430.781, "1"]`: the value is text because JSON has no NaN and no infinity.
    private struct Point: Decodable {
        let sample: Sample

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            let time = try pair.decode(Double.self)
            let text = try pair.decode(String.self)
            let value: Double? =
                switch text {
                case "NaN": .nan
                case "+Inf", "Inf": .infinity
                case "-Inf": -.infinity
                default: Double(text)
                }
            guard let value else {
                throw DecodingError.dataCorruptedError(in: pair, debugDescription: "\(text.prefix(40)) is not a number")
            }
            sample = Sample(time: time, value: value)
        }
    }
}

private func missing<Key: CodingKey>(_ name: String, _ container: KeyedDecodingContainer<Key>) -> DecodingError {
    .dataCorrupted(.init(codingPath: container.codingPath, debugDescription: "a series has no \(name)"))
}

public import Foundation

/// What a version's inputs and outputs looked like on its validation split: the `reference.json` of a bundle.
public struct ReferenceProfile: Sendable, Equatable {
    public static let fileName = "reference.json"
    /// A profile beyond this many bytes is refused before it is parsed.
    public static let maximumBytes = 16 << 20
    static let maximumBuckets = 1_000
    static let maximumFeatures = 500

    /// How many examples it was made from.
    public let samples: Int
    /// The labels in the model's order.
    public let labels: [String]
    /// The distributions by feature name.
    public let features: [String: Distribution]
    public let sketch: EmbeddingSketch?

    /// Parses and checks a profile.
    /// - Throws: ``DriftError`` with the field that is wrong.
    public init(json: Data) throws {
        guard json.count <= Self.maximumBytes else {
            throw DriftError(
                .invalidReference, "reference.json has \(json.count) bytes; at most \(Self.maximumBytes) are read.")
        }
        let wire: Wire
        do {
            wire = try JSONDecoder().decode(Wire.self, from: json)
        } catch let error as DecodingError {
            throw Self.explain(error)
        } catch {
            throw DriftError(.invalidReference, "reference.json is not JSON.")
        }
        try self.init(wire)
    }

    /// The counters of a feature's served values, in the order of its buckets: `0`, `1`, … for numbers, the category
    /// for categories, where unseen ones count as `other`.
    public func bucketNames(of feature: String) -> [String] {
        guard let distribution = features[feature] else { return [] }
        switch distribution.support {
        case .numeric(let buckets): return (0..<buckets.count).map(String.init)
        case .categorical(let categories):
            return categories.contains(Distribution.otherCategory) ? categories : categories + [Distribution.otherCategory]
        }
    }

    /// The bucket in which a served number is counted; nil when the feature is unknown or categorical.
    public func bucketName(of feature: String, value: Double) -> String? {
        guard case .numeric(let buckets)? = features[feature]?.support else { return nil }
        return String(buckets.index(of: value))
    }

    /// The bucket in which a served category is counted; nil when the feature is unknown or numeric.
    public func bucketName(of feature: String, category: String) -> String? {
        guard case .categorical(let categories)? = features[feature]?.support else { return nil }
        return categories.contains(category) ? category : Distribution.otherCategory
    }

    /// The served distribution of a feature from its counters; counters of buckets that do not exist are an error.
    public func served(_ feature: String, countsByBucket: [String: Double]) throws -> Distribution {
        guard let reference = features[feature] else { throw unknown(feature) }
        let names = bucketNames(of: feature)
        if let stranger = countsByBucket.keys.filter({ !names.contains($0) }).min() {
            throw DriftError(
                .bucketMismatch,
                "Feature \(feature) was counted in a bucket \"\(stranger)\" that the reference does not have: "
                    + "the counters belong to another version's profile.",
                field: "features.\(feature)")
        }
        let counts = names.map { countsByBucket[$0] ?? 0 }
        switch reference.support {
        case .numeric: return try Distribution(support: reference.support, counts: counts)
        case .categorical: return try Distribution(support: .categorical(names), counts: counts)
        }
    }

    func unknown(_ feature: String) -> DriftError {
        DriftError(
            .unknownFeature,
            "The reference profile has no feature \"\(feature)\"; it has \(features.keys.sorted().joined(separator: ", ")).",
            field: "features.\(feature)")
    }

    // MARK: The file

    private struct Wire: Decodable {
        struct Feature: Decodable {
            let kind: String
            let edges: [Double]?
            let categories: [String]?
            let counts: [Double]
        }

        let schemaVersion: Int
        let samples: Int
        let labels: [String]
        let features: [String: Feature]
        let sketch: EmbeddingSketch?
    }

    private init(_ wire: Wire) throws {
        func refuse(_ field: String, _ message: String) -> DriftError {
            DriftError(.invalidReference, "\(field) \(message)", field: field)
        }
        guard wire.schemaVersion == 1 else {
            throw refuse("schemaVersion", "is \(wire.schemaVersion); this build reads 1.")
        }
        guard wire.samples >= 0 else { throw refuse("samples", "is negative.") }
        guard Set(wire.labels).count == wire.labels.count else { throw refuse("labels", "names a label twice.") }
        guard wire.features.count <= Self.maximumFeatures else {
            throw refuse("features", "has \(wire.features.count) entries; at most \(Self.maximumFeatures) are read.")
        }
        try wire.sketch?.validate()
        var features: [String: Distribution] = [:]
        for (name, feature) in wire.features.sorted(by: { $0.key < $1.key }) {
            let field = "features.\(name)"
            guard feature.counts.count <= Self.maximumBuckets else {
                throw refuse("\(field).counts", "has more than \(Self.maximumBuckets) entries.")
            }
            let support: Distribution.Support
            switch feature.kind {
            case "numeric":
                guard let edges = feature.edges else {
                    throw refuse("\(field).edges", "is missing: a numeric feature has edges.")
                }
                support = .numeric(try NumericBuckets(edges: edges, field: "\(field).edges"))
            case "categorical":
                guard let categories = feature.categories, !categories.isEmpty else {
                    throw refuse("\(field).categories", "is missing or empty: a categorical feature lists its categories.")
                }
                guard Set(categories).count == categories.count else {
                    throw refuse("\(field).categories", "names a category twice.")
                }
                support = .categorical(categories)
            default:
                throw refuse("\(field).kind", "is \"\(feature.kind.prefix(40))\": it is numeric or categorical.")
            }
            features[name] = try Distribution(support: support, counts: feature.counts, field: "\(field).counts")
        }
        samples = wire.samples
        labels = wire.labels
        self.features = features
        sketch = wire.sketch
    }

    private static func explain(_ error: DecodingError) -> DriftError {
        func field(_ path: [any CodingKey], _ last: (any CodingKey)? = nil) -> String {
            (path + (last.map { [$0] } ?? [])).reduce("") { text, key in
                key.intValue.map { "\(text)[\($0)]" } ?? (text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)")
            }
        }
        switch error {
        case .keyNotFound(let key, let context):
            let name = field(context.codingPath, key)
            return DriftError(.invalidReference, "\(name) is missing.", field: name)
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let name = field(context.codingPath)
            return DriftError(.invalidReference, "\(name.isEmpty ? "reference.json" : name) has the wrong type.", field: name)
        case .dataCorrupted(let context):
            let name = field(context.codingPath)
            return DriftError(
                .invalidReference, name.isEmpty ? "reference.json is not JSON." : "\(name) has a value that cannot be read.",
                field: name.isEmpty ? nil : name)
        @unknown default:
            return DriftError(.invalidReference, "reference.json cannot be read.")
        }
    }
}

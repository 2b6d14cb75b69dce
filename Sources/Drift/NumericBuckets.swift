/// Buckets over the real line with Prometheus' `le` semantics: bucket 0 is x ≤ e₁, bucket i is eᵢ < x ≤ eᵢ₊₁, and
/// the last is x > eₖ. Training, serving and gateway share the edges, so that their counts can be compared.
public struct NumericBuckets: Sendable, Equatable {
    /// Finite and strictly increasing.
    public let edges: [Double]

    /// Buckets with these edges.
    /// - Throws: ``DriftError`` when there is no edge, or they are not finite and strictly increasing.
    public init(edges: [Double]) throws {
        try self.init(edges: edges, field: "edges")
    }

    init(edges: [Double], field: String) throws {
        guard !edges.isEmpty else {
            throw DriftError(.invalidReference, "\(field) is empty: at least one edge is needed.", field: field)
        }
        for (index, edge) in edges.enumerated() {
            guard edge.isFinite else {
                throw DriftError(
                    .invalidReference, "\(field)[\(index)] is not a finite number.", field: "\(field)[\(index)]")
            }
            guard index == 0 || edges[index - 1] < edge else {
                throw DriftError(
                    .invalidReference,
                    "\(field)[\(index)] is \(edge), not above \(edges[index - 1]) before it: edges strictly increase.",
                    field: "\(field)[\(index)]")
            }
        }
        self.edges = edges
    }

    /// One more than there are edges.
    public var count: Int { edges.count + 1 }

    /// The bucket of a value. NaN falls into the last one, as it does in Prometheus' histograms.
    public func index(of value: Double) -> Int {
        if value.isNaN { return edges.count }
        var low = 0
        var high = edges.count
        while low < high {
            let middle = (low + high) / 2
            if value <= edges[middle] { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// How many of the values fall into each bucket.
    public func counts(of values: some Sequence<Double>) -> [Double] {
        var counts = [Double](repeating: 0, count: count)
        for value in values { counts[index(of: value)] += 1 }
        return counts
    }

    /// Lower and upper bounds of each bucket, with the two open ones closed.
    ///
    /// An open bucket is taken to be as wide as its neighbour: mass far outside is thus counted as just outside, which
    /// makes distances between distributions with long tails smaller, never larger, than they are. With a single edge
    /// both have width 1.
    public var closedBounds: [(low: Double, high: Double)] {
        let first = edges[0]
        let last = edges[edges.count - 1]
        let leftWidth = edges.count > 1 ? edges[1] - first : 1
        let rightWidth = edges.count > 1 ? last - edges[edges.count - 2] : 1
        let all = [first - leftWidth] + edges + [last + rightWidth]
        return zip(all, all.dropFirst()).map { (low: $0, high: $1) }
    }

    /// Buckets that hold about equally many of the samples: edges at their quantiles, equal ones merged.
    ///
    /// - Parameters:
    ///   - samples: values that are not finite are left out.
    ///   - bucketCount: how many buckets are wanted; ties give fewer.
    /// - Returns: nil when no sample is finite.
    public static func quantiles(of samples: some Sequence<Double>, bucketCount: Int = 10) -> NumericBuckets? {
        let sorted = samples.filter(\.isFinite).sorted()
        guard !sorted.isEmpty else { return nil }
        var edges: [Double] = []
        for quantile in 1..<max(2, bucketCount) {
            // Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996, as numpy's default).
            let position = Double(quantile) / Double(max(2, bucketCount)) * Double(sorted.count - 1)
            let below = Int(position)
            let above = min(below + 1, sorted.count - 1)
            let edge = sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
            if let last = edges.last, edge <= last { continue }
            edges.append(edge)
        }
        return try? NumericBuckets(edges: edges)
    }
}

/// Counts over buckets: of a number's range, or of categories.
public struct Distribution: Sendable, Equatable {
    /// What the buckets are.
    public enum Support: Sendable, Equatable {
        case numeric(NumericBuckets)
        /// The categories, in order. A served distribution may have one more, for the unseen.
        case categorical([String])

        /// How many buckets there are.
        public var count: Int {
            switch self {
            case .numeric(let buckets): buckets.count
            case .categorical(let categories): categories.count
            }
        }
    }

    /// The category that stands for every one that the reference does not name.
    public static let otherCategory = "other"

    public let support: Support
    /// One count a bucket. Not whole numbers where Prometheus extrapolated an increase.
    public let counts: [Double]

    /// Counts over buckets.
    /// - Throws: ``DriftError`` when there are more or fewer counts than buckets, or one is negative or not finite.
    public init(support: Support, counts: [Double]) throws {
        try self.init(support: support, counts: counts, field: "counts")
    }

    init(support: Support, counts: [Double], field: String) throws {
        guard counts.count == support.count else {
            throw DriftError(
                .invalidCounts, "\(field) has \(counts.count) entries for \(support.count) buckets.", field: field)
        }
        for (index, count) in counts.enumerated() where !(count.isFinite && count >= 0) {
            throw DriftError(
                .invalidCounts, "\(field)[\(index)] is \(count): a count is a number that is not negative.",
                field: "\(field)[\(index)]")
        }
        self.support = support
        self.counts = counts
    }

    /// Sum of the counts.
    public var total: Double { counts.reduce(0, +) }

    /// Shares of the buckets, summing to 1; zeros when nothing was counted.
    public var shares: [Double] {
        let total = total
        return total > 0 ? counts.map { $0 / total } : counts
    }

    /// Shares with half a count added to every bucket.
    ///
    /// The logarithms of PSI need shares above zero. Half a count each is the Jeffreys prior of a multinomial
    /// (Krichevsky and Trofimov 1981, "The performance of universal encoding"): its weight shrinks with the number of
    /// samples, while a fixed epsilon makes one empty bucket weigh the more the smaller the epsilon is.
    public var smoothedShares: [Double] {
        let total = total + 0.5 * Double(counts.count)
        return counts.map { ($0 + 0.5) / total }
    }

    /// Both distributions over the same buckets: of two categorical ones the categories are united.
    static func aligned(_ reference: Distribution, _ served: Distribution) throws -> (Distribution, Distribution) {
        switch (reference.support, served.support) {
        case (.numeric(let one), .numeric(let other)):
            guard one == other else {
                throw DriftError(
                    .bucketMismatch,
                    "The served counts are over other edges than the reference: they come from another version's profile.")
            }
            return (reference, served)
        case (.categorical(let known), .categorical(let seen)):
            let categories = known + seen.filter { !known.contains($0) }
            func spread(_ distribution: Distribution, _ names: [String]) throws -> Distribution {
                var counts: [String: Double] = [:]
                for (name, count) in zip(names, distribution.counts) { counts[name, default: 0] += count }
                return try Distribution(support: .categorical(categories), counts: categories.map { counts[$0] ?? 0 })
            }
            let (left, right) = (try spread(reference, known), try spread(served, seen))
            // A category that neither has seen says nothing, but smoothing would still give it weight.
            let used = categories.indices.filter { left.counts[$0] + right.counts[$0] > 0 || $0 < known.count }
            func kept(_ distribution: Distribution) throws -> Distribution {
                try Distribution(
                    support: .categorical(used.map { categories[$0] }), counts: used.map { distribution.counts[$0] })
            }
            return (try kept(left), try kept(right))
        default:
            throw DriftError(.bucketMismatch, "A numeric and a categorical feature cannot be compared.")
        }
    }
}

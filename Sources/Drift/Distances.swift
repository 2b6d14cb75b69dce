import Foundation

/// Distances between two distributions over the same buckets. The first is the reference, the second what was served.
public enum Distances {
    /// Population stability index: Σ (q − p) ln(q / p), over smoothed shares (see ``Distribution/smoothedShares``).
    ///
    /// By convention 0.1 is a small and 0.25 a large shift. Without drift it is about
    /// (buckets − 1)(1/n + 1/m) for n and m samples (Yurdakul 2018, "Statistical properties of the population
    /// stability index"), which ``populationStabilityIndexWithoutDrift(bucketCount:reference:served:)`` gives.
    public static func populationStabilityIndex(_ reference: Distribution, _ served: Distribution) throws -> Double {
        let (one, other) = try Distribution.aligned(reference, served)
        return zip(one.smoothedShares, other.smoothedShares).reduce(0) { $0 + ($1.1 - $1.0) * log($1.1 / $1.0) }
    }

    /// What the index comes to, on average, when nothing drifted: a threshold should be well above.
    public static func populationStabilityIndexWithoutDrift(bucketCount: Int, reference: Double, served: Double) -> Double {
        guard reference > 0, served > 0 else { return .infinity }
        return Double(bucketCount - 1) * (1 / reference + 1 / served)
    }

    /// Jensen–Shannon distance with logarithms to base 2: the square root of the divergence, from 0 to 1. Needs no
    /// smoothing, since an empty bucket contributes a finite amount.
    public static func jensenShannon(_ reference: Distribution, _ served: Distribution) throws -> Double {
        let (one, other) = try Distribution.aligned(reference, served)
        let divergence = zip(one.shares, other.shares).reduce(0.0) { sum, pair in
            let middle = (pair.0 + pair.1) / 2
            func term(_ share: Double) -> Double { share > 0 ? share * log2(share / middle) / 2 : 0 }
            return sum + term(pair.0) + term(pair.1)
        }
        return min(1, max(0, divergence)).squareRoot()
    }

    /// Wasserstein-1 distance in the feature's unit: the area between the two cumulative distributions.
    ///
    /// Within a bucket the mass is taken to be spread evenly, and the open buckets to be as wide as their neighbours
    /// (``NumericBuckets/closedBounds``). For values inside those bounds the distance over raw samples differs from this
    /// by at most ``wassersteinResolution(_:_:)``. Between categories every two are 1 apart, which makes it the total
    /// variation distance.
    public static func wasserstein(_ reference: Distribution, _ served: Distribution) throws -> Double {
        let (one, other) = try Distribution.aligned(reference, served)
        guard case .numeric(let buckets) = one.support else {
            return zip(one.shares, other.shares).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
        }
        var difference = 0.0
        var area = 0.0
        for ((share, bounds), otherShare) in zip(zip(one.shares, buckets.closedBounds), other.shares) {
            let next = difference + share - otherShare
            area += (bounds.high - bounds.low) * meanAbsolute(from: difference, to: next)
            difference = next
        }
        return area
    }

    /// Mean of the absolute value of a line from `start` to `end`: the cumulative difference inside one bucket.
    private static func meanAbsolute(from start: Double, to end: Double) -> Double {
        if start * end >= 0 { return abs(start + end) / 2 }
        return (start * start + end * end) / (2 * (abs(start) + abs(end)))
    }

    /// How far the bucketed Wasserstein distance can be from that of the raw samples: moving all mass of a bucket of
    /// width w to an even spread over it costs at most w / 2, in each of the two distributions.
    public static func wassersteinResolution(_ reference: Distribution, _ served: Distribution) throws -> Double {
        let (one, other) = try Distribution.aligned(reference, served)
        guard case .numeric(let buckets) = one.support else { return 0 }
        return zip(zip(one.shares, other.shares), buckets.closedBounds).reduce(0) {
            $0 + ($1.0.0 + $1.0.1) * ($1.1.high - $1.1.low) / 2
        }
    }

    /// Kolmogorov–Smirnov statistic: the largest difference of the cumulative distributions at the shared edges.
    public struct KolmogorovSmirnov: Sendable, Equatable {
        /// At the edges, hence never above the statistic of the raw samples.
        public let statistic: Double
        /// What the statistic of the raw samples cannot exceed, given the counts.
        public let upperBound: Double
        /// Asymptotic probability of a statistic at least this large without drift.
        public let pValue: Double
    }

    /// Kolmogorov–Smirnov test of two numeric distributions.
    public static func kolmogorovSmirnov(
        _ reference: Distribution, _ served: Distribution
    ) throws -> KolmogorovSmirnov {
        let (one, other) = try Distribution.aligned(reference, served)
        guard case .numeric = one.support else {
            throw DriftError(
                .unsupportedMethod,
                "kolmogorovSmirnov needs an order, which categories do not have: use psi, jensenShannon or chiSquare.")
        }
        var difference = 0.0
        var statistic = 0.0
        var bound = 0.0
        for (share, otherShare) in zip(one.shares, other.shares) {
            // Inside the bucket one distribution may gain all its mass before the other gains any.
            bound = max(bound, difference + share, otherShare - difference)
            difference += share - otherShare
            statistic = max(statistic, abs(difference))
        }
        let (n, m) = (one.total, other.total)
        let scaled = n > 0 && m > 0 ? statistic * (n * m / (n + m)).squareRoot() : 0
        return KolmogorovSmirnov(
            statistic: statistic, upperBound: min(1, bound), pValue: SpecialFunctions.kolmogorovTail(scaled))
    }

    /// Chi-square test of homogeneity.
    public struct ChiSquare: Sendable, Equatable {
        public let statistic: Double
        public let degreesOfFreedom: Int
        /// Probability of a statistic at least this large without drift.
        public let pValue: Double
    }

    /// Chi-square test that both distributions come from one, over the 2 × k table of counts. Buckets that are empty in
    /// both are left out. No continuity correction.
    public static func chiSquare(_ reference: Distribution, _ served: Distribution) throws -> ChiSquare {
        let (one, other) = try Distribution.aligned(reference, served)
        let (n, m) = (one.total, other.total)
        let columns = zip(one.counts, other.counts).filter { $0.0 + $0.1 > 0 }
        guard n > 0, m > 0, columns.count > 1 else {
            return ChiSquare(statistic: 0, degreesOfFreedom: 0, pValue: 1)
        }
        let statistic = columns.reduce(0.0) { sum, column in
            let share = (column.0 + column.1) / (n + m)
            let (expected, expectedOther) = (n * share, m * share)
            return sum + (column.0 - expected) * (column.0 - expected) / expected
                + (column.1 - expectedOther) * (column.1 - expectedOther) / expectedOther
        }
        let degrees = columns.count - 1
        return ChiSquare(
            statistic: statistic, degreesOfFreedom: degrees,
            pValue: SpecialFunctions.upperGamma(Double(degrees) / 2, statistic / 2))
    }
}

/// The built-in ways to measure drift, by the names that resources use.
public enum DriftMethod: String, Sendable, CaseIterable, Codable {
    case psi
    case wasserstein
    case jensenShannon
    case kolmogorovSmirnov
    case chiSquare
}

/// The result of measuring one feature.
public enum DriftReading: Sendable, Equatable {
    /// - Parameters:
    ///   - value: grows with drift, so that a threshold is always exceeded upwards.
    ///   - samples: how many served values it is about.
    case value(Double, samples: Double)
    /// Too few served values to say anything.
    case insufficientSamples(found: Double, needed: Double)
}

extension ReferenceProfile {
    /// Measures how far a feature's served values are from this profile.
    ///
    /// The value per method: `psi` the index; `wasserstein` the distance in units of the reference's spread (its bucketed
    /// standard deviation), so that one threshold suits features of any unit; `jensenShannon` the distance from 0 to 1;
    /// `kolmogorovSmirnov` the statistic; `chiSquare` 1 minus the p-value.
    /// - Parameters:
    ///   - minimumSamples: with fewer served values nothing is measured.
    /// - Throws: ``DriftError`` for a feature the profile does not have, or a method that does not suit it.
    public func measure(
        _ method: DriftMethod, feature: String, served: Distribution, minimumSamples: Double
    ) throws -> DriftReading {
        guard let reference = features[feature] else { throw unknown(feature) }
        if method == .kolmogorovSmirnov, case .categorical = reference.support {
            throw DriftError(
                .unsupportedMethod,
                "kolmogorovSmirnov needs an order, which the categories of \(feature) do not have: use psi, jensenShannon or chiSquare.",
                field: "features.\(feature)")
        }
        guard reference.total > 0 else {
            throw DriftError(
                .invalidReference, "features.\(feature).counts are all 0: there is nothing to compare with.",
                field: "features.\(feature).counts")
        }
        let needed = max(1, minimumSamples)
        guard served.total >= needed else { return .insufficientSamples(found: served.total, needed: needed) }
        let value =
            switch method {
            case .psi: try Distances.populationStabilityIndex(reference, served)
            case .wasserstein: try Distances.wasserstein(reference, served) / reference.spread
            case .jensenShannon: try Distances.jensenShannon(reference, served)
            case .kolmogorovSmirnov: try Distances.kolmogorovSmirnov(reference, served).statistic
            case .chiSquare: 1 - (try Distances.chiSquare(reference, served).pValue)
            }
        return .value(value, samples: served.total)
    }
}

extension Distribution {
    /// Standard deviation over the middles of the buckets, at least the narrowest bucket's width; 1 for categories.
    public var spread: Double {
        guard case .numeric(let buckets) = support, total > 0 else { return 1 }
        let bounds = buckets.closedBounds
        let middles = bounds.map { ($0.low + $0.high) / 2 }
        let mean = zip(shares, middles).reduce(0) { $0 + $1.0 * $1.1 }
        let variance = zip(shares, middles).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
        let narrowest = bounds.map { $0.high - $0.low }.min() ?? 1
        return max(variance.squareRoot(), narrowest)
    }
}

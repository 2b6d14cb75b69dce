import Testing

@testable import Drift

@Suite struct DistanceTests {
    static let edges: [Double] = [1, 2, 4, 7, 8, 10, 15, 20, 30]

    func numeric(_ counts: [Double]) throws -> Distribution {
        try Distribution(support: .numeric(NumericBuckets(edges: Self.edges)), counts: counts)
    }

    func categories(_ counts: [(String, Double)]) throws -> Distribution {
        try Distribution(support: .categorical(counts.map(\.0)), counts: counts.map(\.1))
    }

    /// Values from scipy 1.17 (jensenshannon, chi2_contingency, kstwobign) and numpy on the same counts; the Wasserstein
    /// distance by numeric integration over four million points.
    @Test func agreesWithScipy() throws {
        let reference = try numeric([40, 60, 80, 120, 90, 60, 30, 20, 10, 5])
        let served = try numeric([10, 20, 40, 60, 80, 90, 70, 50, 30, 25])
        expect(try Distances.jensenShannon(reference, served), 0.3125057807043161)
        expect(try Distances.populationStabilityIndex(reference, served), 0.5510397766197099)
        expect(try Distances.wasserstein(reference, served), 4.541338783852835, relative: 1e-6)
        let chi = try Distances.chiSquare(reference, served)
        expect(chi.statistic, 128.7059939969856)
        #expect(chi.degreesOfFreedom == 9)
        expect(chi.pValue, 2.1881900324039563e-23, relative: 1e-6)
        let ks = try Distances.kolmogorovSmirnov(reference, served)
        expect(ks.statistic, 0.31517629024016347)
        expect(ks.pValue, 9.572786394202298e-22, relative: 1e-6)

        let chiOfThree = try Distances.chiSquare(
            try categories([("a", 50), ("b", 30), ("c", 20)]), try categories([("a", 45), ("b", 33), ("c", 22)]))
        expect(chiOfThree.statistic, 0.5012531328320802)
        expect(chiOfThree.pValue, 0.7783129654969605)
    }

    @Test(arguments: [
        (0.3, 0.9999906941986655), (0.5, 0.9639452436648751), (1.0, 0.26999967167735456), (1.2, 0.11224966667072497),
        (2.0, 0.0006709252557796953), (3.0, 3.045995948942526e-08),
    ])
    func kolmogorovTail(x: Double, expected: Double) {
        expect(SpecialFunctions.kolmogorovTail(x), expected, relative: 1e-9)
    }

    @Test(arguments: [
        (1.0, 3.84, 0.05004352124870519), (2, 0.1, 0.951229424500714), (9, 30, 0.00043872177097947936),
        (9, 120, 1.336164776532522e-21), (50, 40, 0.8432273781737623), (200, 260, 0.002750408367306518),
    ])
    func chiSquareTail(degrees: Double, x: Double, expected: Double) {
        expect(SpecialFunctions.upperGamma(degrees / 2, x / 2), expected, relative: 1e-9)
    }

    @Test func noDriftIsZeroAndDriftIsSymmetricWhereItShouldBe() throws {
        let one = try numeric([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        let double = try numeric([2, 4, 6, 8, 10, 12, 14, 16, 18, 20])
        let other = try numeric([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
        #expect(try Distances.wasserstein(one, double) < 1e-12)
        #expect(try Distances.jensenShannon(one, double) < 1e-7)
        #expect(try Distances.kolmogorovSmirnov(one, double).statistic < 1e-12)
        #expect(try Distances.chiSquare(one, double).pValue > 0.999_999)
        expect(try Distances.wasserstein(one, other), try Distances.wasserstein(other, one))
        expect(
            try Distances.populationStabilityIndex(one, other), try Distances.populationStabilityIndex(other, one))
    }

    @Test func extremes() throws {
        let left = try numeric([10, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        let right = try numeric([0, 0, 0, 0, 0, 0, 0, 0, 0, 10])
        expect(try Distances.jensenShannon(left, right), 1)
        expect(try Distances.kolmogorovSmirnov(left, right).statistic, 1)
        // From the middle of 0...1 to the middle of 30...40.
        expect(try Distances.wasserstein(left, right), 34.5)
        // Ten half counts and ten counts: finite although every bucket is empty on one side.
        let psi = try Distances.populationStabilityIndex(left, right)
        #expect(psi > 3 && psi < 10)
        let empty = try numeric([0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(try Distances.chiSquare(left, empty).pValue == 1)
        #expect(try Distances.kolmogorovSmirnov(left, empty).pValue == 1)
    }

    @Test func categoriesAreUnitedAndCountedAsTotalVariation() throws {
        let reference = try categories([("complaint", 50), ("request", 50)])
        let served = try categories([("complaint", 25), ("request", 25), ("other", 50)])
        expect(try Distances.wasserstein(reference, served), 0.5)
        #expect(try Distances.chiSquare(reference, served).degreesOfFreedom == 2)
        // An unseen category with no events is as good as absent.
        let same = try categories([("complaint", 50), ("request", 50), ("other", 0)])
        #expect(try Distances.populationStabilityIndex(reference, same) == 0)
        #expect(throws: DriftError.self) { try Distances.kolmogorovSmirnov(reference, served) }
        #expect(throws: DriftError.self) { try Distances.wasserstein(reference, try numeric([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])) }
    }

    @Test func bucketsOfOtherEdgesAreNotCompared() throws {
        let one = try Distribution(support: .numeric(NumericBuckets(edges: [1, 2])), counts: [1, 1, 1])
        let other = try Distribution(support: .numeric(NumericBuckets(edges: [1, 3])), counts: [1, 1, 1])
        #expect(throws: DriftError.self) { try Distances.populationStabilityIndex(one, other) }
    }

    /// Without drift the index stays near what theory says, over many seeded pairs of samples.
    @Test func theIndexWithoutDriftIsWhatTheorySays() throws {
        var generator = SeededGenerator(state: 7)
        var sum = 0.0
        for _ in 0..<200 {
            let sample = (0..<2_000).map { _ in generator.normal() }
            let buckets = try #require(NumericBuckets.quantiles(of: sample[..<1_000]))
            let (one, other) = (buckets.counts(of: sample[..<1_000]), buckets.counts(of: sample[1_000...]))
            sum += try Distances.populationStabilityIndex(
                try Distribution(support: .numeric(buckets), counts: one),
                try Distribution(support: .numeric(buckets), counts: other))
        }
        let expected = Distances.populationStabilityIndexWithoutDrift(bucketCount: 10, reference: 1_000, served: 1_000)
        #expect(abs(sum / 200 - expected) < 0.35 * expected)
    }
}

func expect(
    _ value: Double, _ expected: Double, relative: Double = 1e-12, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(
        abs(value - expected) <= relative * abs(expected) + 1e-300, "\(value) is not \(expected)", sourceLocation: sourceLocation)
}

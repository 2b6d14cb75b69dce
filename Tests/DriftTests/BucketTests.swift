import Testing

@testable import Drift

@Suite struct BucketTests {
    @Test(arguments: [
        (-5.0, 0), (1, 0), (1.000001, 1), (2, 1), (3, 2), (4, 2), (4.1, 3), (.infinity, 3), (-.infinity, 0), (.nan, 3),
    ])
    func boundsBelongToTheBucketBelow(value: Double, bucket: Int) throws {
        #expect(try NumericBuckets(edges: [1, 2, 4]).index(of: value) == bucket)
    }

    @Test(arguments: [[], [1, 1], [2, 1], [.nan], [1, .infinity]] as [[Double]])
    func badEdgesAreRefused(edges: [Double]) {
        #expect(throws: DriftError.self) { try NumericBuckets(edges: edges) }
    }

    /// As numpy.quantile gives them.
    @Test func quantileEdges() throws {
        let buckets = try #require(NumericBuckets.quantiles(of: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9], bucketCount: 5))
        for (edge, expected) in zip(buckets.edges, [2.8, 4.6, 5.4, 8.2]) { expect(edge, expected) }
        #expect(NumericBuckets.quantiles(of: [1, 1, 1, 1])?.edges == [1])
        #expect(NumericBuckets.quantiles(of: [.nan, 2])?.edges == [2])
        #expect(NumericBuckets.quantiles(of: [Double]()) == nil)
    }

    enum Shape: CaseIterable, Sendable { case uniform, normal, skewed, lumpy }

    static func draw(_ shape: Shape, shift: Double, using generator: inout SeededGenerator) -> Double {
        switch shape {
        case .uniform: Double.random(in: 0..<1, using: &generator) + shift
        case .normal: generator.normal() + shift
        case .skewed: generator.normal() * generator.normal() + shift
        case .lumpy: (generator.normal() * 2).rounded() + shift
        }
    }

    /// The value over buckets is as close to that over the raw samples as is stated, whatever the samples are.
    @Test(arguments: Shape.allCases, [0.0, 0.3, 1.0])
    func bucketedDistancesStayNearThoseOfRawSamples(shape: Shape, shift: Double) throws {
        var generator = SeededGenerator(state: 42)
        for _ in 0..<20 {
            var reference = (0..<500).map { _ in Self.draw(shape, shift: 0, using: &generator) }
            var served = (0..<300).map { _ in Self.draw(shape, shift: shift, using: &generator) }
            let buckets = try #require(NumericBuckets.quantiles(of: reference))
            let bounds = buckets.closedBounds
            // The statement is about values inside the closed bounds.
            let (low, high) = (bounds[0].low, bounds[bounds.count - 1].high)
            reference = reference.map { min(high, max(low, $0)) }
            served = served.map { min(high, max(low, $0)) }
            let p = try Distribution(support: .numeric(buckets), counts: buckets.counts(of: reference))
            let q = try Distribution(support: .numeric(buckets), counts: buckets.counts(of: served))

            let raw = rawDistances(reference, served)
            let distance = try Distances.wasserstein(p, q)
            #expect(abs(distance - raw.wasserstein) <= (try Distances.wassersteinResolution(p, q)) + 1e-9)
            let ks = try Distances.kolmogorovSmirnov(p, q)
            #expect(ks.statistic <= raw.kolmogorovSmirnov + 1e-12)
            #expect(raw.kolmogorovSmirnov <= ks.upperBound + 1e-12)
        }
    }

    /// Both distances by walking over all values in order.
    private func rawDistances(_ one: [Double], _ other: [Double]) -> (wasserstein: Double, kolmogorovSmirnov: Double) {
        let (one, other) = (one.sorted(), other.sorted())
        let points = Set(one + other).sorted()
        var (i, j, area, largest) = (0, 0, 0.0, 0.0)
        for (index, point) in points.enumerated() {
            while i < one.count, one[i] <= point { i += 1 }
            while j < other.count, other[j] <= point { j += 1 }
            let difference = abs(Double(i) / Double(one.count) - Double(j) / Double(other.count))
            largest = max(largest, difference)
            if index + 1 < points.count { area += difference * (points[index + 1] - point) }
        }
        return (area, largest)
    }
}

/// A value at a time.
public struct Sample: Sendable, Equatable {
    /// Seconds since 1970.
    public let time: Double
    public let value: Double

    public init(time: Double, value: Double) {
        self.time = time
        self.value = value
    }
}

/// One series of an instant query's result.
public struct VectorElement: Sendable, Equatable {
    public let labels: [String: String]
    public let sample: Sample
}

/// One series of a range query's result.
public struct MatrixElement: Sendable, Equatable {
    public let labels: [String: String]
    public let samples: [Sample]
}

/// What a query gave.
public struct QueryResult: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case vector([VectorElement])
        case matrix([MatrixElement])
        case scalar(Sample)
        case string(String)
    }

    public let value: Value
    /// What Prometheus remarks about the result, such as a rate over something that is not a counter.
    public let warnings: [String]
    /// For messages.
    let query: String

    /// The series of an instant query.
    /// - Throws: ``PrometheusError`` `unexpectedResult` when it gave something else.
    public func vector() throws -> [VectorElement] {
        switch value {
        case .vector(let elements): return elements
        case .scalar(let sample): return [VectorElement(labels: [:], sample: sample)]
        case .matrix, .string: throw unexpected("one value a series")
        }
    }

    /// The series of a range query.
    /// - Throws: ``PrometheusError`` `unexpectedResult` when it gave something else.
    public func matrix() throws -> [MatrixElement] {
        guard case .matrix(let elements) = value else { throw unexpected("a range of values a series") }
        return elements
    }

    /// The one number of an instant query that gives one.
    /// - Throws: ``PrometheusError`` `noData` when it selects nothing or gives NaN, `unexpectedResult` when it gives
    ///   more than one series.
    public func number() throws -> Double {
        let elements = try vector()
        guard let first = elements.first else {
            throw PrometheusError(
                .noData,
                "The query selects nothing: \(Self.shown(query)). Check the metric and label names, and that its targets are scraped."
            )
        }
        guard elements.count == 1 else {
            throw PrometheusError(
                .unexpectedResult,
                "The query gives \(elements.count) series, but one number is needed: \(Self.shown(query)). Aggregate it, with sum() or max() for instance."
            )
        }
        guard !first.sample.value.isNaN else {
            throw PrometheusError(
                .noData, "The query gives NaN, often a division of zero by zero: \(Self.shown(query)).")
        }
        return first.sample.value
    }

    private func unexpected(_ wanted: String) -> PrometheusError {
        let kind =
            switch value {
            case .vector: "a vector"
            case .matrix: "a matrix"
            case .scalar: "a scalar"
            case .string: "a string"
            }
        return PrometheusError(.unexpectedResult, "The query gives \(kind), but \(wanted) is needed: \(Self.shown(query)).")
    }

    static func shown(_ query: String) -> String {
        query.count > 300 ? query.prefix(300) + "…" : query
    }
}

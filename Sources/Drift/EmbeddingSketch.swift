/// A few fixed random projections of an embedding: enough to notice that inputs moved, small enough to count.
///
/// The matrix travels in the reference profile, so that no side needs to generate the same random numbers.
public struct EmbeddingSketch: Sendable, Equatable, Codable {
    /// What is projected, such as `mean_pooled_last_hidden_state`.
    public let embedding: String
    /// How many projections there are: the features `embedding_0` and up.
    public let dimensions: Int
    /// One row a projection, each as long as the embedding.
    public let matrix: [[Double]]

    public init(embedding: String, matrix: [[Double]]) throws {
        self.embedding = embedding
        dimensions = matrix.count
        self.matrix = matrix
        try validate()
    }

    /// Length of the embedding.
    public var embeddingSize: Int { matrix.first?.count ?? 0 }

    /// The projections of an embedding.
    /// - Throws: ``DriftError`` when the embedding has another length than the matrix' rows.
    public func project<Vector: RandomAccessCollection>(_ embedding: Vector) throws -> [Double]
    where Vector.Element: BinaryFloatingPoint {
        guard embedding.count == embeddingSize else {
            throw DriftError(
                .invalidReference,
                "sketch.matrix has rows of \(embeddingSize) numbers, but the model's embedding has \(embedding.count).",
                field: "sketch.matrix")
        }
        return matrix.map { row in
            var sum = 0.0
            for (weight, value) in zip(row, embedding) { sum += weight * Double(value) }
            return sum
        }
    }

    func validate() throws {
        guard (1...256).contains(dimensions), matrix.count == dimensions else {
            throw DriftError(
                .invalidReference,
                "sketch.dimensions is \(dimensions) and sketch.matrix has \(matrix.count) rows: both are the same, from 1 to 256.",
                field: "sketch.matrix")
        }
        let width = matrix[0].count
        for (index, row) in matrix.enumerated() {
            guard row.count == width, width > 0 else {
                throw DriftError(
                    .invalidReference, "sketch.matrix[\(index)] has \(row.count) numbers and the first row \(width).",
                    field: "sketch.matrix[\(index)]")
            }
            guard row.allSatisfy(\.isFinite) else {
                throw DriftError(
                    .invalidReference, "sketch.matrix[\(index)] holds a number that is not finite.",
                    field: "sketch.matrix[\(index)]")
            }
        }
    }
}

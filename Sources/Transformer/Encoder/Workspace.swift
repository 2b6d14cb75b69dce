/// The memory of a forward pass, kept between passes and grown when a larger batch comes.
///
/// Sendable although it holds pointers: the workers of a pass write disjoint rows and meet at barriers before they read
/// one another's; passes do not overlap, for the encoder holds a lock.
final class Workspace: @unchecked Sendable {
    private let configuration: EncoderConfiguration
    private(set) var rowCapacity = 0
    private(set) var textCapacity = 0
    /// The residual stream: rows × hidden.
    private(set) var hidden = FloatBuffer(count: 0)
    /// Rows × (query, key, value).
    private(set) var queryKeyValue = FloatBuffer(count: 0)
    /// Attention's result: rows × hidden.
    private(set) var context = FloatBuffer(count: 0)
    /// For each worker, the wide side of the feed-forward block for some rows.
    private(set) var intermediate: [FloatBuffer]
    /// For each worker, attention weights of some queries.
    private(set) var scores: [FloatBuffer]
    /// Texts × hidden, texts × hidden, texts × labels.
    private(set) var firstTokens = FloatBuffer(count: 0)
    private(set) var pooled = FloatBuffer(count: 0)
    private(set) var logits = FloatBuffer(count: 0)

    /// Queries whose attention weights are worked on at once.
    static let queryBlock = 64

    init(_ configuration: EncoderConfiguration, workers: Int) {
        self.configuration = configuration
        intermediate = (0..<workers).map { _ in
            FloatBuffer(count: KernelCache.maximumRows * configuration.intermediateSize)
        }
        scores = (0..<workers).map { _ in FloatBuffer(count: Self.queryBlock * configuration.maximumPositions) }
    }

    /// Makes room. Rows beyond the batch up to the quantum are computed on and never looked at; they start as zeros, and
    /// later hold older rows, so they are never slow or signalling.
    func reserve(rows: Int, texts: Int) {
        if rows > rowCapacity {
            rowCapacity = max(rows, rowCapacity * 2)
            hidden = FloatBuffer(count: rowCapacity * configuration.hiddenSize)
            queryKeyValue = FloatBuffer(count: rowCapacity * 3 * configuration.hiddenSize)
            context = FloatBuffer(count: rowCapacity * configuration.hiddenSize)
        }
        if texts > textCapacity {
            textCapacity = max(texts, textCapacity * 2)
            firstTokens = FloatBuffer(count: textCapacity * configuration.hiddenSize)
            pooled = FloatBuffer(count: textCapacity * configuration.hiddenSize)
            logits = FloatBuffer(count: textCapacity * configuration.labels.count)
        }
    }
}

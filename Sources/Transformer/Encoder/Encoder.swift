internal import COneDNN
internal import Synchronization

/// The forward pass of a BERT-like encoder and its classification head, fp32, over packed rows.
///
/// Workers own bands of rows. All but attention is independent from row to row, so they meet twice in a layer: before
/// attention, which reads the keys and values of a whole text, and after it.
///
/// Sendable although the kernels hold oneDNN objects: each worker uses its own, one pass at a time.
final class Encoder: @unchecked Sendable {
    let configuration: EncoderConfiguration
    private let weights: EncoderWeights
    private let team: WorkerTeam
    private let kernels: [KernelCache]
    private let workspace: Workspace
    private let pass = Mutex<Void>(())

    struct Output: Sendable {
        /// One row of logits for each text.
        var logits: [[Float]]
        /// The mean of each text's last hidden states; empty when not asked for.
        var means: [[Float]]
    }

    init(_ configuration: EncoderConfiguration, _ weights: EncoderWeights, threads: Int) throws(TransformerError) {
        self.configuration = configuration
        self.weights = weights
        team = WorkerTeam(size: threads)
        var kernels: [KernelCache] = []
        for _ in 0..<team.size { kernels.append(try KernelCache()) }
        self.kernels = kernels
        workspace = Workspace(configuration, workers: team.size)
    }

    /// Runs a batch. Calls wait for one another.
    ///
    /// - Throws: `invalidInput` for an empty or overlong text, or an id outside the vocabulary.
    func run(_ batch: PackedBatch, means wantsMeans: Bool) throws(TransformerError) -> Output {
        try validate(batch)
        return pass.withLock { _ in
            let quantum = KernelCache.rowQuantum
            let rows = (batch.rows + quantum - 1) / quantum * quantum
            workspace.reserve(rows: rows, texts: (batch.texts + quantum - 1) / quantum * quantum)
            team.run { [self] worker in
                omp_set_num_threads(1)
                forward(batch, band: band(of: worker, rows: rows), worker: worker)
            }
            return head(batch, wantsMeans: wantsMeans)
        }
    }

    private func validate(_ batch: PackedBatch) throws(TransformerError) {
        for text in 0..<batch.texts {
            let length = batch.starts[text + 1] - batch.starts[text]
            guard length > 0 else { throw TransformerError(.invalidInput, "text \(text) has no tokens") }
        }
        for position in batch.positions where position >= configuration.maximumPositions {
            throw TransformerError(
                .invalidInput, "a text is longer than the model's \(configuration.maximumPositions) positions")
        }
        for id in batch.ids where id < 0 || id >= configuration.vocabularySize {
            throw TransformerError(.invalidInput, "token \(id) is outside the model's vocabulary")
        }
        for id in batch.typeIDs where id < 0 || id >= max(configuration.typeVocabularySize, 1) {
            throw TransformerError(.invalidInput, "segment \(id) is outside the model's segments")
        }
    }

    /// A worker's rows: contiguous, in whole quanta, as even as that allows.
    private func band(of worker: Int, rows: Int) -> Range<Int> {
        let quanta = rows / KernelCache.rowQuantum
        let start = quanta * worker / team.size * KernelCache.rowQuantum
        let end = quanta * (worker + 1) / team.size * KernelCache.rowQuantum
        return start..<end
    }

    private func forward(_ batch: PackedBatch, band: Range<Int>, worker: Int) {
        let kernels = kernels[worker]
        embed(batch, band)
        for layer in weights.layers {
            let size = configuration.hiddenSize
            let hidden = workspace.hidden.base + band.lowerBound * size
            layer.queryKeyValue.apply(
                hidden, to: workspace.queryKeyValue.base + band.lowerBound * 3 * size, rows: band.count, using: kernels)
            team.meet()
            attend(batch, worker: worker)
            team.meet()
            layer.attentionOutput.apply(
                workspace.context.base + band.lowerBound * size, to: hidden, rows: band.count, using: kernels)
            normalize(hidden, rows: band.count, layer.attentionNorm)
            feedForward(layer, hidden, rows: band.count, worker: worker)
            normalize(hidden, rows: band.count, layer.outputNorm)
        }
    }

    private func embed(_ batch: PackedBatch, _ band: Range<Int>) {
        let size = configuration.hiddenSize
        for row in band.clamped(to: 0..<batch.rows) {
            let output = workspace.hidden.base + row * size
            let word = weights.words.base + Int(batch.ids[row]) * size
            let position = weights.positions.base + Int(batch.positions[row]) * size
            for index in stride(from: 0, to: size, by: 8) {
                output.store(word.vector(at: index) + position.vector(at: index), at: index)
            }
            if let types = weights.types {
                let type = types.base + Int(batch.typeIDs[row]) * size
                for index in stride(from: 0, to: size, by: 8) {
                    output.store(output.vector(at: index) + type.vector(at: index), at: index)
                }
            }
        }
        normalize(workspace.hidden.base + band.lowerBound * size, rows: band.count, weights.embeddingNorm)
    }

    private func normalize(_ rows: UnsafeMutablePointer<Float>, rows count: Int, _ norm: EncoderWeights.Norm) {
        let size = configuration.hiddenSize
        for row in 0..<count {
            layerNormalize(
                rows + row * size, count: size, scale: norm.scale.base, shift: norm.shift.base,
                epsilon: configuration.layerNormEpsilon)
        }
    }

    /// Some rows at a time, so that the wide intermediate result stays in the worker's own cache.
    private func feedForward(
        _ layer: EncoderWeights.Layer, _ hidden: UnsafeMutablePointer<Float>, rows: Int, worker: Int
    ) {
        let intermediate = workspace.intermediate[worker].base
        var done = 0
        while done < rows {
            let count = min(rows - done, KernelCache.maximumRows)
            let part = hidden + done * configuration.hiddenSize
            layer.expansion.apply(part, to: intermediate, rows: count, using: kernels[worker])
            layer.contraction.apply(intermediate, to: part, rows: count, using: kernels[worker])
            done += count
        }
    }

    /// Scaled dot-product attention, one head of one text after another; workers take them in turns.
    private func attend(_ batch: PackedBatch, worker: Int) {
        let size = configuration.hiddenSize
        let headSize = configuration.headSize
        let rowStride = 3 * size
        let scores = workspace.scores[worker].base
        for text in 0..<batch.texts {
            let start = batch.starts[text]
            let length = batch.starts[text + 1] - start
            for head in 0..<configuration.heads where (text * configuration.heads + head) % team.size == worker {
                let query = workspace.queryKeyValue.base + start * rowStride + head * headSize
                let key = query + size
                let value = query + 2 * size
                let output = workspace.context.base + start * size + head * headSize
                var done = 0
                while done < length {
                    let queries = min(Workspace.queryBlock, length - done)
                    product(
                        query + done * rowStride, rowStride, key, rowStride, transposed: true, to: scores, length,
                        rows: queries, columns: length, inner: headSize)
                    for row in 0..<queries { softmax(scores + row * length, count: length) }
                    product(
                        scores, length, value, rowStride, transposed: false, to: output + done * size, size,
                        rows: queries, columns: headSize, inner: length)
                    done += queries
                }
            }
        }
    }

    private func product(
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int, transposed: Bool,
        to c: UnsafeMutablePointer<Float>, _ cStride: Int, rows: Int, columns: Int, inner: Int
    ) {
        let status = dnnl_sgemm(
            CChar(UInt8(ascii: "N")), CChar(UInt8(ascii: transposed ? "T" : "N")), dnnl_dim_t(rows),
            dnnl_dim_t(columns), dnnl_dim_t(inner), 1, a, dnnl_dim_t(aStride), b, dnnl_dim_t(bStride), 0, c,
            dnnl_dim_t(cStride))
        precondition(status == dnnl_success, "oneDNN failed with status \(status.rawValue)")
    }

    /// The classifier reads each text's first token; the sketch reads the mean of all.
    private func head(_ batch: PackedBatch, wantsMeans: Bool) -> Output {
        let size = configuration.hiddenSize
        let labels = configuration.labels.count
        let hidden = workspace.hidden.base
        for text in 0..<batch.texts {
            (workspace.firstTokens.base + text * size).update(from: hidden + batch.starts[text] * size, count: size)
        }
        let quantum = KernelCache.rowQuantum
        let rows = (batch.texts + quantum - 1) / quantum * quantum
        weights.pooler.apply(workspace.firstTokens.base, to: workspace.pooled.base, rows: rows, using: kernels[0])
        weights.poolerActivation.apply(workspace.pooled.base, count: batch.texts * size)
        weights.classifier.apply(workspace.pooled.base, to: workspace.logits.base, rows: rows, using: kernels[0])

        let logits = (0..<batch.texts).map { text in
            Array(UnsafeBufferPointer(start: workspace.logits.base + text * labels, count: labels))
        }
        guard wantsMeans else { return Output(logits: logits, means: []) }
        let means = (0..<batch.texts).map { text in
            let rows = batch.starts[text]..<batch.starts[text + 1]
            var sum = [Float](repeating: 0, count: size)
            for row in rows { for index in 0..<size { sum[index] += hidden[row * size + index] } }
            return sum.map { $0 / Float(rows.count) }
        }
        return Output(logits: logits, means: means)
    }
}

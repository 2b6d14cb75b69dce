/// The `normalizer` of a tokenizer: scalars in, scalars out.
indirect enum TextNormalizer: Sendable {
    case identity
    case bert(BertNormalizer)
    case lowercase
    case canonicalDecomposition
    case sequence([TextNormalizer])

    func normalize(_ text: UnsafeBufferPointer<UInt32>) -> [UInt32] {
        switch self {
        case .identity: return Array(text)
        case .bert(let normalizer): return normalizer.normalize(text)
        case .lowercase:
            var output: [UInt32] = []
            output.reserveCapacity(text.count)
            for scalar in text { UnicodeTables.shared.lowercase(scalar, into: &output) }
            return output
        case .canonicalDecomposition:
            var output: [UInt32] = []
            var decomposer = CanonicalDecomposer()
            for scalar in text { decomposer.append(scalar, to: &output) }
            decomposer.finish(&output)
            return output
        case .sequence(let normalizers):
            var scalars = Array(text)
            for normalizer in normalizers { scalars = scalars.withUnsafeBufferPointer(normalizer.normalize) }
            return scalars
        }
    }
}

/// Unicode normalisation form D over a stream of scalars.
struct CanonicalDecomposer {
    private let tables = UnicodeTables.shared
    /// Where the current run of scalars with a combining class starts in the output.
    private var runStart = 0
    private var runNeedsOrdering = false
    private var lastClass: UInt8 = 0

    @inline(__always)
    mutating func append(_ scalar: UInt32, to output: inout [UInt32]) {
        guard scalar >= 0xC0, tables.properties(scalar).contains(.normalizes) else {
            if lastClass != 0 { closeRun(&output) }
            output.append(scalar)
            return
        }
        appendDecomposed(scalar, to: &output)
    }

    private mutating func appendDecomposed(_ scalar: UInt32, to output: inout [UInt32]) {
        let first = output.count
        tables.decompose(scalar, into: &output)
        for index in first..<output.count {
            let combiningClass = tables.combiningClass(output[index])
            if combiningClass == 0 {
                let rest = Array(output[index...])
                output.removeLast(rest.count)
                if lastClass != 0 { closeRun(&output) }
                output.append(contentsOf: rest)
            } else if lastClass == 0 {
                runStart = index
                lastClass = combiningClass
            } else {
                if combiningClass < lastClass { runNeedsOrdering = true }
                lastClass = combiningClass
            }
        }
    }

    mutating func finish(_ output: inout [UInt32]) {
        if lastClass != 0 { closeRun(&output) }
    }

    /// Orders the run by class, keeping the order within a class. A run may be as long as a hostile text, hence a sort.
    private mutating func closeRun(_ output: inout [UInt32]) {
        if runNeedsOrdering {
            var keys = output[runStart...].enumerated().map { index, scalar in
                UInt64(tables.combiningClass(scalar)) << 56 | UInt64(index) << 21 | UInt64(scalar)
            }
            keys.sort()
            for (index, key) in keys.enumerated() { output[runStart + index] = UInt32(key & 0x1F_FFFF) }
        }
        runNeedsOrdering = false
        lastClass = 0
    }
}

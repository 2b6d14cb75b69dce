/// The library's `BertNormalizer`: clean, set ideographs apart, strip accents, lower-case, in that order.
struct BertNormalizer: Sendable {
    var cleanText = true
    var handleChineseCharacters = true
    /// nil follows `lowercase`, as in the original BERT.
    var stripAccents: Bool?
    var lowercase = true

    func normalize(_ text: UnsafeBufferPointer<UInt32>) -> [UInt32] {
        let tables = UnicodeTables.shared
        let strips = stripAccents ?? lowercase
        var output: [UInt32] = []
        output.reserveCapacity(text.count + text.count / 8)
        var decomposer = CanonicalDecomposer()
        var hasMarks = false

        for scalar in text {
            var scalar = scalar
            if scalar &- 0x20 >= 0x5F {  // Not printable ASCII, for which none of this holds.
                let properties = tables.properties(scalar)
                if cleanText {
                    if properties.contains(.removed) { continue }
                    if properties.contains(.blanked) { scalar = 0x20 }
                }
                if !properties.isDisjoint(with: [.normalizes, .nonspacingMark]) { hasMarks = true }
                if handleChineseCharacters, properties.contains(.ideograph) {
                    // A compatibility ideograph decomposes to one that is no mark: the spaces stay around it.
                    if strips { decomposer.append(0x20, to: &output) } else { output.append(0x20) }
                    if strips { decomposer.append(scalar, to: &output) } else { output.append(scalar) }
                    if strips { decomposer.append(0x20, to: &output) } else { output.append(0x20) }
                    continue
                }
            }
            if strips { decomposer.append(scalar, to: &output) } else { output.append(scalar) }
        }
        if strips { decomposer.finish(&output) }
        if strips, hasMarks { output.removeAll { tables.properties($0).contains(.nonspacingMark) } }
        return lowercase ? lowercased(output) : output
    }

    private func lowercased(_ scalars: [UInt32]) -> [UInt32] {
        let tables = UnicodeTables.shared
        var output: [UInt32] = []
        output.reserveCapacity(scalars.count)
        for scalar in scalars { tables.lowercase(scalar, into: &output) }
        return output
    }
}

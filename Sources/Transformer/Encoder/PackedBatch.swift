/// Texts of a batch one behind the other, without padding: row r of every matrix is token r.
struct PackedBatch: Sendable {
    var ids: [Int32] = []
    var typeIDs: [Int32] = []
    /// Position of each token within its text.
    var positions: [Int32] = []
    /// Where each text starts, and after the last where it ends.
    var starts: [Int] = [0]

    init(_ encodings: [Encoding]) {
        for encoding in encodings {
            // Padding, if the caller made any, is left out: masked tokens influence nothing.
            var position: Int32 = 0
            for index in 0..<encoding.count {
                if encoding.attentionMask[index] != 0 {
                    ids.append(encoding.ids[index])
                    typeIDs.append(encoding.typeIDs[index])
                    positions.append(position)
                }
                position += 1
            }
            starts.append(ids.count)
        }
    }

    var rows: Int { ids.count }
    var texts: Int { starts.count - 1 }
}

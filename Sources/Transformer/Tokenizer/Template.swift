/// What a post-processor puts around the tokens of a single text.
struct Template: Sendable {
    struct Special: Sendable {
        var id: Int32
        var typeID: Int32
    }

    var before: [Special] = []
    var after: [Special] = []
    /// Segment of the text's own tokens.
    var typeID: Int32 = 0

    var specialCount: Int { before.count + after.count }

    func apply(to ids: [Int32]) -> Encoding {
        Encoding(
            ids: before.map(\.id) + ids + after.map(\.id),
            typeIDs: before.map(\.typeID) + Array(repeating: typeID, count: ids.count) + after.map(\.typeID),
            attentionMask: Array(repeating: 1, count: ids.count + specialCount))
    }
}

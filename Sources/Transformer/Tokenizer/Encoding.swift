/// What a tokenizer makes of one text.
public struct Encoding: Sendable, Equatable {
    /// Token ids, special tokens included.
    public var ids: [Int32]
    /// Segment of each token, as the post-processor's template says.
    public var typeIDs: [Int32]
    /// 1 for a token of the text or the template, 0 for padding.
    public var attentionMask: [Int32]

    public init(ids: [Int32], typeIDs: [Int32], attentionMask: [Int32]) {
        self.ids = ids
        self.typeIDs = typeIDs
        self.attentionMask = attentionMask
    }

    /// Number of tokens, padding included.
    public var count: Int { ids.count }
}

/// How encodings are cut to a length.
public struct Truncation: Sendable, Equatable {
    public enum Direction: String, Sendable { case left = "Left", right = "Right" }

    /// Most tokens of an encoding, special tokens included.
    public var maxLength: Int
    /// The side that loses tokens.
    public var direction: Direction

    public init(maxLength: Int, direction: Direction = .right) {
        self.maxLength = maxLength
        self.direction = direction
    }
}

/// How encodings of a batch are brought to one length.
///
/// The encoder here packs rows without padding, so serving needs none; callers that feed another runtime do.
public struct Padding: Sendable, Equatable {
    public enum Strategy: Sendable, Equatable {
        case batchLongest
        case fixed(Int)
    }

    public var strategy: Strategy
    /// The side that gains tokens.
    public var direction: Truncation.Direction
    public var multipleOf: Int?
    public var id: Int32
    public var typeID: Int32

    /// Pads every encoding to the same length; none is cut.
    public func apply(to encodings: inout [Encoding]) {
        var length =
            switch strategy {
            case .batchLongest: encodings.map(\.count).max() ?? 0
            case .fixed(let length): length
            }
        if let multipleOf, multipleOf > 0, length % multipleOf != 0 { length += multipleOf - length % multipleOf }
        for index in encodings.indices where encodings[index].count < length {
            let missing = length - encodings[index].count
            let position = direction == .left ? 0 : encodings[index].count
            encodings[index].ids.insert(contentsOf: repeatElement(id, count: missing), at: position)
            encodings[index].typeIDs.insert(contentsOf: repeatElement(typeID, count: missing), at: position)
            encodings[index].attentionMask.insert(contentsOf: repeatElement(0, count: missing), at: position)
        }
    }
}

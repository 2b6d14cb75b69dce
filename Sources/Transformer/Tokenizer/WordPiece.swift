/// The WordPiece model: the longest known prefix, then the longest known continuation, and so on; a word with any part
/// unknown is unknown as a whole.
struct WordPiece: SubwordModel {
    private let initial: ScalarTable
    /// Tokens that begin with the continuation prefix, without it.
    private let continuation: ScalarTable
    private let unknown: Int32
    private let maxCharactersPerWord: Int
    let vocabularySize: Int
    let largestID: Int

    var unknownID: Int32? { unknown }

    init(
        vocabulary: [(token: String, id: Int32)], unknownToken: String, continuationPrefix: String,
        maxCharactersPerWord: Int
    ) throws(TransformerError) {
        var initial = ScalarTable(capacity: vocabulary.count)
        var continuation = ScalarTable(capacity: vocabulary.count)
        let prefix = continuationPrefix.unicodeScalars.map(\.value)
        for (token, id) in vocabulary {
            token.withScalars { scalars in
                initial.insert(scalars, id)
                if scalars.count > prefix.count, scalars.prefix(prefix.count).elementsEqual(prefix) {
                    continuation.insert(UnsafeBufferPointer(rebasing: scalars[prefix.count...]), id)
                }
            }
        }
        guard let unknown = unknownToken.withScalars({ initial.find($0) }) else {
            throw TransformerError(
                .invalidTokenizer, "model.vocab: the unknown token \"\(unknownToken)\" is not in the vocabulary")
        }
        self.initial = initial
        self.continuation = continuation
        self.unknown = unknown
        self.maxCharactersPerWord = maxCharactersPerWord
        self.vocabularySize = initial.count
        self.largestID = Int(vocabulary.map(\.id).max() ?? -1)
    }

    func id(of token: String) -> Int32? { token.withScalars { initial.find($0) } }

    func tokenize(_ word: UnsafeBufferPointer<UInt32>, _ state: inout SubwordState) {
        guard word.count <= maxCharactersPerWord else {
            state.ids.append(unknown)
            return
        }
        let before = state.ids.count
        var start = 0
        while start < word.count {
            let rest = UnsafeBufferPointer(rebasing: word[start...])
            let table = start == 0 ? initial : continuation
            guard let match = table.longestPrefix(of: rest, hashes: &state.prefixHashes) else {
                state.ids.removeLast(state.ids.count - before)
                state.ids.append(unknown)
                return
            }
            state.ids.append(match.id)
            start += match.length
        }
    }
}

/// A hash table from scalar sequences to ids that finds the longest key that begins a text: the hash is built scalar by
/// scalar, so the hashes of all prefixes cost one pass.
struct ScalarTable: Sendable {
    private struct Entry {
        var hash: UInt64
        var start: UInt32
        var length: UInt32
        var id: Int32
    }

    private var scalars: [UInt32] = []
    private var entries: [Entry] = []
    /// Index into `entries` plus one; 0 is free. Its size is a power of two, at most half full.
    private var slots: [UInt32]
    private var longest = 0

    var count: Int { entries.count }

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
    }

    private static let seed: UInt64 = 0x2545_F491_4F6C_DD1D

    @inline(__always)
    private static func extend(_ hash: UInt64, _ scalar: UInt32) -> UInt64 {
        let product = (hash ^ UInt64(scalar)) &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 32
    }

    private static func hash(_ key: UnsafeBufferPointer<UInt32>) -> UInt64 {
        var hash = seed
        for scalar in key { hash = extend(hash, scalar) }
        return hash
    }

    /// The slot that holds the key, or the free one where it belongs.
    private func slot(_ key: UnsafeBufferPointer<UInt32>, _ hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot]) - 1]
            if entry.hash == hash, Int(entry.length) == key.count {
                let start = Int(entry.start)
                if scalars[start..<start + key.count].elementsEqual(key) { return slot }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    /// The last id given for a key counts, as when the library reads a vocabulary.
    mutating func insert(_ key: UnsafeBufferPointer<UInt32>, _ id: Int32) {
        let hash = Self.hash(key)
        let slot = slot(key, hash)
        if slots[slot] != 0 {
            entries[Int(slots[slot]) - 1].id = id
            return
        }
        entries.append(.init(hash: hash, start: UInt32(scalars.count), length: UInt32(key.count), id: id))
        scalars.append(contentsOf: key)
        slots[slot] = UInt32(entries.count)
        longest = max(longest, key.count)
    }

    func find(_ key: UnsafeBufferPointer<UInt32>) -> Int32? { find(key, Self.hash(key)) }

    private func find(_ key: UnsafeBufferPointer<UInt32>, _ hash: UInt64) -> Int32? {
        let slot = slot(key, hash)
        return slots[slot] == 0 ? nil : entries[Int(slots[slot]) - 1].id
    }

    /// The longest key that `text` begins with. `hashes` is memory to work in.
    func longestPrefix(of text: UnsafeBufferPointer<UInt32>, hashes: inout [UInt64]) -> (id: Int32, length: Int)? {
        hashes.removeAll(keepingCapacity: true)
        var hash = Self.seed
        for scalar in text.prefix(longest) {
            hash = Self.extend(hash, scalar)
            hashes.append(hash)
        }
        var length = hashes.count
        while length > 0 {
            if let id = find(UnsafeBufferPointer(rebasing: text[..<length]), hashes[length - 1]) { return (id, length) }
            length -= 1
        }
        return nil
    }
}

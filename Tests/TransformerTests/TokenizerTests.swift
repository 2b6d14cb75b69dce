import ApusTesting
import Foundation
import Testing

@testable import Transformer

@Suite struct TokenizerTests {
    struct Variant: CustomTestStringConvertible, Sendable {
        var name: String
        var tokenizer: Data
        var cases: Data
        var testDescription: String { name }
    }

    /// Each entry's tokenizer is kept as text: `JSONSerialization` would unite keys that only look alike.
    static let variants: [Variant] = {
        guard let list = try? Fixtures.json("tokenizers.json")["tokenizers"]?.array else { return [] }
        return list.map {
            Variant(
                name: $0["name"]?.string ?? "", tokenizer: Data(text($0["tokenizer"]).utf8), cases: Data(text($0["cases"]).utf8))
        }
    }()

    static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .number(let digits): return String(digits)
        case .string(let string): return quoted(string)
        case .array(let elements): return "[" + elements.map { text($0) }.joined(separator: ",") + "]"
        case .object(let members):
            return "{" + members.map { quoted($0.key) + ":" + text($0.value) }.joined(separator: ",") + "}"
        }
    }

    static func quoted(_ string: String) -> String {
        var result = "\""
        for unit in string.utf16 {
            if unit >= 0x20, unit < 0x7F, unit != 0x22, unit != 0x5C {
                result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            } else {
                result += "\\u" + String(UInt32(unit) + 0x10000, radix: 16).dropFirst()
            }
        }
        return result + "\""
    }

    @Test func theTableOfVariantsIsThere() {
        #expect(Self.variants.count >= 50)
    }

    @Test(arguments: variants) func givesTheLibrarysTokens(_ variant: Variant) throws {
        let tokenizer = try Fixtures.tokenizer(variant.tokenizer)
        for expected in try JSONDecoder().decode([TokenCase].self, from: variant.cases) {
            let encoding = tokenizer.encode(expected.text)
            #expect(encoding.ids == expected.ids, "\(expected.text.debugDescription)")
            #expect(encoding.typeIDs == expected.typeIDs, "\(expected.text.debugDescription)")
        }
    }

    @Test func padsAsTheLibrary() throws {
        struct Expected: Decodable { var ids, typeIDs, attentionMask: [Int32] }
        let batches = try #require(try Fixtures.json("tokenizers.json")["batches"]?.array)
        #expect(batches.count == 8)
        for batch in batches {
            let tokenizer = try Fixtures.tokenizer(Data(Self.text(batch["tokenizer"]).utf8))
            let texts = (batch["texts"]?.array ?? []).compactMap(\.string)
            let expected = try JSONDecoder().decode([Expected].self, from: Data(Self.text(batch["encodings"]).utf8))
            let encodings = tokenizer.encodeBatch(texts)
            #expect(encodings.map(\.ids) == expected.map(\.ids))
            #expect(encodings.map(\.typeIDs) == expected.map(\.typeIDs))
            #expect(encodings.map(\.attentionMask) == expected.map(\.attentionMask))
        }
    }

    /// Every one of the 1,112,064 scalars, beside marks that show reordering, against digests of the library's answers.
    @Test(arguments: ["clean", "ideographs", "strip", "lowercase", "all", "decompose", "words"])
    func agreesOnEveryCodePoint(_ setting: String) throws {
        let expected = try #require(try (Fixtures.decode("code-points.json") as [String: [String]])[setting])
        let normalizer: TextNormalizer? =
            switch setting {
            case "decompose": .canonicalDecomposition
            case "words": nil
            default:
                .bert(
                    BertNormalizer(
                        cleanText: setting == "clean" || setting == "all",
                        handleChineseCharacters: setting == "ideographs" || setting == "all",
                        stripAccents: setting == "strip" || setting == "all",
                        lowercase: setting == "lowercase" || setting == "all"))
            }
        for (block, digest) in expected.enumerated() {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325

            for value in UInt32(block * 4096)..<UInt32(block * 4096 + 4096) where Unicode.Scalar(value) != nil {
                let text: [UInt32] = [0x61, 0x301, value, 0x323, 0x334, 0x62]
                let output: [UInt32] = text.withUnsafeBufferPointer { text in
                    if let normalizer { return normalizer.normalize(text) }
                    var words: [UInt32] = []
                    PreTokenizer.bert.words(of: text) {
                        if !words.isEmpty { words.append(1) }
                        words.append(contentsOf: $0)
                        return true
                    }
                    return words
                }
                for scalar in output { hash = (hash ^ UInt64(scalar)) &* 0x100_0000_01B3 }
                hash = hash &* 0x100_0000_01B3
            }
            let found = String(hash, radix: 16)
            #expect(
                String(repeating: "0", count: 16 - found.count) + found == digest,
                "code points from \(String(block * 4096, radix: 16))")
        }
    }

    @Test(arguments: [
        (#"{"type":"BPE","vocab":{},"merges":[]}"#, "model", "BPE"),
        (#"{"type":"Unigram","vocab":[]}"#, "model", "Unigram"),
        (#"{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0},"fuse_unk":true}"#, "model", "fuse_unk"),
        (#"{"type":"ByteLevel"}"#, "pre_tokenizer", "ByteLevel"),
        (#"{"type":"BertPreTokenizer","more":1}"#, "pre_tokenizer", "more"),
        (#"{"type":"Precompiled"}"#, "normalizer", "Precompiled"),
        (#"{"type":"Sequence","normalizers":[{"type":"StripAccents"}]}"#, "normalizer", "StripAccents"),
        (#"{"type":"RobertaProcessing"}"#, "post_processor", "RobertaProcessing"),
        (#"{"max_length":9,"strategy":"OnlySecond"}"#, "truncation", "OnlySecond"),
    ])
    func namesWhatItCannotHonour(_ component: String, _ field: String, _ named: String) throws {
        var members = [
            "model": #"{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0}}"#
        ]
        members[field] = component
        let json = "{" + members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        let error = #expect(throws: TransformerError.self) { try Fixtures.tokenizer(Data(json.utf8)) }
        #expect(error?.code == .unsupportedTokenizer)
        #expect(error?.message.contains(field) == true && error?.message.contains(named) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        ("[]", "not an object"),
        ("{", "expected a member name at byte 1"),
        (#"{"model":{"type":"WordPiece","vocab":{"a":0}}}"#, "[UNK]"),
        (#"{"model":{"type":"WordPiece","vocab":{"[UNK]":-1}}}"#, "whole number"),
        (#"{"model":{"type":"WordPiece","vocab":{"[UNK]":0}},"added_tokens":[{"content":"[UNK]","id":5}]}"#, "gets 0"),
        (#"{"model":{"type":"WordPiece","vocab":{"[UNK]":0}},"truncation":{"max_length":0}}"#, "no room"),
    ])
    func refusesContradictions(_ json: String, _ part: String) throws {
        let error = #expect(throws: TransformerError.self) { try Fixtures.tokenizer(Data(json.utf8)) }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    /// Composed and decomposed spellings are two tokens, although Swift strings call them equal.
    @Test func keepsCanonicallyEquivalentTokensApart() throws {
        let json = #"{"model":{"type":"WordPiece","vocab":{"[UNK]":0,"\u00e9":1,"e\u0301":2}}}"#
        let tokenizer = try Fixtures.tokenizer(Data(json.utf8))
        #expect(tokenizer.encode("\u{E9}").ids == [1])
        #expect(tokenizer.encode("e\u{301}").ids == [2])
    }

    /// The whole vocabulary of the model that hack/setup installs.
    @Test func givesTheLibrarysTokensWithMiniLM() throws {
        let miniLM = try Machine.file("/opt/apus/models/all-MiniLM-L6-v2/tokenizer.json")
        var tokenizer = try Fixtures.tokenizer(Data(contentsOf: miniLM))
        tokenizer.removeTruncation()
        for expected in try Fixtures.decode("minilm-tokens.json") as [TokenCase] {
            #expect(tokenizer.encode(expected.text).ids == expected.ids, "\(expected.text.debugDescription)")
        }
    }
}

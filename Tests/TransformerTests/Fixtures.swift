import Foundation

@testable import Transformer

/// Files written by runtimes/huggingface/tools/transformer_fixtures.py.
enum Fixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static func data(_ path: String) throws -> Data { try Data(contentsOf: folder.appending(path: path)) }

    static func json(_ path: String) throws -> JSONValue { try JSONParser.parse(Array(try data(path))) }

    static func decode<Value: Decodable>(_ path: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: data(path))
    }

    static func tokenizer(_ json: Data) throws -> Tokenizer { try json.withUnsafeBytes { try Tokenizer(json: $0) } }

    /// Bytes at an aligned address that stay until the process ends.
    static func mapped(_ data: Data) -> (bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        let copy = NSData(data: data)
        return (UnsafeRawBufferPointer(start: copy.bytes, count: copy.length), copy)
    }

    static func classifier(_ folder: URL, threads: Int = 2) throws -> TextClassifier {
        func file(_ name: String) throws -> Data { try Data(contentsOf: folder.appending(path: name)) }
        let weights = mapped(try file("model.safetensors"))
        let (config, tokenizer) = (try file("config.json"), try file("tokenizer.json"))
        return try config.withUnsafeBytes { config in
            try tokenizer.withUnsafeBytes { tokenizer in
                try TextClassifier(
                    config: config, tokenizer: tokenizer, weights: weights.bytes, owner: weights.owner, threads: threads)
            }
        }
    }
}

/// One text and what the `tokenizers` library makes of it.
struct TokenCase: Decodable {
    var text: String
    var ids: [Int32]
    var typeIDs: [Int32]
}

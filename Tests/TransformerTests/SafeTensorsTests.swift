import Foundation
import Testing

@testable import Transformer

@Suite struct SafeTensorsTests {
    static func file(_ header: String, data: Int, claiming length: UInt64? = nil) -> [UInt8] {
        let count = length ?? UInt64(header.utf8.count)
        return withUnsafeBytes(of: count.littleEndian) { Array($0) } + Array(header.utf8)
            + [UInt8](repeating: 0, count: data)
    }

    static func read(_ bytes: [UInt8]) throws -> SafeTensors { try bytes.withUnsafeBytes { try SafeTensors($0) } }

    @Test func readsADirectory() throws {
        let header =
            #"{"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[3],"data_offsets":[8,14]},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"e":{"dtype":"F32","shape":[0,7],"data_offsets":[14,14]}}"#
        let tensors = try Self.read(Self.file(header, data: 14))
        let start = 8 + header.utf8.count
        #expect(tensors.entries["a"] == .init(type: .f32, shape: [2, 1], extent: start..<start + 8))
        #expect(tensors.entries["b"]?.extent == start + 8..<start + 14)
        #expect(tensors.entries["e"]?.extent.isEmpty == true)
        #expect(tensors.entries.count == 3)
    }

    static func tensor(_ dtype: String, _ shape: String, _ offsets: String) -> String {
        #"{"t":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}}"#
    }

    @Test(arguments: [
        ([1, 2, 3], "its header's length"),
        (file("{}", data: 0, claiming: 3), "claims 3"),
        (file("{}", data: 0, claiming: .max), "claims"),
        (file("{}", data: 0, claiming: UInt64(Int64.max)), "claims"),
        (file("{", data: 0), "not JSON"),
        (file("[]", data: 0), "not an object"),
        (file(String(repeating: "[", count: 1000), data: 0), "nested"),
        (file("{}", data: 1), "belong to no tensor"),
        (file(tensor("F32", "[1]", "[0,4]"), data: 3), "outside"),
        (file(tensor("F32", "[1]", "[-4,0]"), data: 4), "outside"),
        (file(tensor("F32", "[1]", "[4,0]"), data: 4), "outside"),
        (file(tensor("F32", "[1]", "[0,9223372036854775807]"), data: 4), "outside"),
        (file(tensor("F32", "[1]", "[1,5]"), data: 5), "gap"),
        (file(tensor("F32", "[2]", "[0,4]"), data: 4), "needs 8"),
        (file(tensor("F32", "[9223372036854775807,9223372036854775807]", "[0,4]"), data: 4), "impossible shape"),
        (file(tensor("F32", "[-1]", "[0,4]"), data: 4), "impossible shape"),
        (file(tensor("F31", "[1]", "[0,4]"), data: 4), "F31"),
        (file(tensor("F32", "1", "[0,4]"), data: 4), "no shape"),
        (file(tensor("F32", "[1]", "[0]"), data: 4), "no data_offsets"),
        (
            file(
                #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
                data: 4), "overlaps"
        ),
        (
            file(
                #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
                data: 4), "twice"
        ),
    ])
    func refusesHostileFiles(_ bytes: [UInt8], _ part: String) throws {
        let error = #expect(throws: TransformerError.self) { try Self.read(bytes) }
        #expect(error?.code == .invalidTensors)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test func everyTruncationOfARealFileIsRefused() throws {
        let whole = [UInt8](try Fixtures.data("distilbert-relu/model.safetensors"))
        #expect(try Self.read(whole).entries.count > 10)
        for length in [0, 7, 8, 9, 100, whole.count / 2, whole.count - 1] {
            #expect(throws: TransformerError.self) { try Self.read(Array(whole.prefix(length))) }
        }
        #expect(throws: TransformerError.self) { try Self.read(whole + [0]) }
    }

    /// No byte of the header, whatever it becomes, may do worse than an error.
    @Test func flippedHeaderBytesNeverTrap() throws {
        let whole = [UInt8](try Fixtures.data("distilbert-relu/model.safetensors"))
        let header = 8 + Int(UInt64(littleEndian: whole.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }))
        for index in stride(from: 0, to: header, by: 3) {
            for flip: UInt8 in [0x01, 0x80, 0xFF] {
                var bytes = whole
                bytes[index] ^= flip
                _ = try? Self.read(bytes)
            }
        }
    }

    @Test func widensHalves() {
        #expect(WeightsFile.widen(half: 0x3C00) == 1)
        #expect(WeightsFile.widen(half: 0xC000) == -2)
        #expect(WeightsFile.widen(half: 0x0001) == 0x1p-24)
        #expect(WeightsFile.widen(half: 0x83FF) == -0x3FFp-24)
        #expect(WeightsFile.widen(half: 0x7BFF) == 65504)
        #expect(WeightsFile.widen(half: 0x7C00) == .infinity)
        #expect(WeightsFile.widen(half: 0xFE00).isNaN)
        #expect(WeightsFile.widen(half: 0x8000).bitPattern == 0x8000_0000)
    }

    @Test func namesAMissingOrMisshapenTensor() throws {
        let bytes = Self.file(Self.tensor("F32", "[2]", "[0,8]"), data: 8)
        let weights = Fixtures.mapped(Data(bytes))
        let file = WeightsFile(tensors: try SafeTensors(weights.bytes), buffer: weights.bytes, owner: weights.owner)
        #expect(try file.floats("t", shape: [2]).count == 2)
        for (name, shape) in [("u", [2]), ("t", [3])] {
            let error = #expect(throws: TransformerError.self) { _ = try file.floats(name, shape: shape) }
            #expect(error?.code == .tensorMismatch && error?.message.contains("\"\(name)\"") == true)
        }
    }
}

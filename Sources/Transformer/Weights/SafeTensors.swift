/// The directory of a safetensors file, over a buffer that the caller holds.
///
/// The header is checked as the reference implementation checks it, for a file may be hostile: its length, that every
/// tensor's extent is what its type and shape need, that extents follow one another without gap or overlap and end
/// where the buffer ends.
public struct SafeTensors: Sendable {
    /// Element types; those that only the format knows are refused when they are asked for.
    public enum ElementType: String, Sendable {
        case bool = "BOOL", u8 = "U8", i8 = "I8", i16 = "I16", u16 = "U16", f16 = "F16", bf16 = "BF16"
        case i32 = "I32", u32 = "U32", f32 = "F32", i64 = "I64", u64 = "U64", f64 = "F64"
        case f8e4m3 = "F8_E4M3", f8e5m2 = "F8_E5M2"

        /// Bytes of one element.
        public var size: Int {
            switch self {
            case .bool, .u8, .i8, .f8e4m3, .f8e5m2: 1
            case .i16, .u16, .f16, .bf16: 2
            case .i32, .u32, .f32: 4
            case .i64, .u64, .f64: 8
            }
        }
    }

    /// One tensor's entry.
    public struct Entry: Sendable, Equatable {
        public var type: ElementType
        public var shape: [Int]
        /// Bytes from the start of the buffer.
        public var extent: Range<Int>
    }

    /// The format's own limit on the header, in bytes.
    public static let maximumHeaderLength = 100_000_000

    public let entries: [String: Entry]

    /// - Throws: `TransformerError` with code `invalidTensors`.
    public init(_ buffer: UnsafeRawBufferPointer) throws(TransformerError) {
        guard buffer.count >= 8 else {
            throw Self.invalid("the file has \(buffer.count) bytes; its header's length alone takes 8")
        }
        let length = UInt64(littleEndian: buffer.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.maximumHeaderLength), Int(length) <= buffer.count - 8 else {
            throw Self.invalid("the header claims \(length) bytes of a file of \(buffer.count)")
        }
        let dataStart = 8 + Int(length)
        let header = UnsafeRawBufferPointer(rebasing: buffer[8..<dataStart])
        let root: JSONValue
        do { root = try JSONParser.parse(header, maximumDepth: 8) } catch {
            throw Self.invalid("the header is not JSON: \(error)")
        }
        guard let members = root.members else { throw Self.invalid("the header is \(root.kind), not an object") }

        var entries: [String: Entry] = [:]
        entries.reserveCapacity(members.count)
        for member in members where member.key != "__metadata__" {
            let entry = try Self.entry(member, dataStart: dataStart, dataLength: buffer.count - dataStart)
            guard entries.updateValue(entry, forKey: member.key) == nil else {
                throw Self.invalid("\"\(member.key)\" is there twice")
            }
        }
        var end = dataStart
        for (name, entry) in entries.sorted(by: {
            ($0.value.extent.lowerBound, $0.value.extent.upperBound) < ($1.value.extent.lowerBound, $1.value.extent.upperBound)
        }) {
            guard entry.extent.lowerBound == end else {
                let fault = entry.extent.lowerBound < end ? "overlaps another tensor" : "leaves a gap before it"
                throw Self.invalid("\"\(name)\" \(fault)")
            }
            end = entry.extent.upperBound
        }
        guard end == buffer.count else {
            throw Self.invalid("\(buffer.count - end) bytes at the end belong to no tensor")
        }
        self.entries = entries
    }

    private static func invalid(_ message: String) -> TransformerError {
        TransformerError(.invalidTensors, "safetensors: \(message)")
    }

    private static func entry(
        _ member: JSONValue.Member, dataStart: Int, dataLength: Int
    ) throws(TransformerError) -> Entry {
        let name = member.key
        guard let typeName = member.value["dtype"]?.string else { throw invalid("\"\(name)\" has no dtype") }
        guard let type = ElementType(rawValue: typeName) else {
            throw invalid("\"\(name)\" has the unknown dtype \"\(typeName)\"")
        }
        guard let dimensions = member.value["shape"]?.array else { throw invalid("\"\(name)\" has no shape") }
        var shape: [Int] = []
        var bytes = type.size
        for dimension in dimensions {
            guard let size = dimension.int, size >= 0 else { throw invalid("\"\(name)\" has an impossible shape") }
            let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
            guard !overflow else { throw invalid("\"\(name)\" has an impossible shape") }
            shape.append(size)
            bytes = product
        }
        guard let offsets = member.value["data_offsets"]?.array, offsets.count == 2,
            let start = offsets[0].int, let end = offsets[1].int
        else { throw invalid("\"\(name)\" has no data_offsets") }
        guard start >= 0, start <= end, end <= dataLength else {
            throw invalid("\"\(name)\" lies at \(start)..<\(end), outside the file's \(dataLength) bytes of data")
        }
        guard end - start == bytes else {
            throw invalid("\"\(name)\" has \(end - start) bytes where \(typeName) \(shape) needs \(bytes)")
        }
        return Entry(type: type, shape: shape, extent: dataStart + start..<dataStart + end)
    }
}

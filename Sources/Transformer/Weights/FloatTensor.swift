/// Read-only floats: a view into the weights file where they lie there as such, a copy where they had to be widened.
///
/// Sendable although it holds a pointer: the memory is never written after the tensor is made, and `owner` keeps it.
struct FloatTensor: @unchecked Sendable {
    let base: UnsafePointer<Float>
    let count: Int
    private let owner: AnyObject

    init(copying values: [Float]) {
        let buffer = FloatBuffer(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { buffer.base.update(from: base, count: source.count) }
        }
        self.init(buffer)
    }

    init(_ buffer: FloatBuffer) {
        base = UnsafePointer(buffer.base)
        count = buffer.count
        owner = buffer
    }

    fileprivate init(viewing base: UnsafePointer<Float>, count: Int, owner: AnyObject) {
        self.base = base
        self.count = count
        self.owner = owner
    }
}

/// Floats at an address that vector instructions like.
final class FloatBuffer {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
        base.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}

/// Weights by name: a safetensors directory and the memory it describes.
struct WeightsFile {
    let tensors: SafeTensors
    let buffer: UnsafeRawBufferPointer
    /// Keeps `buffer` mapped.
    let owner: AnyObject

    /// The tensor of the first of these names that is there, as floats.
    ///
    /// - Throws: `tensorMismatch` when none is there, or its shape or element type is another.
    func floats(_ names: String..., shape: [Int]) throws(TransformerError) -> FloatTensor {
        guard let name = names.first(where: { tensors.entries[$0] != nil }), let entry = tensors.entries[name] else {
            throw TransformerError(.tensorMismatch, "the weights lack \"\(names[0])\" \(shape)")
        }
        guard entry.shape == shape else {
            throw TransformerError(.tensorMismatch, "\"\(name)\" has the shape \(entry.shape), config.json needs \(shape)")
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[entry.extent])
        let count = shape.reduce(1, *)
        switch entry.type {
        case .f32:
            if let base = bytes.baseAddress, Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0 {
                return FloatTensor(viewing: base.assumingMemoryBound(to: Float.self), count: count, owner: owner)
            }
            return widened(bytes, count) {
                Float(bitPattern: UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: $1 * 4, as: UInt32.self)))
            }
        case .bf16:
            return widened(bytes, count) {
                Float(bitPattern: UInt32(UInt16(littleEndian: $0.loadUnaligned(fromByteOffset: $1 * 2, as: UInt16.self))) << 16)
            }
        case .f16:
            return widened(bytes, count) {
                Self.widen(half: UInt16(littleEndian: $0.loadUnaligned(fromByteOffset: $1 * 2, as: UInt16.self)))
            }
        default:
            throw TransformerError(
                .tensorMismatch, "\"\(name)\" has the element type \(entry.type.rawValue), not F32, F16 or BF16")
        }
    }

    private func widened(
        _ bytes: UnsafeRawBufferPointer, _ count: Int, _ element: (UnsafeRawBufferPointer, Int) -> Float
    ) -> FloatTensor {
        let output = FloatBuffer(count: count)
        for index in 0..<count { output.base[index] = element(bytes, index) }
        return FloatTensor(output)
    }

    /// IEEE half to single, subnormals, infinities and NaNs included; `Float16` does not exist on every platform.
    static func widen(half: UInt16) -> Float {
        let sign = UInt32(half & 0x8000) << 16
        let exponent = UInt32(half >> 10) & 0x1F
        let fraction = UInt32(half) & 0x3FF
        switch exponent {
        case 0:
            // fraction × 2^-24, exact in single precision.
            let magnitude = Float(fraction) * 0x1p-24
            return Float(bitPattern: magnitude.bitPattern | sign)
        case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}

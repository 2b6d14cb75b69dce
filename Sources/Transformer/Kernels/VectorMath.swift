#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Element-wise arithmetic in vectors of eight, written so that it needs no instruction beyond SSE2 or NEON: rounding
/// and scaling by powers of two are done on the bits.
typealias Vector = SIMD8<Float>

extension UnsafePointer<Float> {
    @inline(__always)
    func vector(at index: Int) -> Vector { UnsafeRawPointer(self + index).loadUnaligned(as: Vector.self) }
}

extension UnsafeMutablePointer<Float> {
    @inline(__always)
    func vector(at index: Int) -> Vector { UnsafeRawPointer(self + index).loadUnaligned(as: Vector.self) }

    @inline(__always)
    func store(_ vector: Vector, at index: Int) {
        UnsafeMutableRawPointer(self + index).storeBytes(of: vector, as: Vector.self)
    }
}

/// e to the power of each element, to two units in the last place; below -87 it is 0 for the purposes of a softmax.
@inline(__always)
func exponential(_ x: Vector) -> Vector {
    let clamped = x.replacing(with: -87, where: x .< -87)
    // Adding 1.5 × 2^23 leaves the nearest integer in the low bits of the sum.
    let shifted = clamped * 1.442_695_04 + 12_582_912
    let integer = shifted - 12_582_912
    let rest = clamped - integer * 0.693_359_375 + integer * 2.121_944_4e-4
    var polynomial = rest * 1.987_569_2e-4 + 1.398_200_0e-3
    polynomial = polynomial * rest + 8.333_452_0e-3
    polynomial = polynomial * rest + 4.166_579_6e-2
    polynomial = polynomial * rest + 1.666_666_5e-1
    polynomial = polynomial * rest + 0.5
    let value = polynomial * rest * rest + rest + 1
    let scale = unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &<< 23
    return unsafeBitCast(unsafeBitCast(value, to: SIMD8<UInt32>.self) &+ scale, to: Vector.self)
}

/// Makes a row a probability distribution, in place.
func softmax(_ row: UnsafeMutablePointer<Float>, count: Int) {
    let whole = count & ~7
    var largest = row[0]
    if whole > 0 {
        var peaks = row.vector(at: 0)
        for index in stride(from: 8, to: whole, by: 8) {
            let next = row.vector(at: index)
            peaks = peaks.replacing(with: next, where: next .> peaks)
        }
        largest = peaks.max()
    }
    for index in whole..<count { largest = max(largest, row[index]) }

    var sums = Vector.zero
    for index in stride(from: 0, to: whole, by: 8) {
        let value = exponential(row.vector(at: index) - largest)
        row.store(value, at: index)
        sums += value
    }
    var sum = sums.sum()
    if whole < count {
        var tail = Vector(repeating: -87)
        for index in whole..<count { tail[index - whole] = row[index] - largest }
        let value = exponential(tail)
        for index in whole..<count {
            row[index] = value[index - whole]
            sum += value[index - whole]
        }
    }
    let inverse = 1 / sum
    for index in stride(from: 0, to: whole, by: 8) { row.store(row.vector(at: index) * inverse, at: index) }
    for index in whole..<count { row[index] *= inverse }
}

/// Brings a row to mean 0 and variance 1, then scales and shifts it, in place. `count` is a multiple of eight.
func layerNormalize(
    _ row: UnsafeMutablePointer<Float>, count: Int, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    epsilon: Float
) {
    var sums = Vector.zero
    for index in stride(from: 0, to: count, by: 8) { sums += row.vector(at: index) }
    let mean = sums.sum() / Float(count)
    var squares = Vector.zero
    for index in stride(from: 0, to: count, by: 8) {
        let difference = row.vector(at: index) - mean
        squares += difference * difference
    }
    let inverse = 1 / (squares.sum() / Float(count) + epsilon).squareRoot()
    for index in stride(from: 0, to: count, by: 8) {
        let normal = (row.vector(at: index) - mean) * inverse
        row.store(normal * scale.vector(at: index) + shift.vector(at: index), at: index)
    }
}

/// Applied to the few numbers of a classification head.
enum Activation: Sendable {
    case tanh
    case relu

    func apply(_ values: UnsafeMutablePointer<Float>, count: Int) {
        switch self {
        case .tanh: for index in 0..<count { values[index] = tanhf(values[index]) }
        case .relu: for index in 0..<count { values[index] = max(0, values[index]) }
        }
    }
}

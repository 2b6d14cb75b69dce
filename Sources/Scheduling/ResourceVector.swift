/// Decides who may run where: resource vectors, a snapshot of the cluster, and whether a gang of pods fits into it, all in whole
/// numbers and without any knowledge of Kubernetes, so that the operator, a queue and a simulator over a trace ask the same code.

/// Amounts of resources in whole numbers: thousandths of a core for `cpu`, bytes for `memory` and storage, pieces for all else.
///
/// A resource that is not named has the amount 0. Sums end at the largest number instead of overflowing.
public struct ResourceVector: Sendable, Hashable {
    /// Only amounts other than 0, so that equal vectors are equal.
    private var amounts: [String: Int]

    public static let cpu = "cpu"
    public static let memory = "memory"
    public static let gpu = "nvidia.com/gpu"
    /// Each pod takes one; a node allows so many.
    public static let pods = "pods"

    public init(_ amounts: [String: Int] = [:]) { self.amounts = amounts.filter { $0.value != 0 } }

    public static let zero = ResourceVector()

    public subscript(name: String) -> Int {
        get { amounts[name] ?? 0 }
        set { amounts[name] = newValue == 0 ? nil : newValue }
    }

    /// Names of the resources with an amount, in order.
    public var names: [String] { amounts.keys.sorted() }

    public var isZero: Bool { amounts.isEmpty }

    public static func + (left: Self, right: Self) -> Self { left.combined(with: right, saturatingSum) }

    public static func - (left: Self, right: Self) -> Self { left.combined(with: right) { saturatingSum($0, -$1) } }

    public static func += (left: inout Self, right: Self) { left = left + right }

    public static func -= (left: inout Self, right: Self) { left = left - right }

    public static func * (left: Self, factor: Int) -> Self {
        ResourceVector(
            left.amounts.mapValues {
                let (product, overflows) = $0.multipliedReportingOverflow(by: factor)
                return overflows ? ($0 < 0) == (factor < 0) ? .max : -.max : product
            })
    }

    /// The larger amount of each resource.
    public func larger(_ other: Self) -> Self { combined(with: other, max) }

    /// Whether no amount is above the other's.
    public func fits(in available: Self) -> Bool { amounts.allSatisfy { $0.value <= available[$0.key] } }

    /// The resources of which there is not enough, in order of their names.
    public func lacking(in available: Self) -> [String] { names.filter { self[$0] > max(0, available[$0]) } }

    /// How often the vector fits; nil when it asks for nothing and so fits without end.
    public func times(in available: Self) -> Int? {
        amounts.filter { $0.value > 0 }.map { max(0, available[$0.key]) / $0.value }.min()
    }

    private func combined(with other: Self, _ operation: (Int, Int) -> Int) -> Self {
        var result: [String: Int] = [:]
        for name in Set(amounts.keys).union(other.amounts.keys) { result[name] = operation(self[name], other[name]) }
        return ResourceVector(result)
    }
}

private func saturatingSum(_ left: Int, _ right: Int) -> Int {
    let (sum, overflows) = left.addingReportingOverflow(right)
    return overflows ? left < 0 ? -.max : .max : sum
}

extension ResourceVector: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Int)...) {
        self.init(Dictionary(elements) { first, _ in first })
    }
}

extension ResourceVector {
    /// An amount as people write it: `500m cpu`, `2 cpu`, `1.5Gi memory`, `4 nvidia.com/gpu`.
    public static func text(_ amount: Int, of name: String) -> String {
        switch name {
        case cpu: amount % 1000 == 0 ? "\(amount / 1000) cpu" : "\(amount)m cpu"
        case memory, "ephemeral-storage": "\(bytes(amount)) \(name)"
        case pods: Sentence.count(amount, "pod")
        default: "\(amount) \(name)"
        }
    }

    /// All amounts but the number of pods: `2 cpu, 4Gi memory and 1 nvidia.com/gpu`.
    public var text: String { Sentence.list(names.filter { $0 != Self.pods }.map { Self.text(self[$0], of: $0) }) }

    private static func bytes(_ amount: Int) -> String {
        for (suffix, shift) in [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)] where abs(amount) >= 1 << shift {
            // One decimal, cut off rather than rounded: what is free must not look larger than it is.
            let tenths = amount / (1 << shift) * 10 + amount % (1 << shift) * 10 / (1 << shift)
            return tenths % 10 == 0 ? "\(tenths / 10)\(suffix)" : "\(tenths / 10).\(abs(tenths % 10))\(suffix)"
        }
        return "\(amount) bytes of"
    }
}

/// Pieces of sentences.
enum Sentence {
    static func list(_ parts: [String]) -> String {
        guard let last = parts.last, parts.count > 1 else { return parts.first ?? "nothing" }
        return parts.dropLast().joined(separator: ", ") + " and " + last
    }

    static func count(_ number: Int, _ singular: String) -> String { number == 1 ? "1 \(singular)" : "\(number) \(singular)s" }
}

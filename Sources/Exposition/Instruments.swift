import Synchronization

/// A total that only grows. Whole steps, by far the most common, are one atomic addition.
public final class Counter: Sendable {
    private let whole = Atomic<UInt64>(0)
    private let fraction = Atomic<UInt64>(0)

    init() {}

    /// Adds one.
    public func increment() {
        whole.wrappingAdd(1, ordering: .relaxed)
    }

    /// Adds a whole number; a negative one is ignored, since a counter that falls reads as a restart.
    public func increment(by amount: Int) {
        guard amount > 0 else { return }
        whole.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    /// Adds a number; one that is negative or not finite is ignored.
    public func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        AtomicDouble.add(amount, to: fraction)
    }

    /// The total so far.
    public var value: Double {
        Double(whole.load(ordering: .relaxed)) + Double(bitPattern: fraction.load(ordering: .relaxed))
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0, ordering: .relaxed)
    }
}

/// A value that goes up and down.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    public func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    public func increment(by amount: Double = 1) {
        AtomicDouble.add(amount, to: bits)
    }

    public func decrement(by amount: Double = 1) {
        AtomicDouble.add(-amount, to: bits)
    }

    /// The value last set.
    public var value: Double {
        Double(bitPattern: bits.load(ordering: .relaxed))
    }
}

/// Counts of observations by bucket, with their sum.
public final class Histogram: Sendable {
    /// Upper bounds of the buckets, without `+Inf`.
    public let bounds: [Double]

    struct State {
        /// Observations of each bucket alone (not cumulative); the last is above every bound.
        var counts: [UInt64]
        var sum: Double = 0
    }

    // One short critical section keeps sum and counts of one scrape consistent, which separate atomics would not.
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    /// Counts a value in the bucket with the smallest bound that is not below it. NaN goes to `+Inf`.
    public func observe(_ value: Double) {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if value <= bounds[middle] { high = middle } else { low = middle + 1 }
        }
        let bucket = value.isNaN ? bounds.count : low
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    /// Counts a duration in seconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// Observations so far.
    public var count: UInt64 {
        snapshot().counts.reduce(0, +)
    }

    /// Sum of the observed values.
    public var sum: Double {
        snapshot().sum
    }

    func snapshot() -> State {
        state.withLock { $0 }
    }

    func reset() {
        state.withLock { $0 = State(counts: Array(repeating: 0, count: bounds.count + 1)) }
    }
}

enum AtomicDouble {
    static func add(_ amount: Double, to bits: borrowing Atomic<UInt64>) {
        var current = bits.load(ordering: .relaxed)
        while true {
            let next = (Double(bitPattern: current) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(
                expected: current, desired: next, ordering: .relaxed)
            if exchanged { return }
            current = original
        }
    }
}

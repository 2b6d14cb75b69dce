/// How long failures wait.
public struct RetryLimits: Sendable, Hashable {
    /// The wait after the first failure; it doubles with each further one.
    public var shortest: Duration
    public var longest: Duration
    /// All keys together.
    public var retriesPerSecond: Double
    public var burst: Double

    public init(
        shortest: Duration = .milliseconds(10), longest: Duration = .seconds(120), retriesPerSecond: Double = 20,
        burst: Double = 200
    ) {
        self.shortest = shortest
        self.longest = longest
        self.retriesPerSecond = retriesPerSecond
        self.burst = burst
    }

    func wait(failures: Int) -> Duration {
        min(longest, shortest * (1 << min(failures, 30)))
    }
}

/// Lets a burst through and then a rate.
struct TokenBucket: Sendable {
    let perSecond: Double
    let burst: Double
    private var tokens: Double
    private var filledAt: Duration

    init(perSecond: Double, burst: Double, now: Duration) {
        self.perSecond = perSecond
        self.burst = burst
        tokens = burst
        filledAt = now
    }

    private mutating func fill(_ now: Duration) {
        let passed = (now - filledAt) / .seconds(1)
        tokens = min(burst, tokens + passed * perSecond)
        filledAt = now
    }

    /// Takes a token, in advance when there is none.
    /// - Returns: how long to wait until the token is there.
    mutating func take(now: Duration) -> Duration {
        fill(now)
        tokens -= 1
        return tokens >= 0 ? .zero : .seconds(-tokens / perSecond)
    }

    /// Takes a token where there is one.
    mutating func takeIfAny(now: Duration) -> Bool {
        fill(now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}

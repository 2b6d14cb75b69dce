import ApusTesting
import ControllerRuntime
import Testing

@Suite struct WorkQueueTests {
    @Test func aKeyIsHandedOutOnceHoweverOftenItIsAdded() async {
        let queue = WorkQueue<String>(time: VirtualTime())
        for _ in 0..<3 { queue.add("a") }
        queue.add("b")
        #expect(queue.depth == 2)
        #expect(await queue.next() == "a")
        #expect(await queue.next() == "b")
        #expect(queue.depth == 0)
    }

    @Test func aKeyInHandComesBackOnlyWhenItIsDone() async {
        let queue = WorkQueue<String>(time: VirtualTime())
        queue.add("a")
        #expect(await queue.next() == "a")
        queue.add("a")
        #expect(queue.depth == 0)
        queue.done("a")
        #expect(queue.depth == 1)
        #expect(await queue.next() == "a")
        queue.done("a")
        #expect(queue.depth == 0)
    }

    @Test func waitersAreServedInOrderAndClosingFreesThem() async throws {
        let queue = WorkQueue<Int>(time: VirtualTime())
        let taken = Task { await queue.next() }
        queue.add(7)
        #expect(await taken.value == 7)
        let waiting = Task { await queue.next() }
        queue.close()
        #expect(await waiting.value == nil)
        queue.add(8)
        #expect(await queue.next() == nil)
    }

    @Test func aCancelledWaiterLosesNoKey() async {
        let queue = WorkQueue<Int>(time: VirtualTime())
        let waiting = Task { await queue.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
        queue.add(1)
        #expect(await queue.next() == 1)
    }

    @Test func failuresWaitTwiceAsLongEachTime() async throws {
        let time = VirtualTime()
        let queue = WorkQueue<String>(
            time: time, limits: RetryLimits(shortest: .milliseconds(10), longest: .milliseconds(80)))
        let waits = (0..<5).map { _ in queue.addAfterFailure("a") }
        #expect(waits == [10, 20, 40, 80, 80].map { .milliseconds($0) })
        queue.forget("a")
        #expect(queue.addAfterFailure("a") == .milliseconds(10))
        try await eventually("the delayed key sleeps") { time.sleeperCount > 0 }
        #expect(queue.depth == 0)
        time.advance(by: .milliseconds(10))
        try await eventually("the key is due") { queue.depth == 1 }
    }

    @Test func manyFailuresTogetherAreHeldToARate() {
        let time = VirtualTime()
        let queue = WorkQueue<Int>(
            time: time, limits: RetryLimits(shortest: .milliseconds(1), retriesPerSecond: 10, burst: 5))
        let waits = (0..<10).map { queue.addAfterFailure($0) }
        #expect(waits[4] == .milliseconds(1))
        #expect(waits[9] == .milliseconds(500))
    }

    @Test func ofSeveralDelaysTheSoonestCounts() async throws {
        let time = VirtualTime()
        let queue = WorkQueue<String>(time: time)
        queue.add("a", after: .seconds(60))
        queue.add("a", after: .seconds(1))
        queue.add("a", after: .seconds(30))
        #expect(queue.delayedCount == 1)
        try await eventually("the soonest sleeps") { time.nextWake == .seconds(1) }
        time.advance(by: .seconds(1))
        try await eventually("the key is due") { queue.depth == 1 }
        #expect(queue.delayedCount == 0)
    }
}

import Foundation
import Glibc
import KubernetesTypes
import Testing

@testable import NodeAgent

/// Graphics cards: whose they are, and that nobody else gets them.
@Suite(.serialized) struct DeviceTests {
    private static let four = (0..<4).map { "/dev/nvidia\($0)" }

    @Test func aCardBelongsToOnePod() {
        var assignment = DeviceAssignment()
        #expect(assignment.assign(2, to: "a", of: "one", among: Self.four) == ["/dev/nvidia0", "/dev/nvidia1"])
        #expect(assignment.assign(1, to: "a", of: "two", among: Self.four) == ["/dev/nvidia2"])
        #expect(assignment.assign(1, to: "b", of: "one", among: Self.four) == ["/dev/nvidia3"])
        // Asked again, a container has what it had.
        #expect(assignment.assign(2, to: "a", of: "one", among: Self.four) == ["/dev/nvidia0", "/dev/nvidia1"])
        let before = assignment
        #expect(assignment.assign(1, to: "a", of: "three", among: Self.four) == nil)
        #expect(assignment == before)
        #expect(assignment.freeCount(among: Self.four) == 0)
    }

    @Test func initContainersLeaveTheirCardsToTheirOwnPod() {
        var assignment = DeviceAssignment(held: ["other": ["main": ["/dev/nvidia0"]]])
        let inits: Set = ["prepare"]
        #expect(
            assignment.assign(2, to: "prepare", of: "p", initContainers: inits, among: Self.four)
                == ["/dev/nvidia1", "/dev/nvidia2"])
        #expect(assignment.assign(1, to: "main", of: "p", initContainers: inits, among: Self.four) == ["/dev/nvidia1"])
        #expect(assignment.assign(1, to: "helper", of: "p", initContainers: inits, among: Self.four) == ["/dev/nvidia2"])
        #expect(assignment.assign(2, to: "main", of: "q", among: Self.four) == nil)
    }

    @Test func cardsAreNamedByTheirNumbers() {
        #expect(DeviceAssignment.visibleDevices(["/dev/nvidia0", "/dev/nvidia12"]) == "0,12")
        #expect(DeviceAssignment.visibleDevices(["card"]) == "card")
    }

    @Test func whatIsAnnouncedIsWhatIsHandedOut() {
        var configuration = NodeConfiguration(nodeName: "n")
        configuration.graphicsDevices = []
        let facts = NodeFacts(name: "n", address: "", cpu: 1, memory: 1, ephemeralStorage: 1)
        #expect(NodeCapacity.capacity(configuration, facts)["nvidia.com/gpu"] == nil)
        configuration.graphicsDevices = Self.four
        #expect(NodeCapacity.capacity(configuration, facts)["nvidia.com/gpu"] == 4)
        configuration.extendedResources = ["nvidia.com/gpu": 3]
        #expect(configuration.cards == Array(Self.four.prefix(3)))
        configuration.graphicsDevices = []
        #expect(configuration.cards == Array(Self.four.prefix(3)))
    }

    @Test func deviceFilesAreTheirNumbers() throws {
        let null = try #require(DeviceNode(path: "/dev/null"))
        #expect(null.major == 1 && null.minor == 3)
        #expect(DeviceNode(path: "/etc/passwd") == nil)
    }

    /// Character devices that behave as `/dev/zero` does stand for cards: what counts is who can open which.
    @Test func podsSeeTheirOwnCardsOnlyAndKeepThem() async throws {
        let folder = "/dev/apus-test-\(getpid())"
        try Files.makeDirectory(folder)
        defer { Files.remove(folder) }
        let cards = (0..<3).map { "\(folder)/nvidia\($0)" }
        for card in cards { try #require(mknod(card, S_IFCHR | 0o666, dev_t(1 << 8 | 5)) == 0) }
        try await TestNode.with(change: { $0.graphicsDevices = cards }) { node in
            func pod(_ name: String, _ count: Int) -> Pod {
                let script = "echo $NVIDIA_VISIBLE_DEVICES; ls \(folder); head -c 1 \(folder)/nvidia* | wc -c; sleep 600"
                return shellPod(name, script) {
                    $0.spec.containers[0].resources = ResourceRequirements(limits: ["nvidia.com/gpu": Quantity(count)])
                }
            }
            let one = await node.cluster.create(pod("one", 2))
            try await node.waitUntil("the first says what it sees") { node.log(one).count >= 4 }
            #expect(Array(node.log(one).prefix(3)) == ["0,1", "nvidia0", "nvidia1"])
            try await node.wait("one", "running") { $0.main?.state?.running != nil }
            // The next agent knows whose they are.
            await node.crash()
            await node.begin()
            let two = await node.cluster.create(pod("two", 1))
            try await node.waitUntil("the second says what it sees") { node.log(two).count >= 3 }
            #expect(Array(node.log(two).prefix(2)) == ["2", "nvidia2"])
            // None is left until a pod has gone.
            let three = pod("three", 1)
            await #expect(throws: NodeAgentError.self) {
                try await node.context.devices.cards(of: three.spec.containers[0], in: three)
            }
            await node.cluster.delete("two")
            try await node.waitUntil("the second is gone") { await node.cluster.pod("two") == nil }
            await node.cluster.create(three)
            try await node.waitUntil("the third has its card") { node.log(three).first == "2" }
        }
    }
}

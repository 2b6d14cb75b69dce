import Testing

@testable import NodeAgent

@Suite struct PodBridgeTests {
    private let bridge = PodBridge(name: "apus0", podCIDR: "10.88.0.0/16", owner: "/srv/a")
    private let machine = [
        Machine.Interface(name: "lo", address: "127.0.0.1", prefixLength: 8),
        Machine.Interface(name: "eth0", address: "192.0.2.2", prefixLength: 24),
    ]

    @Test(
        arguments: [
            (nil, true, nil), ("", true, nil), ("apus /srv/a", true, nil), ("apus /srv/gone", true, nil),
            ("apus /srv/b", true, "/srv/b"), ("uplink", true, nil), ("", false, "no bridge"),
        ] as [(String?, Bool, String?)])
    func aBridgeBelongsToOneFolder(alias: String?, isBridge: Bool, complaint: String?) {
        let obstacle = bridge.obstacle(
            alias: alias, isBridge: isBridge, interfaces: machine, exists: { ["/srv/a", "/srv/b"].contains($0) })
        if let complaint { #expect(obstacle?.contains(complaint) == true) } else { #expect(obstacle == nil) }
    }

    @Test(
        arguments: [
            ("apus0", "10.88.0.1", 16, false), ("apus1", "10.88.0.1", 16, true), ("eth1", "10.88.7.9", 24, true),
            ("eth1", "10.1.2.3", 8, true), ("eth1", "10.89.0.1", 16, false),
        ])
    func addressesOfOthersAreLeftAlone(name: String, address: String, length: Int, isTaken: Bool) {
        let other = Machine.Interface(name: name, address: address, prefixLength: length)
        let obstacle = bridge.obstacle(alias: nil, isBridge: false, interfaces: machine + [other], exists: { _ in true })
        #expect((obstacle != nil) == isTaken)
        if isTaken { #expect(obstacle?.contains("\(address)/\(length) at \(name)") == true) }
    }
}

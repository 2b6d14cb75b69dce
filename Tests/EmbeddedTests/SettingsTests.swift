import Foundation
import Testing

@testable import Embedded

@Suite struct SettingsTests {
    @Test func defaultsAreValid() throws {
        try ClusterSettings(dataDirectory: "/srv/apus").validate()
    }

    @Test(
        arguments: [
            ("--port", { @Sendable (settings: inout ClusterSettings) in settings.port = 0 }),
            ("--gateway-port and --prometheus-port", { $0.prometheusPort = $0.gatewayPort }),
            ("--pod-cidr", { $0.podCIDR = "10.88.0.0" }),
            ("--service-cidr", { $0.serviceCIDR = "10.300.0.0/16" }),
            ("--bridge", { $0.bridge = "a-name-that-is-too-long" }),
            ("--scrape-interval", { $0.scrapeIntervalSeconds = 0 }),
        ] as [(String, @Sendable (inout ClusterSettings) -> Void)])
    func nonsenseIsRefusedByFlag(flag: String, change: @Sendable (inout ClusterSettings) -> Void) throws {
        var settings = ClusterSettings(dataDirectory: "/srv/apus")
        change(&settings)
        let error = try #require(throws: EmbeddedError.self) { try settings.validate() }
        #expect(error.code == .invalidSetting)
        #expect(error.message.contains(flag))
    }

    @Test func aFlagThatIsNotGivenStaysAsItWas() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-settings-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var first = SettingsChanges()
        (first.port, first.bridge, first.serviceCIDR, first.nameServer) = (7443, "aptx0", "10.92.0.0/16", "none")
        let started = try ClusterSettings.starting(dataDirectory: folder, changes: first)
        #expect(started.port == 7443)
        #expect(started.clusterDNS == nil)
        try started.save()

        var second = SettingsChanges()
        second.gatewayPort = 8188
        let again = try ClusterSettings.starting(dataDirectory: folder + "/", changes: second)
        var wanted = started
        wanted.gatewayPort = 8188
        #expect(again == wanted)
    }

    /// Name servers follow the range of Services unless they are said.
    @Test func theNameServerFollowsTheRange() {
        var changes = SettingsChanges()
        changes.serviceCIDR = "10.92.0.0/16"
        #expect(ClusterSettings().changed(by: changes).clusterDNS == "10.92.0.10")
        changes.nameServer = "192.0.2.53"
        #expect(ClusterSettings().changed(by: changes).clusterDNS == "192.0.2.53")
    }

    @Test(
        arguments: [
            ("--service-cidr", false, { @Sendable (settings: inout ClusterSettings) in settings.serviceCIDR = "10.92.0.0/16" }),
            ("--pod-cidr", true, { $0.podCIDR = "10.91.0.0/16" }), ("--bridge", true, { $0.bridge = "apus7" }),
            (nil, false, { $0.podCIDR = "10.91.0.0/16" }), (nil, true, { $0.port = 7443 }),
        ] as [(String?, Bool, @Sendable (inout ClusterSettings) -> Void)])
    func whatPodsAndServicesHaveCannotChange(flag: String?, isUp: Bool, change: @Sendable (inout ClusterSettings) -> Void) throws
    {
        let kept = ClusterSettings(dataDirectory: "/srv/apus")
        var settings = kept
        change(&settings)
        let error: EmbeddedError?
        do {
            try settings.checkChange(from: kept, isUp: isUp)
            error = nil
        } catch let refused as EmbeddedError {
            error = refused
        }
        #expect(error?.code == (flag == nil ? nil : .invalidSetting))
        if let flag { #expect(error?.message.hasPrefix(flag) == true) }
    }

    @Test(arguments: [("/dev/null/x", "Not a directory"), ("/etc/passwd", "File exists")])
    func aFolderThatCannotBeMadeSaysWhyInWords(path: String, reason: String) {
        let error = #expect(throws: EmbeddedError.self) { try Files.makeFolder(path) }
        #expect(error?.description == "the folder \(path) cannot be made; choose another with --data: \(reason)")
    }

    @Test func addressesFollowFromRanges() {
        var settings = ClusterSettings(dataDirectory: "/srv/apus/")
        settings.podCIDR = "10.91.0.0/16"
        settings.serviceCIDR = "10.92.0.0/16"
        #expect(settings.bridgeAddress == "10.91.0.1")
        #expect(settings.defaultDNS == "10.92.0.10")
        #expect(settings.paths.kubeconfig == "/srv/apus/kubeconfig")
        #expect(settings.artifactStore == "file:///srv/apus/artifacts")
    }

    @Test func listenersAreFoundInTheKernelsTable() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F98 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
               1: 0100007F:1F98 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
               2: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
            """
        #expect(PortOwner.listeners(at: 8088, in: table) == ["socket:[4711]"])
        #expect(PortOwner.listeners(at: 6443, in: table) == ["socket:[4713]"])
        #expect(PortOwner.listeners(at: 80, in: table).isEmpty)
    }

    @Test func mountsBelowTheDataFolderAreFound() {
        let table = """
            36 35 98:0 /mnt1 /srv/apus/node/pods/a/volumes/x\\040y rw,noatime master:1 - ext3 /dev/root rw
            37 35 98:0 / /srv/apus rw - tmpfs tmpfs rw
            38 35 98:0 / /srv/apus-second/x rw - tmpfs tmpfs rw
            """
        #expect(DataRemoval.mounts(below: "/srv/apus", in: table) == ["/srv/apus/node/pods/a/volumes/x y"])
    }

    @Test func aProcessIsRecognisedByItsStart() throws {
        var identity = try #require(ProcessIdentity.current)
        #expect(identity.isAlive)
        identity.startTicks += 1
        #expect(!identity.isAlive)
    }
}

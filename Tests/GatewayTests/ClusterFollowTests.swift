import ApusTesting
import AsyncHTTPClient
import Foundation
import KubernetesClient
import NIOCore
import Synchronization
import Testing

@testable import Gateway

/// An API server with one service and one slice, whose watches say what the test says.
private final class TinyCluster: Transport {
    private let lists: Mutex<[String: String]>
    private let watches = Mutex<[String: AsyncStream<[UInt8]>.Continuation]>([:])
    let isUp = Atomic<Bool>(true)

    init(_ lists: [String: String]) {
        self.lists = Mutex(lists)
    }

    func send(_ request: WireRequest) async throws -> WireResponse {
        guard isUp.load(ordering: .relaxed) else { throw TransportError(.unreachable, "down") }
        let plural = request.target.prefix { $0 != "?" }.split(separator: "/").last.map(String.init) ?? ""
        let json = [WireHeader("Content-Type", "application/json")]
        if request.target.contains("watch=") {
            let (stream, feed) = AsyncStream.makeStream(of: [UInt8].self)
            watches.withLock { $0[plural] = feed }
            return WireResponse(status: 200, headers: json, body: ByteStream(stream))
        }
        let items = lists.withLock { $0[plural] ?? "" }
        let (group, kind) =
            plural == "endpointslices" ? ("discovery.k8s.io/v1", "EndpointSlice") : ("apus.dev/v1alpha1", "InferenceService")
        let text = #"{"apiVersion":"\#(group)","kind":"\#(kind)List","metadata":{"resourceVersion":"5"},"items":[\#(items)]}"#
        return WireResponse(status: 200, headers: json, body: ByteStream(Array(text.utf8)))
    }

    func say(_ plural: String, _ event: String) async throws {
        try await eventually("somebody watches \(plural)") { watches.withLock { $0[plural] != nil } }
        _ = watches.withLock { $0[plural]?.yield(Array((event.replacingOccurrences(of: "\n", with: "") + "\n").utf8)) }
    }
}

@Suite struct ClusterFollowTests {
    static func service(_ version: String, resourceVersion: Int) -> String {
        """
        {"apiVersion":"apus.dev/v1alpha1","kind":"InferenceService",
         "metadata":{"name":"tickets","namespace":"default","uid":"u","resourceVersion":"\(resourceVersion)"},
         "spec":{"model":{"name":"tickets"}},
         "status":{"traffic":[{"modelVersion":"\(version)","service":"\(version)-svc","percent":100}]}}
        """
    }

    static func slice(_ version: String, port: Int, resourceVersion: Int) -> String {
        """
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",
         "metadata":{"name":"\(version)-x","namespace":"default","uid":"\(version)","resourceVersion":"\(resourceVersion)",
          "labels":{"kubernetes.io/service-name":"\(version)-svc"}},
         "endpoints":[{"addresses":["127.0.0.1"],"conditions":{"ready":true}}],"ports":[{"name":"http","port":\(port)}]}
        """
    }

    @Test func theClustersNewsMovesTheTraffic() async throws {
        let one = try await TestBackend { _ in .response(200, "one") }
        let two = try await TestBackend { _ in .response(200, "two") }
        let cluster = TinyCluster([
            "inferenceservices": Self.service("tickets-1", resourceVersion: 3),
            "endpointslices": Self.slice("tickets-1", port: one.port, resourceVersion: 4),
        ])
        let gateway = Gateway(
            configuration: .init(listeners: [.init(port: 0), .init(host: "127.0.0.1", port: 0)]),
            client: Client(transport: cluster))
        let task = Task { try await gateway.run() }
        try await eventually("the gateway listens") { gateway.addresses != nil }
        let ports = try #require(gateway.addresses).map(\.port)
        #expect(ports.count == 2)
        func get(_ port: Int, _ path: String) async throws -> (UInt, String) {
            let response = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(10))
            return (response.status.code, String(buffer: try await response.body.collect(upTo: 1 << 20)))
        }
        try await eventually("it is ready") { try await get(ports[0], "/ready").0 == 200 }
        for port in ports { #expect(try await get(port, "/default/tickets/x").1 == "one") }

        try await cluster.say(
            "endpointslices", #"{"type":"ADDED","object":\#(Self.slice("tickets-2", port: two.port, resourceVersion: 6))}"#)
        try await cluster.say(
            "inferenceservices", #"{"type":"MODIFIED","object":\#(Self.service("tickets-2", resourceVersion: 7))}"#)
        try await eventually("traffic has moved") { try await get(ports[0], "/default/tickets/x").1 == "two" }
        // Without an API server what is known goes on being served.
        cluster.isUp.store(false, ordering: .relaxed)
        #expect(try await get(ports[1], "/default/tickets/x").1 == "two")
        task.cancel()
        _ = try? await task.value
        try await one.stop()
        try await two.stop()
    }

    @Test func beforeTheClusterIsKnownNothingIsMissing() async throws {
        let gateway = Gateway(configuration: .init(listeners: [.init(port: 0)]), table: CurrentRoutingTable())
        let task = Task { try await gateway.run() }
        try await eventually("the gateway listens") { gateway.addresses != nil }
        let address = "http://127.0.0.1:\(try #require(gateway.addresses?.first?.port))"
        for path in ["/default/tickets/x", "/ready", "/"] {
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: address + path), timeout: .seconds(10))
            #expect(response.status == .serviceUnavailable)
        }
        task.cancel()
        _ = try? await task.value
    }

    @Test func anAddressThatIsTakenSaysSo() async throws {
        let taken = try await TestBackend { _ in .silence }
        let gateway = Gateway(configuration: .init(listeners: [.init(port: taken.port)]), table: CurrentRoutingTable())
        await #expect(throws: GatewayError.self) { try await gateway.run() }
        try await taken.stop()
    }
}

import Foundation
import KubernetesTypes
import Testing

@testable import NodeAgent

/// Names and addresses of services, decided without I/O.
@Suite struct NetworkTests {
    private func service(_ name: String, ip: String?, ports: [ServicePort], change: (inout Service) -> Void = { _ in }) -> Service
    {
        var service = Service(
            metadata: ObjectMeta(name: name, namespace: "ns"), spec: ServiceSpec(clusterIP: ip, ports: ports))
        change(&service)
        return service
    }

    private func slice(_ service: String, _ endpoints: [(String, Bool)], port: Int, name: String? = nil) -> EndpointSlice {
        var slice = EndpointSlice(
            metadata: ObjectMeta(
                labels: ["kubernetes.io/service-name": service], name: service + "-1", namespace: "ns"))
        slice.addressType = "IPv4"
        slice.endpoints = endpoints.map { Endpoint(addresses: [$0.0], conditions: EndpointConditions(ready: $0.1)) }
        slice.ports = [EndpointPort(name: name, port: port, protocol: "TCP")]
        return slice
    }

    @Test func onlyReadyEndpointsAreRoutedTo() {
        let routes = ServiceRules.routes(
            services: [service("web", ip: "10.96.0.5", ports: [ServicePort(port: 80)]), service("none", ip: "None", ports: [])],
            slices: [slice("web", [("10.88.0.3", true), ("10.88.0.2", true), ("10.88.0.4", false)], port: 8080)])
        #expect(
            routes == [
                ServiceRoute(
                    address: "10.96.0.5", port: 80, isUDP: false,
                    endpoints: [.init(address: "10.88.0.2", port: 8080), .init(address: "10.88.0.3", port: 8080)])
            ])
    }

    @Test func clientsStayAndOtherAddressesLeadThere() {
        let sticky = service("web", ip: "10.96.0.5", ports: [ServicePort(port: 80)]) {
            $0.spec.sessionAffinity = "ClientIP"
            $0.spec.externalIPs = ["192.0.2.7"]
        }
        let routes = ServiceRules.routes(
            services: [sticky], slices: [slice("web", [("10.88.0.2", true), ("10.88.0.3", true)], port: 8080)])
        #expect(routes.map(\.address) == ["10.96.0.5", "192.0.2.7"])
        let rules = ServiceRules.ruleSet(
            table: "t", network: NetworkConfiguration(), serviceCIDR: "10.96.0.0/16", routes: routes, dns: nil)
        #expect(rules.contains("ip daddr 192.0.2.7 tcp dport 80 dnat ip to jhash ip saddr mod 2"))
    }

    @Test func rulesRefuseServicesWithoutEndpoints() {
        let rules = ServiceRules.ruleSet(
            table: "t", network: NetworkConfiguration(), serviceCIDR: "10.96.0.0/16",
            routes: [ServiceRoute(address: "10.96.0.9", port: 80, isUDP: false, endpoints: [])],
            dns: ("10.96.0.10", .init(address: "10.88.0.1", port: 10053)))
        #expect(rules.contains("ip daddr 10.96.0.9 tcp dport 80 reject with tcp reset"))
        #expect(rules.contains("ip daddr 10.96.0.10 udp dport 53 dnat to 10.88.0.1:10053"))
    }

    private func query(_ name: String, _ type: UInt16) -> DNSMessage? {
        DNSMessage(
            [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + DNSMessage.encode(name: name) + [UInt8(type >> 8), UInt8(type & 255), 0, 1])
    }

    @Test func namesAreAnsweredAsUpstreamDoes() throws {
        let table = NameTable(domain: "cluster.local")
        table.replace(
            services: [
                service("web", ip: "10.96.0.5", ports: [ServicePort(name: "http", port: 80)]),
                service("db", ip: "None", ports: []),
                service("ext", ip: nil, ports: []) {
                    $0.spec.type = "ExternalName"
                    $0.spec.externalName = "example.org"
                },
            ], slices: [slice("db", [("10.88.0.2", true), ("10.88.0.3", false)], port: 5432, name: "pg")])
        func answer(_ name: String, _ type: UInt16) throws -> DNSMessage.Answer? {
            table.answer(try #require(query(name, type)).question)
        }
        #expect(try answer("WEB.ns.svc.cluster.local", 1)?.records == [.address(name: "WEB.ns.svc.cluster.local", 0x0A60_0005)])
        #expect(try answer("web.ns.svc.cluster.local", 28) == .init(records: []), "there, but without that type")
        #expect(try answer("nope.ns.svc.cluster.local", 1)?.exists == false)
        #expect(try answer("db.ns.svc.cluster.local", 1)?.records.count == 1)
        #expect(try answer("10-88-0-2.db.ns.svc.cluster.local", 1)?.records.count == 1)
        #expect(
            try answer("_http._tcp.web.ns.svc.cluster.local", 33)?.records == [
                .service(name: "_http._tcp.web.ns.svc.cluster.local", port: 80, target: "web.ns.svc.cluster.local")
            ])
        #expect(
            try answer("5.0.96.10.in-addr.arpa", 12)?.records == [
                .pointer(name: "5.0.96.10.in-addr.arpa", target: "web.ns.svc.cluster.local")
            ])
        #expect(try answer("ext.ns.svc.cluster.local", 1)?.records.count == 1)
        #expect(try answer("example.org", 1) == nil, "not ours")
    }

    @Test func longAnswersAreCutForDatagrams() throws {
        let message = try #require(query("a.cluster.local", 1))
        let many = (0..<60).map { DNSMessage.Record.address(name: "a.cluster.local", UInt32($0)) }
        let cut = message.reply(.init(records: many), limit: 512)
        #expect(cut.count <= 512 && cut[2] & 2 != 0)
        let whole = message.reply(.init(records: many), limit: 65_535)
        #expect(whole[2] & 2 == 0 && whole[7] == 60)
    }

    @Test(arguments: [[UInt8](), [0, 1], Array(repeating: 0, count: 17), Array(repeating: 255, count: 40)])
    func brokenQueriesAreDropped(bytes: [UInt8]) {
        #expect(DNSMessage(bytes) == nil || bytes.count == 17)
    }

    @Test func rangesContainTheirAddresses() {
        #expect(AddressRange("10.88.0.0/16")?.contains("10.88.255.1") == true)
        #expect(AddressRange("10.88.0.0/16")?.contains("10.89.0.1") == false)
        #expect(NetworkConfiguration(podCIDR: "10.7.3.0/24").gateway == "10.7.3.1")
        #expect(AddressRange("10.88.0.0") == nil)
    }
}

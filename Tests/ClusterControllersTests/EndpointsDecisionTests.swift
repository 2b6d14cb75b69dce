import KubernetesTypes
import Testing

@testable import ClusterControllers

@Suite struct EndpointsDecisionTests {
    static func service(_ change: (inout ServiceSpec) -> Void = { _ in }) -> Service {
        var spec = ServiceSpec(ports: [ServicePort(name: "http", port: 80, targetPort: .string("web"))], selector: ["app": "web"])
        change(&spec)
        return Service(metadata: ObjectMeta(labels: ["team": "x"], name: "web", namespace: "n", uid: "s"), spec: spec)
    }

    static func pod(
        _ name: String, ip: String?, isReady: Bool = true, port: Int = 8080, isGoing: Bool = false, phase: String = "Running"
    )
        -> Pod
    {
        Pod(
            metadata: ObjectMeta(deletionTimestamp: isGoing ? Timestamp() : nil, name: name, namespace: "n", uid: name),
            spec: PodSpec(
                containers: [Container(name: "main", ports: [ContainerPort(containerPort: port, name: "web")])], nodeName: "node"),
            status: PodStatus(
                conditions: [PodCondition(status: isReady ? "True" : "False", type: "Ready")], phase: phase, podIP: ip))
    }

    @Test func onlyReadyPodsAreReady() throws {
        let decision = EndpointsDecision(
            Self.service(),
            pods: [
                Self.pod("a", ip: "10.0.0.1"), Self.pod("b", ip: "10.0.0.2", isReady: false), Self.pod("c", ip: nil),
                Self.pod("d", ip: "10.0.0.4", isGoing: true), Self.pod("e", ip: "10.0.0.5", phase: "Succeeded"),
            ])
        let group = try #require(decision.groups.first)
        #expect(decision.groups.count == 1)
        #expect(group.ports.first?.port == 8080)
        let shown = group.endpoints.map {
            ($0.addresses[0], $0.conditions?.ready, $0.conditions?.serving, $0.conditions?.terminating)
        }
        #expect(shown.map(\.0) == ["10.0.0.1", "10.0.0.2", "10.0.0.4"])
        #expect(shown.map(\.1) == [true, false, false])
        #expect(shown.map(\.2) == [true, false, true])
        #expect(shown.map(\.3) == [false, false, true])
        let old = try #require(decision.endpoints(Self.service()).first)
        #expect(old.addresses?.map(\.ip) == ["10.0.0.1"])
        #expect(old.notReadyAddresses?.map(\.ip) == ["10.0.0.2"])
    }

    @Test func servicesCanPublishWhatIsNotReady() {
        let decision = EndpointsDecision(
            Self.service { $0.publishNotReadyAddresses = true }, pods: [Self.pod("b", ip: "10.0.0.2", isReady: false)])
        #expect(decision.groups[0].endpoints[0].conditions?.ready == true)
    }

    @Test func podsThatNamePortsDifferentlyAreApart() {
        let decision = EndpointsDecision(
            Self.service(), pods: [Self.pod("a", ip: "10.0.0.1"), Self.pod("b", ip: "10.0.0.2", port: 9090)])
        #expect(decision.groups.compactMap { $0.ports.first?.port } == [8080, 9090])
    }

    @Test func endpointsTellTheProtocol() {
        let decision = EndpointsDecision(
            Self.service { $0.ports?[0].appProtocol = "kubernetes.io/h2c" }, pods: [Self.pod("a", ip: "10.0.0.1")])
        #expect(decision.groups[0].ports.map(\.appProtocol) == ["kubernetes.io/h2c"])
    }

    @Test func slicesAreKeptAndWrittenOnlyWhenTheyChange() throws {
        let service = Self.service()
        let decision = EndpointsDecision(service, pods: [Self.pod("a", ip: "10.0.0.1")])
        var made = try #require(decision.slices(service, present: []).writes.first)
        #expect(made.metadata.labels?["kubernetes.io/service-name"] == "web")
        #expect(made.metadata.labels?["team"] == "x")
        made.metadata.name = "web-abc"
        made.metadata.uid = "1"
        let again = decision.slices(service, present: [made])
        #expect(again.writes.isEmpty)
        #expect(again.deletions.isEmpty)
        let grown = EndpointsDecision(service, pods: [Self.pod("a", ip: "10.0.0.1"), Self.pod("b", ip: "10.0.0.2")])
        #expect(grown.slices(service, present: [made]).writes.map(\.name) == ["web-abc"])
        let many = EndpointsDecision(service, pods: (0..<250).map { Self.pod("p\($0)", ip: "10.1.\($0 / 200).\($0 % 200)") })
        #expect(many.slices(service, present: [made]).writes.count == 3)
    }
}

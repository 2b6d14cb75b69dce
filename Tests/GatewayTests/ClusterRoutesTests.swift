import ApusAPI
import Foundation
import KubernetesTypes
import Testing

@testable import Gateway

@Suite struct ClusterRoutesTests {
    func service(_ json: String) throws -> InferenceService {
        try JSONDecoder().decode(InferenceService.self, from: Data(json.utf8))
    }

    func slice(_ service: String, _ endpoints: String, ports: String = #"[{"name":"http","port":8080}]"#) throws -> EndpointSlice
    {
        let json = """
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","endpoints":\(endpoints),"ports":\(ports),
             "metadata":{"name":"\(service)-abc","namespace":"default","labels":{"kubernetes.io/service-name":"\(service)"}}}
            """
        return try JSONDecoder().decode(EndpointSlice.self, from: Data(json.utf8))
    }

    static let tickets = """
        {"apiVersion":"apus.dev/v1alpha1","kind":"InferenceService","metadata":{"name":"tickets","namespace":"default"},
         "spec":{"model":{"name":"tickets","alias":"production"}},
         "status":{"traffic":[
           {"modelVersion":"tickets-1","service":"tickets-1-a","percent":90,"artifact":{"uri":"file:///s","digest":"sha256:x"}},
           {"modelVersion":"tickets-2","service":"tickets-2-b","percent":10}]}}
        """

    @Test func onlyReadyEndpointsAreBackends() throws {
        let table = RoutingTable(
            services: [try service(Self.tickets)],
            slices: [
                try slice(
                    "tickets-1-a",
                    """
                    [{"addresses":["10.88.0.3"],"conditions":{"ready":true}},
                     {"addresses":["10.88.0.2"]},
                     {"addresses":["10.88.0.4"],"conditions":{"ready":false}},
                     {"addresses":["10.88.0.5"],"conditions":{"ready":true,"terminating":true}},
                     {"addresses":[]}]
                    """),
                try slice("tickets-1-a", #"[{"addresses":["10.88.0.2"],"conditions":{"ready":true}}]"#),
                try slice(
                    "tickets-2-b", #"[{"addresses":["10.88.0.9"]}]"#,
                    ports: #"[{"name":"metrics","port":1},{"name":"http","port":2}]"#),
                try slice("tickets-2-b", #"[{"addresses":["10.88.0.8"]}]"#, ports: "[]"),
                try slice("somebody-else", #"[{"addresses":["10.88.0.7"]}]"#),
            ])
        let route = try #require(table.services[ServiceKey(namespace: "default", name: "tickets")])
        #expect(route.versions.map(\.weight) == [90, 10])
        #expect(route.versions[0].backends == [Backend(host: "10.88.0.2", port: 8080), Backend(host: "10.88.0.3", port: 8080)])
        #expect(route.versions[0].artifact == ArtifactLocation(uri: "file:///s", digest: "sha256:x"))
        #expect(route.versions[1].backends == [Backend(host: "10.88.0.9", port: 2)])
    }

    @Test func theServicesOwnWordsSayWhyItIsNotReady() throws {
        let waiting = try service(
            """
            {"apiVersion":"apus.dev/v1alpha1","kind":"InferenceService","metadata":{"name":"tickets","namespace":"default"},"spec":{"model":{"version":"tickets-7"}},
             "status":{"conditions":[{"type":"Ready","status":"False","reason":"UnsupportedArchitecture","message":"llama is not served",
               "lastTransitionTime":"2026-01-01T00:00:00Z"}]}}
            """)
        let table = RoutingTable(services: [waiting], slices: [])
        let key = ServiceKey(namespace: "default", name: "tickets")
        guard case .failure(let none) = table.choose(key, draw: 0, load: { _ in 0 }) else {
            Issue.record("a backend was chosen")
            return
        }
        #expect(none == .noReadyBackend(reason: "UnsupportedArchitecture: llama is not served"))
    }

    @Test func aServiceOfOneVersionKnowsItsModel() throws {
        let pinned = try service(
            """
            {"apiVersion":"apus.dev/v1alpha1","kind":"InferenceService","metadata":{"name":"s","namespace":"default"},"spec":{"model":{"version":"tickets-7"}},
             "status":{"traffic":[{"modelVersion":"tickets-7","service":"x","percent":100}]}}
            """)
        let table = RoutingTable(services: [pinned], slices: [])
        #expect(table.services.values.first?.versions.first?.modelName == "tickets")
    }
}

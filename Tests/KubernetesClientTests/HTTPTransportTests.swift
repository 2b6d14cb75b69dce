import ApusTesting
import KubernetesClient
import KubernetesTypes
import Testing

/// The client over TLS on a real socket.
@Suite struct HTTPTransportTests {
    @Test func readsWritesAndWatchesOverTLS() async throws {
        try await InProcessCluster.run { cluster in
            let client = try Client(ConnectionConfiguration(kubeconfig: Kubeconfig(yaml: cluster.kubeconfig)))
            let map = ConfigMap(data: ["a": "1"], metadata: ObjectMeta(name: "m", namespace: "default"))
            let made = try await client.create(map)
            let watch = try await client.watch(
                ConfigMap.self, namespace: "default",
                WatchOptions(fieldSelector: "metadata.name=m", resourceVersion: made.metadata.resourceVersion))
            try await client.patch(ConfigMap.self, "m", namespace: "default", .merge(["data": ["a": "2"]]))
            for try await event in watch {
                guard case .modified(let changed) = event else { continue }
                #expect(changed.data == ["a": "2"])
                break
            }
            let error = await #expect(throws: StatusError.self) {
                try await client.get(ConfigMap.self, "none", namespace: "default")
            }
            #expect(error?.isNotFound == true)
            let discovery = Discovery(client)
            let kind = GroupVersionKind(group: "apps", version: "v1", kind: "Deployment")
            #expect(try await discovery.type(of: kind) == Deployment.resourceType)
            try await client.shutdown()
        }
    }

    @Test func whoIsNotTrustedOrNotThereIsNamedSo() async throws {
        try await InProcessCluster.run { cluster in
            let good = try ConnectionConfiguration(kubeconfig: Kubeconfig(yaml: cluster.kubeconfig))
            func failure(_ change: (inout ConnectionConfiguration) -> Void) async throws -> TransportError.Code? {
                var configuration = good
                change(&configuration)
                let client = try Client(configuration, options: Client.Options(maximumTries: 1))
                let error = await #expect(throws: TransportError.self) { try await client.send(Call(.get, "/version")) }
                try await client.shutdown()
                return error?.code
            }
            #expect(try await failure { $0.trust = .system } == .untrusted)
            #expect(try await failure { $0.server = "https://127.0.0.1:1" } == .unreachable)
            var refused = good
            refused.clientCertificate = nil
            refused.credential = .token("wrong")
            let client = try Client(refused)
            let error = await #expect(throws: StatusError.self) { try await client.list(Pod.self) }
            #expect(error?.isUnauthorized == true)
            try await client.shutdown()
        }
    }
}

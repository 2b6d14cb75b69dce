import ApusTesting
import Foundation
import KubernetesTypes
import Testing

@testable import APIServer

/// What every cluster needs comes back when somebody deletes it.
struct BootstrapKeeperTests {
    private static let token = "admintoken"
    private static let services = ResourceName(group: "", resource: "services")
    private static let slices = ResourceName(group: "discovery.k8s.io", resource: "endpointslices")
    private static let namespaces = ResourceName(group: "", resource: "namespaces")

    private func withServer(_ body: (APIServerCore) async throws -> Void) async throws {
        let tokens = FileManager.default.temporaryDirectory.appending(path: "apus-tokens-\(UUID().uuidString).csv")
        try "\(Self.token),admin,admin,\"system:masters\"\n".write(to: tokens, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: tokens) }
        var configuration = APIServer.Configuration()
        configuration.port = 0
        configuration.tokenFile = tokens.path
        let server = APIServer(configuration: configuration)
        let running = Task { try await server.run() }
        defer { running.cancel() }
        try await body(try await server.ready().core)
    }

    private func delete(_ core: APIServerCore, _ path: String) async -> Int {
        await core.respond(
            to: APIRequest(method: "DELETE", target: path, headers: [("Authorization", "Bearer \(Self.token)")], body: [])
        ).status
    }

    @Test(.timeLimit(.minutes(1))) func theServiceKubernetesComesBack() async throws {
        try await withServer { core in
            let service = try #require(core.store.object(Self.services, key: "default/kubernetes"))
            let slice = try #require(core.store.object(Self.slices, key: "default/kubernetes"))
            #expect(await delete(core, "/api/v1/namespaces/default/services/kubernetes") == 200)
            #expect(
                await delete(core, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes") == 200)
            let (newService, newSlice) = try await eventually("both are back") {
                let newService = core.store.object(Self.services, key: "default/kubernetes")
                let newSlice = core.store.object(Self.slices, key: "default/kubernetes")
                guard let newService, let newSlice, newService.uid != service.uid, newSlice.uid != slice.uid else {
                    return (StoredObject, StoredObject)?.none
                }
                return (newService, newSlice)
            }
            #expect(newService.value["spec"]?["clusterIP"] == service.value["spec"]?["clusterIP"])
            #expect(newService.value["spec"]?["ports"] == service.value["spec"]?["ports"])
            #expect(newSlice.value["endpoints"] == slice.value["endpoints"])
        }
    }

    @Test(.timeLimit(.minutes(1))) func aFirstNamespaceComesBack() async throws {
        try await withServer { core in
            let old = try #require(core.store.object(Self.namespaces, key: "kube-node-lease"))
            _ = try await core.store.commit(
                StoreWrite(resource: Self.namespaces, operation: .delete(key: old.key, expected: old.revision)))
            try await eventually("the namespace is back") {
                let new = core.store.object(Self.namespaces, key: "kube-node-lease")
                return new != nil && new?.uid != old.uid
            }
        }
    }

    @Test(arguments: ["default", "kube-system", "kube-public"]) func theFirstNamespacesAreNotDeleted(_ name: String) async throws
    {
        try await withServer { core in
            #expect(await delete(core, "/api/v1/namespaces/\(name)") == 403)
            #expect(core.store.object(Self.namespaces, key: name)?.value["metadata"]?["deletionTimestamp"] == nil)
        }
    }

    @Test func keepingWhatIsThereWritesNothing() async throws {
        let core = try APIServerCore(
            configuration: APIServerCore.Configuration(), store: ObjectStore(persistence: MemoryPersistence()),
            tokens: TokenFile(), signer: TokenSigner())
        let keeper = BootstrapKeeper(core: core, address: "10.0.0.1", port: 6443)
        try await keeper.keep()
        let revision = core.store.revision
        try await keeper.keep()
        #expect(core.store.revision == revision)
    }
}

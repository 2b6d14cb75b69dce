import Foundation
import KubernetesTypes
import Testing

@testable import APIServer

/// The core without sockets: a request in, a response out.
struct CoreTests {
    private func makeCore() async throws -> APIServerCore {
        var tokens = TokenFile()
        tokens.add("admin", UserInfo(name: "admin", groups: ["system:masters"]))
        tokens.add("viewer", UserInfo(name: "viewer", groups: ["viewers"]))
        let core = try APIServerCore(
            configuration: APIServerCore.Configuration(), store: ObjectStore(persistence: MemoryPersistence()), tokens: tokens,
            signer: TokenSigner())
        try await Bootstrapper(core: core).run()
        return core
    }

    private func send(
        _ core: APIServerCore, _ method: String, _ target: String, _ body: JSONValue? = nil, token: String? = "admin",
        type: String = "application/json"
    ) async throws -> (status: Int, body: JSONValue) {
        var headers: [(name: String, value: String)] = [("Content-Type", type)]
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        let response = await core.respond(
            to: APIRequest(method: method, target: target, headers: headers, body: body.map { JSONSerializer.bytes($0) } ?? []))
        guard case .bytes(let bytes) = response.body else { return (response.status, .null) }
        return (response.status, (try? JSONParser.parse(bytes)) ?? .string(String(decoding: bytes, as: UTF8.self)))
    }

    private let configMap: JSONValue = [
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": ["k": "v"],
    ]

    @Test func anonymousCallersSeeHealthAndVersionOnly() async throws {
        let core = try await makeCore()
        #expect(try await send(core, "GET", "/version", token: nil).status == 200)
        #expect(try await send(core, "GET", "/healthz", token: nil).status == 200)
        for path in ["/api", "/apis", "/api/v1/pods", "/openapi/v3", "/metrics", "/api/v1/namespaces/default/secrets"] {
            #expect(try await send(core, "GET", path, token: nil).status == 403, "\(path)")
        }
        #expect(try await send(core, "GET", "/version", token: "wrong").status == 401)
    }

    @Test func objectsGoThroughTheirLife() async throws {
        let core = try await makeCore()
        let created = try await send(core, "POST", "/api/v1/namespaces/default/configmaps", configMap)
        #expect(created.status == 201)
        #expect(try await send(core, "POST", "/api/v1/namespaces/default/configmaps", configMap).status == 409)
        let patched = try await send(
            core, "PATCH", "/api/v1/namespaces/default/configmaps/a", ["data": ["k": "w"]], type: "application/merge-patch+json")
        #expect(patched.body["data"]?["k"] == "w")
        var stale = created.body
        stale["data"] = ["k": "stale"]
        #expect(try await send(core, "PUT", "/api/v1/namespaces/default/configmaps/a", stale).status == 409)
        #expect(try await send(core, "DELETE", "/api/v1/namespaces/default/configmaps/a").status == 200)
        #expect(try await send(core, "GET", "/api/v1/namespaces/default/configmaps/a").status == 404)
    }

    @Test func nobodyGrantsMoreThanTheyHave() async throws {
        let core = try await makeCore()
        let role: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": ["name": "r"],
            "rules": [["apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["create"]]],
        ]
        let binding: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": ["name": "b"],
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"],
            "subjects": [["kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "viewer"]],
        ]
        let base = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
        #expect(try await send(core, "POST", "\(base)/roles", role).status == 201)
        #expect(try await send(core, "POST", "\(base)/rolebindings", binding).status == 201)
        var greedy = role
        greedy["metadata"] = ["name": "greedy"]
        greedy["rules"] = [["apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]]]
        #expect(try await send(core, "POST", "\(base)/roles", greedy, token: "viewer").status == 403)
        var modest = role
        modest["metadata"] = ["name": "modest"]
        #expect(try await send(core, "POST", "\(base)/roles", modest, token: "viewer").status == 201)
    }

    @Test func aggregatedRolesTakeInTheirParts() async throws {
        let core = try await makeCore()
        let part: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": ["name": "part", "labels": ["rbac.authorization.k8s.io/aggregate-to-view": "true"]],
            "rules": [["apiGroups": ["example.dev"], "resources": ["things"], "verbs": ["get"]]],
        ]
        #expect(try await send(core, "POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", part).status == 201)
        for name in ["view", "edit", "admin"] {
            let role = try await send(core, "GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/\(name)").body
            #expect(role["rules"]?.array?.contains { $0["apiGroups"] == ["example.dev"] } == true, "\(name)")
        }
    }

    @Test func servicesGetAddressesAndGiveThemBack() async throws {
        let core = try await makeCore()
        func service(_ name: String, _ address: String?) -> JSONValue {
            var spec: JSONValue = ["ports": [["port": 80]]]
            if let address { spec["clusterIP"] = .string(address) }
            return ["apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)], "spec": spec]
        }
        let base = "/api/v1/namespaces/default/services"
        let first = try await send(core, "POST", base, service("a", nil))
        let address = try #require(first.body["spec"]?["clusterIP"]?.string)
        #expect(address.hasPrefix("10.96."))
        #expect(try await send(core, "POST", base, service("b", address)).status == 422)
        #expect(try await send(core, "DELETE", "\(base)/a").status == 200)
        #expect(try await send(core, "POST", base, service("b", address)).status == 201)
    }

    @Test func serviceAccountTokensDieWithTheirAccount() async throws {
        let core = try await makeCore()
        let account: JSONValue = ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "bot"]]
        let base = "/api/v1/namespaces/default/serviceaccounts"
        #expect(try await send(core, "POST", base, account).status == 201)
        let request: JSONValue = ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": [:]]
        let answer = try await send(core, "POST", "\(base)/bot/token", request)
        let token = try #require(answer.body["status"]?["token"]?.string)
        #expect(try await send(core, "GET", "/api", token: token).status == 200)
        #expect(try await send(core, "GET", base, token: token).status == 403)
        #expect(try await send(core, "GET", "/api", token: token + "x").status == 401)
        #expect(try await send(core, "DELETE", "\(base)/bot").status == 200)
        #expect(try await send(core, "GET", "/api", token: token).status == 401)
    }
}

import Foundation
import KubernetesTypes
import Testing

@testable import APIServer

/// What a node's own credential reaches: its Node, its lease, its pods, and what they name.
struct NodeAuthorizationTests {
    private let core: APIServerCore

    init() async throws {
        var tokens = TokenFile()
        tokens.add("admin", UserInfo(name: "admin", groups: ["system:masters"]))
        for node in ["n1", "n2"] {
            tokens.add(node, UserInfo(name: "system:node:\(node)", groups: ["system:nodes"]))
        }
        core = try APIServerCore(
            configuration: APIServerCore.Configuration(), store: ObjectStore(persistence: MemoryPersistence()), tokens: tokens,
            signer: TokenSigner())
        try await Bootstrapper(core: core).run()
        try await make("/api/v1/namespaces/default/serviceaccounts", "ServiceAccount", "default")
        for name in ["used", "pull", "other"] {
            try await make("/api/v1/namespaces/default/secrets", "Secret", name)
            try await make("/api/v1/namespaces/default/configmaps", "ConfigMap", name)
        }
        for node in ["n1", "n2"] { try await make("/api/v1/nodes", "Node", node) }
        try await make(
            "/api/v1/namespaces/default/pods", "Pod", "mine",
            [
                "spec": [
                    "nodeName": "n1", "imagePullSecrets": [["name": "pull"]],
                    "containers": [
                        ["name": "c", "image": "i", "envFrom": [["secretRef": ["name": "used"]]]]
                    ],
                    "volumes": [["name": "v", "configMap": ["name": "used"]]],
                ]
            ])
        try await make(
            "/api/v1/namespaces/default/pods", "Pod", "theirs",
            ["spec": ["nodeName": "n2", "containers": [["name": "c", "image": "i"]]]])
    }

    private func make(_ path: String, _ kind: String, _ name: String, _ more: [String: JSONValue] = [:]) async throws {
        var object: JSONValue = ["apiVersion": "v1", "kind": .string(kind), "metadata": ["name": .string(name)]]
        for (key, value) in more { object[key] = value }
        let answer = await send("POST", path, object, as: "admin")
        try #require(answer.status == 201, "\(kind) \(name): \(answer.body)")
    }

    private func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil, as token: String,
        type: String = "application/json"
    ) async -> (status: Int, body: JSONValue) {
        let response = await core.respond(
            to: APIRequest(
                method: method, target: path, headers: [("Content-Type", type), ("Authorization", "Bearer \(token)")],
                body: body.map { JSONSerializer.bytes($0) } ?? []))
        guard case .bytes(let bytes) = response.body else { return (response.status, .null) }
        return (response.status, (try? JSONParser.parse(bytes)) ?? .null)
    }

    @Test(arguments: [
        ("/api/v1/namespaces/default/secrets/used", 200), ("/api/v1/namespaces/default/secrets/pull", 200),
        ("/api/v1/namespaces/default/secrets/other", 403), ("/api/v1/namespaces/default/secrets", 403),
        ("/api/v1/secrets", 403), ("/api/v1/namespaces/default/secrets?fieldSelector=metadata.name=used", 200),
        ("/api/v1/namespaces/default/configmaps/used", 200), ("/api/v1/namespaces/default/configmaps/pull", 403),
        ("/api/v1/namespaces/default/pods/mine", 200), ("/api/v1/namespaces/default/pods/theirs", 403),
        ("/api/v1/pods", 403), ("/api/v1/pods?fieldSelector=spec.nodeName=n1", 200),
        ("/api/v1/pods?fieldSelector=spec.nodeName=n2", 403), ("/api/v1/nodes/n1", 200), ("/api/v1/nodes/n2", 403),
        ("/api/v1/nodes", 403), ("/api/v1/services", 200), ("/api/v1/namespaces/default/serviceaccounts/default", 200),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles", 403),
    ])
    func reads(_ path: String, _ status: Int) async {
        #expect(await send("GET", path, as: "n1").status == status)
    }

    @Test func reasonsAreGiven() async {
        let answer = await send("GET", "/api/v1/namespaces/default/secrets/other", as: "n1")
        #expect(
            answer.body["message"]
                == """
                secrets "other" is forbidden: User "system:node:n1" cannot get resource "secrets" in API group "" in the \
                namespace "default": no relationship found between node 'n1' and this object
                """)
    }

    @Test func relationsEndWithTheirPod() async {
        let removed = await send(
            "DELETE", "/api/v1/namespaces/default/pods/mine?gracePeriodSeconds=0", as: "admin")
        #expect(removed.status == 200)
        #expect(await send("GET", "/api/v1/namespaces/default/secrets/used", as: "n1").status == 403)
    }

    @Test func aNodeWritesItsOwnAlone() async {
        let merge = "application/merge-patch+json"
        let ready: JSONValue = ["status": ["phase": "Running"]]
        #expect(await send("PATCH", "/api/v1/namespaces/default/pods/mine/status", ready, as: "n1", type: merge).status == 200)
        #expect(await send("PATCH", "/api/v1/namespaces/default/pods/mine/status", ready, as: "n2", type: merge).status == 403)
        #expect(
            await send(
                "PATCH", "/api/v1/namespaces/default/pods/mine/status", ["metadata": ["labels": ["a": "b"]]], as: "n1",
                type: merge
            ).status == 403)
        #expect(await send("PATCH", "/api/v1/namespaces/default/pods/mine", ready, as: "n1", type: merge).status == 403)
        #expect(await send("DELETE", "/api/v1/namespaces/default/pods/theirs", as: "n1").status == 403)
        let capacity: JSONValue = ["status": ["capacity": ["cpu": "2"]]]
        #expect(await send("PATCH", "/api/v1/nodes/n1/status", capacity, as: "n1", type: merge).status == 200)
        #expect(await send("PATCH", "/api/v1/nodes/n2/status", capacity, as: "n1", type: merge).status == 403)
        let label: JSONValue = ["metadata": ["labels": ["kubernetes.io/arch": "amd64"]]]
        #expect(await send("PATCH", "/api/v1/nodes/n1", label, as: "n1", type: merge).status == 200)
        let reserved: JSONValue = ["metadata": ["labels": ["node-restriction.kubernetes.io/team": "a"]]]
        #expect(await send("PATCH", "/api/v1/nodes/n1", reserved, as: "n1", type: merge).status == 403)
        let taints: JSONValue = ["spec": ["taints": []]]
        #expect(await send("PATCH", "/api/v1/nodes/n1", taints, as: "n1", type: merge).status == 403)
        #expect(await send("DELETE", "/api/v1/nodes/n1", as: "n1").status == 403)
        #expect(
            await send(
                "POST", "/api/v1/nodes", ["apiVersion": "v1", "kind": "Node", "metadata": ["name": "n3"]], as: "n1"
            ).status == 403)
    }

    @Test func aNodeMakesNoPodsButMirrors() async {
        func pod(_ metadata: JSONValue, _ account: String?) -> JSONValue {
            var pod: JSONValue = [
                "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
                "spec": ["nodeName": "n1", "containers": [["name": "c", "image": "i"]]],
            ]
            if let account { pod[path: ["spec", "serviceAccountName"]] = .string(account) }
            return pod
        }
        let mirror: JSONValue = ["name": "static", "annotations": ["kubernetes.io/config.mirror": "x"]]
        let path = "/api/v1/namespaces/default/pods"
        #expect(await send("POST", path, pod(["name": "p"], nil), as: "n1").status == 403)
        #expect(await send("POST", path, pod(mirror, "default"), as: "n1").status == 403)
        #expect(await send("POST", path, pod(mirror, nil), as: "n2").status == 403)
        #expect(await send("POST", path, pod(mirror, nil), as: "n1").status == 201)
    }

    @Test func leasesAndTokens() async {
        func lease(_ name: String) -> JSONValue {
            ["apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": .string(name)]]
        }
        let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        #expect(await send("POST", leases, lease("n1"), as: "n1").status == 201)
        #expect(await send("POST", leases, lease("n2"), as: "n1").status == 403)
        #expect(await send("GET", "\(leases)/n2", as: "n1").status == 403)
        #expect(
            await send("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", lease("n1"), as: "n1").status == 403)
        func request(_ pod: String) async -> JSONValue {
            let uid = await send("GET", "/api/v1/namespaces/default/pods/\(pod)", as: "admin").body[path: ["metadata", "uid"]]
            return [
                "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                "spec": [
                    "audiences": [],
                    "boundObjectRef": ["kind": "Pod", "apiVersion": "v1", "name": .string(pod), "uid": uid ?? .null],
                ],
            ]
        }
        let token = "/api/v1/namespaces/default/serviceaccounts/default/token"
        #expect(await send("POST", token, await request("mine"), as: "n1").status == 201)
        #expect(await send("POST", token, await request("theirs"), as: "n1").status == 403)
        let unbound: JSONValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["audiences": []],
        ]
        #expect(await send("POST", token, unbound, as: "n1").status == 403)
    }
}

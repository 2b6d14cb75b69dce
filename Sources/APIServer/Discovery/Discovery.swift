import FoundationEssentials
import KubernetesTypes

/// Answers about the server itself: groups and resources, version, health, OpenAPI.
struct Discovery: Sendable {
    let core: APIServerCore

    func respond(_ scope: RequestScope) throws(APIError) -> APIResponse {
        let segments = scope.request.segments
        if let health = Health.respond(scope.request, segments) { return health }
        switch segments.first {
        case nil: return try index(scope)
        case "api" where segments.count <= 2, "apis" where segments.count <= 3:
            guard try isServed(segments) else { return .pageNotFound }
            try requireGet(scope)
            return try groups(scope, segments)
        case "version" where segments.count == 1:
            try requireGet(scope)
            return ResponseEncoder.response(Self.version, form: ResponseForm(isPretty: true))
        case "openapi": return try OpenAPIDocuments(core: core).respond(scope, Array(segments.dropFirst()))
        case "openid" where segments == ["openid", "v1", "jwks"]:
            let keys: JSONValue = ["keys": [core.authenticator.signer.webKey]]
            return APIResponse(
                status: 200, headers: [("Content-Type", "application/jwk-set+json")], body: .bytes(JSONSerializer.bytes(keys)))
        case ".well-known" where segments == [".well-known", "openid-configuration"]: return openIDConfiguration()
        case "metrics" where segments.count == 1:
            return .text(core.metricsText())
        default: return .pageNotFound
        }
    }

    private func requireGet(_ scope: RequestScope) throws(APIError) {
        guard scope.request.method == "GET" || scope.request.method == "HEAD" else { throw .methodNotAllowed }
    }

    private func isServed(_ segments: [String]) throws(APIError) -> Bool {
        let isLegacy = segments[0] == "api"
        let group = isLegacy ? "" : segments.count > 1 ? segments[1] : nil
        let version = isLegacy ? segments.count > 1 ? segments[1] : nil : segments.count > 2 ? segments[2] : nil
        guard let group else { return true }
        guard core.registry.groups.contains(where: { $0.name == group }) else { return false }
        guard let version, !core.registry.serves(group: group, version: version) else { return true }
        if core.registry.builtinGroups.contains(group) { throw .unknownResource }
        return false
    }

    private func groups(_ scope: RequestScope, _ segments: [String]) throws(APIError) -> APIResponse {
        let isLegacy = segments[0] == "api"
        if segments.count == 1, try AggregatedDiscovery.isWanted(scope.request) {
            let document = AggregatedDiscovery(registry: core.registry).document(isLegacy: isLegacy)
            return APIResponse(
                status: 200, headers: [("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")],
                body: .bytes(JSONSerializer.bytes(document)))
        }
        let form = try ContentNegotiation.form(scope.request)
        let value: JSONValue =
            switch (isLegacy, segments.count) {
            case (true, 1): versions
            case (true, _): resources(group: "", version: segments[1])
            case (false, 1): groupList
            case (false, 2): group(segments[1], isAlone: true)
            default: resources(group: segments[1], version: segments[2])
            }
        return ResponseEncoder.response(value, form: ResponseForm(encoding: form.encoding, isPretty: form.isPretty))
    }

    private var versions: JSONValue {
        [
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [
                ["clientCIDR": "0.0.0.0/0", "serverAddress": .string(core.configuration.advertisedAddress)]
            ],
        ]
    }

    private var groupList: JSONValue {
        let groups = core.registry.groups.filter { !$0.name.isEmpty }.map { group($0.name, isAlone: false) }
        return ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)]
    }

    private func group(_ name: String, isAlone: Bool) -> JSONValue {
        let versions = core.registry.groups.first { $0.name == name }?.versions ?? []
        let shown = versions.map { version -> JSONValue in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        var value: JSONValue = ["name": .string(name), "versions": .array(shown), "preferredVersion": shown.first ?? .null]
        if isAlone {
            value["kind"] = "APIGroup"
            value["apiVersion"] = "v1"
        }
        return value
    }

    private func resources(group: String, version: String) -> JSONValue {
        var resources: [JSONValue] = []
        for definition in core.registry.definitions(group: group, version: version) {
            resources += Self.entries(definition)
        }
        var value: JSONValue = [
            "kind": "APIResourceList", "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
            "resources": .array(resources),
        ]
        if !group.isEmpty { value["apiVersion"] = "v1" }
        return value
    }

    /// A resource and its subresources as legacy discovery lists them.
    private static func entries(_ definition: ResourceDefinition) -> [JSONValue] {
        var entry: JSONValue = [
            "name": .string(definition.plural), "singularName": .string(definition.singular),
            "namespaced": .bool(definition.isNamespaced),
            "kind": .string(definition.kind), "verbs": .array(shownVerbs(definition).map { .string($0) }),
        ]
        if !definition.shortNames.isEmpty { entry["shortNames"] = .array(definition.shortNames.map { .string($0) }) }
        if !definition.categories.isEmpty { entry["categories"] = .array(definition.categories.map { .string($0) }) }
        if definition.verbs.contains("list"), definition.plural != "componentstatuses" {
            entry["storageVersionHash"] = .string(definition.storageVersionHash)
        }
        let subresources = definition.subresources.map { subresource -> JSONValue in
            var entry: JSONValue = [
                "name": .string("\(definition.plural)/\(subresource.name)"), "singularName": "",
                "namespaced": .bool(definition.isNamespaced), "kind": .string(subresource.kind),
                "verbs": .array(subresource.verbs.map { .string($0) }),
            ]
            if let group = subresource.group { entry["group"] = .string(group) }
            if let version = subresource.version { entry["version"] = .string(version) }
            return entry
        }
        return [entry] + subresources
    }

    private static func shownVerbs(_ definition: ResourceDefinition) -> [String] {
        definition.custom == nil
            ? definition.verbs : ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
    }

    private func index(_ scope: RequestScope) throws(APIError) -> APIResponse {
        var paths: Set<String> = [
            "/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/", "/healthz", "/healthz/etcd",
            "/healthz/log",
            "/healthz/ping", "/livez", "/livez/etcd", "/livez/log", "/livez/ping", "/metrics", "/openapi/v2", "/openapi/v3",
            "/openapi/v3/",
            "/openid/v1/jwks", "/readyz", "/readyz/etcd", "/readyz/log", "/readyz/ping", "/version",
        ]
        for group in core.registry.groups where !group.name.isEmpty {
            paths.insert("/apis/\(group.name)")
            for version in group.versions { paths.insert("/apis/\(group.name)/\(version)") }
        }
        return ResponseEncoder.response(
            ["paths": .array(paths.sorted().map { .string($0) })], form: ResponseForm(isPretty: true))
    }

    private func openIDConfiguration() -> APIResponse {
        let issuer = core.configuration.issuer
        let document: JSONValue = [
            "issuer": .string(issuer), "jwks_uri": .string("https://\(core.configuration.advertisedAddress)/openid/v1/jwks"),
            "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        ]
        return APIResponse(
            status: 200, headers: [("Content-Type", "application/json")], body: .bytes(JSONSerializer.bytes(document)))
    }

    /// The API level that is served, in upstream's form.
    static let version: JSONValue = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.2", "gitCommit": "apus", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "none", "compiler": "swiftc", "platform": "linux/amd64",
    ]
}

/// The health endpoints: the server answers, so it is alive; it is ready as soon as it listens.
enum Health {
    private static let checks = ["ping", "log", "etcd"]

    static func respond(_ request: APIRequest, _ segments: [String]) -> APIResponse? {
        guard let first = segments.first, ["healthz", "livez", "readyz"].contains(first) else { return nil }
        if segments.count == 1 {
            guard request.query.contains(where: { $0.name == "verbose" }) else { return .text("ok") }
            let excluded = request.parameters("exclude")
            let lines = checks.map { excluded.contains($0) ? "[+]\($0) excluded: ok\n" : "[+]\($0) ok\n" }
            return .text(lines.joined() + "\(first) check passed\n")
        }
        return segments.count == 2 && checks.contains(segments[1]) ? .text("ok") : .pageNotFound
    }
}

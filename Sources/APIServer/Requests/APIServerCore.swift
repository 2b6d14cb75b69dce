public import FoundationEssentials
import KubernetesTypes
import Logging
import Synchronization

/// The whole server but for its sockets: a request in, a response out.
public final class APIServerCore: Sendable {
    /// What the core is made with. Time, identities and randomness are handed in, so that a simulation can own them.
    public struct Configuration: Sendable {
        public var now: @Sendable () -> Date = { Date() }
        public var makeUID: @Sendable () -> String = { UUID().uuidString.lowercased() }
        public var random: @Sendable () -> UInt64 = { UInt64.random(in: 0...UInt64.max) }
        public var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
        /// Addresses that services get, as `10.96.0.0/16`.
        public var serviceRange = "10.96.0.0/16"
        public var nodePorts: ClosedRange<Int> = 30_000...32_767
        /// More watches at once are refused until some end.
        public var maximumWatches = 10_000
        /// Issuer and default audience of service account tokens.
        public var issuer = "https://kubernetes.default.svc"
        /// Shown by discovery as the address to reach the server at.
        public var advertisedAddress = "127.0.0.1:6443"

        public init() {}

        static let suffixAlphabet = Array("bcdfghjklmnpqrstvwxz2456789")

        /// Five characters without vowels, so that no words come out.
        func makeNameSuffix() -> String {
            String((0..<5).map { _ in Self.suffixAlphabet[Int(random() % UInt64(Self.suffixAlphabet.count))] })
        }
    }

    /// A request body may be this many bytes long.
    public static let maximumBodyBytes = 3 * 1024 * 1024

    let configuration: Configuration
    let store: ObjectStore
    let registry: ResourceRegistry
    let authenticator: Authenticator
    let authorizer: Authorizer
    let admission: AdmissionChain
    let allocator: ServiceAllocator
    let merging: any ObjectMerging
    let rules: any ObjectRulesProvider
    let watches = WatchRegistry()
    let kubelet: (any KubeletConnector)?
    let logger: Logger

    init(
        configuration: Configuration, store: ObjectStore, tokens: TokenFile, signer: TokenSigner,
        kubelet: (any KubeletConnector)? = nil,
        logger: Logger = Logger(label: "apiserver")
    ) throws {
        self.configuration = configuration
        self.store = store
        self.kubelet = kubelet
        self.logger = logger
        rules = SchemaProvider.rules
        merging = SchemaProvider.merging
        registry = ResourceRegistry(builtins: BuiltinCatalog.definitions(rules: rules))
        authorizer = Authorizer(store: store)
        authenticator = Authenticator(
            tokens: tokens, signer: signer, store: store, issuer: configuration.issuer, now: configuration.now)
        allocator = try ServiceAllocator(
            range: configuration.serviceRange, nodePorts: configuration.nodePorts, random: configuration.random)
        admission = AdmissionChain(
            store: store, registry: registry, authorizer: authorizer, merging: merging, configuration: configuration)
        allocator.load(store)
    }

    // MARK: Responding

    public func respond(to request: APIRequest) async -> APIResponse {
        do throws(APIError) {
            let user = try authenticator.user(of: request)
            let info = RequestInfo(request)
            let caller = try await Impersonation.caller(user, request, info, authorizer)
            let scope = RequestScope(request: request, info: info, user: caller)
            try authorize(scope)
            // Reads come from memory and do not wait for anything.
            guard info.verb != "get", info.verb != "list", let limit = try RequestDeadline.limit(request, info) else {
                _ = try RequestDeadline.limit(request, info)
                return await answer(scope)
            }
            return await RequestDeadline.run(within: limit, sleep: configuration.sleep) {
                await self.answer(scope)
            } late: {
                Self.response(RequestDeadline.exceeded, request, warnings: scope.warningHeaders)
            }
        } catch {
            return Self.response(error, request, warnings: [])
        }
    }

    private func answer(_ scope: RequestScope) async -> APIResponse {
        do throws(APIError) {
            return try await route(scope)
        } catch {
            return Self.response(error, scope.request, warnings: scope.warningHeaders)
        }
    }

    static func response(
        _ error: APIError, _ request: APIRequest, warnings: [(name: String, value: String)]
    ) -> APIResponse {
        var form = ResponseForm()
        if let accepted = try? ContentNegotiation.form(request) {
            form.encoding = accepted.encoding
            form.isPretty = accepted.isPretty
        }
        var response = ResponseEncoder.response(error.status, form: form, status: error.code, warnings: warnings)
        if let seconds = error.retryAfterSeconds { response.headers.append(("Retry-After", String(seconds))) }
        return response
    }

    private func authorize(_ scope: RequestScope) throws(APIError) {
        let info = scope.info
        let decision = authorizer.decide(scope.user, info)
        guard !decision.isAllowed else { return }
        throw Self.denied(scope.user, info, reason: decision.reason)
    }

    static func denied(_ user: UserInfo, _ info: RequestInfo, reason: String = "") -> APIError {
        guard info.isResourceRequest else {
            return APIError(
                code: 403, reason: "Forbidden",
                message: "forbidden: User \"\(user.name)\" cannot \(info.verb) path \"\(info.path)\"",
                details: [:])
        }
        let place =
            info.namespace.isEmpty || info.resource == "namespaces" && info.name == info.namespace && info.subresource.isEmpty
            ? info.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(info.namespace)\""
            : "in the namespace \"\(info.namespace)\""
        return .forbidden(
            ResourceName(group: info.group, resource: info.resource), name: info.name,
            "User \"\(user.name)\" cannot \(info.verb) resource \"\(info.qualifiedResource)\" in API group \"\(info.group)\" \(place)"
                + (reason.isEmpty ? "" : ": \(reason)"))
    }

    private func route(_ scope: RequestScope) async throws(APIError) -> APIResponse {
        if scope.request.body.count > Self.maximumBodyBytes {
            throw APIError(
                code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is \(Self.maximumBodyBytes)"
            )
        }
        guard scope.info.isResourceRequest else { return try Discovery(core: self).respond(scope) }
        return try await routeResource(scope)
    }

    private func routeResource(_ scope: RequestScope) async throws(APIError) -> APIResponse {
        let info = scope.info
        guard let definition = registry.definition(group: info.group, version: info.version, plural: info.resource) else {
            if info.group.isEmpty || registry.builtinGroups.contains(info.group) { throw .unknownResource }
            return .pageNotFound
        }
        let isCustom = definition.custom != nil
        guard info.rest.isEmpty || ["proxy"].contains(info.subresource) else {
            if isCustom { return .pageNotFound }
            throw .unknownResource
        }
        if !isPathValid(definition, info) { throw .unknownResource }
        if let warning = definition.deprecationWarning { scope.warn(warning) }
        if !info.subresource.isEmpty { return try await SubresourceRouter(core: self).respond(definition, scope) }
        guard definition.verbs.contains(info.verb) || info.verb == "get" && definition.verbs.contains("list"),
            isMethodValid(definition, info)
        else {
            if isCustom { throw Self.customMethodNotAllowed(definition, info.verb) }
            throw .methodNotAllowed
        }
        if let review = try await Reviews(core: self).respond(definition, scope) { return review }
        switch info.verb {
        case "get": return try get(definition, scope)
        case "list": return try list(definition, scope)
        case "watch": return try watch(definition, scope)
        case "create": return try await create(definition, scope)
        case "update": return try await update(definition, subresource: nil, scope)
        case "patch": return try await patch(definition, subresource: nil, scope)
        case "delete": return try await delete(definition, scope)
        case "deletecollection": return try await deleteCollection(definition, scope)
        default: throw .methodNotAllowed
        }
    }

    static func customMethodNotAllowed(_ definition: ResourceDefinition, _ verb: String) -> APIError {
        APIError(
            code: 405, reason: "MethodNotAllowed",
            message: "\(verb) is not supported on resources of kind \"\(definition.name.qualified)\"",
            details: definition.name.details(name: ""))
    }

    /// Whether namespace and name are where the resource has them.
    private func isPathValid(_ definition: ResourceDefinition, _ info: RequestInfo) -> Bool {
        let hasNamespace = !info.namespace.isEmpty
        if definition.isNamespaced {
            let isNamed = info.verb != "list" && info.verb != "watch" && info.verb != "deletecollection" && !info.name.isEmpty
            return hasNamespace || !isNamed
        }
        return !hasNamespace || definition.plural == "namespaces" && definition.group.isEmpty
    }

    private func isMethodValid(_ definition: ResourceDefinition, _ info: RequestInfo) -> Bool {
        switch info.verb {
        case "create": info.name.isEmpty && (!definition.isNamespaced || !info.namespace.isEmpty)
        case "update", "patch": !info.name.isEmpty
        case "deletecollection": !definition.isNamespaced || !info.namespace.isEmpty
        default: true
        }
    }

    // MARK: After writes

    /// Brings what is derived from objects up to date before the answer is sent, so that a client that reads after its own
    /// write finds the effect of it.
    func afterWrite(_ definition: ResourceDefinition) async {
        if definition.group == "rbac.authorization.k8s.io" {
            authorizer.invalidate()
            if definition.plural == "clusterroles" { await RoleAggregation(core: self).run() }
        }
        if definition.group == "apiextensions.k8s.io" { await DefinitionController(core: self).reconcile() }
    }

    func afterDelete(_ definition: ResourceDefinition, name: String) async { await afterWrite(definition) }

    let definitions = DefinitionSignal()
    /// The revision at which each CustomResourceDefinition was last put into the registry.
    let servedDefinitions = Mutex<[String: UInt64]>([:])
    /// Each CustomResourceDefinition without its schemas, as of the revision it was read at.
    let definitionOutlines = Mutex<[String: (revision: UInt64, outline: JSONValue)]>([:])

    /// What the server counts, in Prometheus' text form.
    func metricsText() -> String {
        let lines = [
            "# TYPE apiserver_storage_revision gauge", "apiserver_storage_revision \(store.revision)",
            "# TYPE apiserver_open_watches gauge", "apiserver_open_watches \(watches.count)",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}

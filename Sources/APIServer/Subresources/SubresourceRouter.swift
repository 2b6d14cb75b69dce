import FoundationEssentials
import KubernetesTypes

/// Requests for paths below an object.
struct SubresourceRouter: Sendable {
    let core: APIServerCore

    func respond(_ definition: ResourceDefinition, _ scope: RequestScope) async throws(APIError) -> APIResponse {
        let info = scope.info
        guard let subresource = definition.subresource(info.subresource) else {
            if definition.custom != nil { throw .notFound(definition.name, name: info.name) }
            throw .unknownResource
        }
        guard !info.name.isEmpty, definition.isNamespaced == !info.namespace.isEmpty || definition.plural == "namespaces" else {
            throw .unknownResource
        }
        guard subresource.verbs.contains(info.verb) else {
            if definition.custom != nil { throw APIServerCore.customMethodNotAllowed(definition, info.verb) }
            throw .methodNotAllowed
        }
        switch info.subresource {
        case "scale": return try await ScaleSubresource(core: core, definition: definition).respond(scope)
        case "binding": return try await PodSubresources(core: core, definition: definition).bind(scope)
        case "eviction": return try await PodSubresources(core: core, definition: definition).evict(scope)
        case "token": return try await TokenSubresource(core: core, definition: definition).respond(scope)
        case "log", "exec", "attach", "portforward", "proxy":
            return try await KubeletProxy(core: core, definition: definition).respond(scope)
        default: return try await plain(definition, scope)
        }
    }

    /// `status`, `finalize`, `ephemeralcontainers`, `resize`, `approval`: another view of the same object.
    private func plain(_ definition: ResourceDefinition, _ scope: RequestScope) async throws(APIError) -> APIResponse {
        switch scope.info.verb {
        case "get": return try core.get(definition, scope)
        case "update": return try await core.update(definition, subresource: scope.info.subresource, scope)
        case "patch": return try await core.patch(definition, subresource: scope.info.subresource, scope)
        default: throw .methodNotAllowed
        }
    }
}

import FoundationEssentials
import KubernetesTypes

/// `log`, `exec`, `attach`, `portforward` and `proxy`: passed on to the node that the pod runs on.
struct KubeletProxy: Sendable {
    let core: APIServerCore
    let definition: ResourceDefinition

    func respond(_ scope: RequestScope) async throws(APIError) -> APIResponse {
        if scope.info.subresource == "log", try isUnscheduled(scope) {
            return APIResponse(status: 204, body: .bytes([]))
        }
        let target = try Self.target(core, definition, scope)
        guard let kubelet = core.kubelet else { throw .internalError("this server has no way to reach nodes") }
        if scope.info.subresource == "log" || scope.info.subresource == "proxy" {
            let answer: APIResponse
            do {
                answer = try await kubelet.request(
                    target, method: scope.request.method, headers: Self.passedHeaders(scope.request), body: scope.request.body)
            } catch {
                throw .internalError("error dialing backend \(target.host):\(target.port): \(error)")
            }
            guard scope.info.subresource == "log", answer.status >= 400 else { return answer }
            throw await KubeletRefusal.apiError(answer)
        }
        throw .badRequest("Upgrade request required")
    }

    /// A pod that is on no node yet has logged nothing.
    private func isUnscheduled(_ scope: RequestScope) throws(APIError) -> Bool {
        let pod = try core.stored(definition, namespace: scope.info.namespace, name: scope.info.name).value
        _ = try Self.container(scope, pod)
        return (pod["spec"]?["nodeName"]?.string ?? "").isEmpty
    }

    private static func passedHeaders(_ request: APIRequest) -> [(name: String, value: String)] {
        request.headers.filter { ["accept", "content-type", "user-agent"].contains($0.name) }
    }

    /// Where the kubelet serves what is asked for.
    static func target(
        _ core: APIServerCore, _ definition: ResourceDefinition, _ scope: RequestScope
    ) throws(APIError) -> KubeletTarget {
        let object = try core.stored(definition, namespace: scope.info.namespace, name: scope.info.name)
        let value = core.encoder(definition).value(object)
        if definition.plural == "nodes" {
            let path = "/" + scope.info.rest.joined(separator: "/") + query(scope.request, dropping: [])
            return try address(core, node: object.name, path: path)
        }
        let node = value["spec"]?["nodeName"]?.string ?? ""
        let container = try container(scope, value)
        if node.isEmpty { throw .badRequest("pod \(object.name) does not have a host assigned") }
        let namespace = object.namespace
        let path: String
        switch scope.info.subresource {
        case "log":
            path = "/containerLogs/\(namespace)/\(object.name)/\(container)" + query(scope.request, dropping: ["container"])
        case "exec", "attach":
            let renamed = scope.request.query.map { pair -> (String, String) in
                switch pair.name {
                case "stdin": ("input", RequestInfo.isTrue(pair.value) ? "1" : "0")
                case "stdout": ("output", RequestInfo.isTrue(pair.value) ? "1" : "0")
                case "stderr": ("error", RequestInfo.isTrue(pair.value) ? "1" : "0")
                case "tty": ("tty", RequestInfo.isTrue(pair.value) ? "1" : "0")
                default: pair
                }
            }
            path =
                "/\(scope.info.subresource)/\(namespace)/\(object.name)/\(container)"
                + queryText(renamed.filter { $0.0 != "container" })
        case "portforward": path = "/portForward/\(namespace)/\(object.name)" + query(scope.request, dropping: [])
        default: throw .badRequest("the proxy of pods is not served; use portforward")
        }
        return try address(core, node: node, path: path)
    }

    private static func container(_ scope: RequestScope, _ pod: JSONValue) throws(APIError) -> String {
        guard scope.info.subresource != "portforward" else { return "" }
        let spec = pod["spec"] ?? [:]
        func names(_ field: String) -> [String] { (spec[field]?.array ?? []).compactMap { $0["name"]?.string } }
        let name = pod["metadata"]?["name"]?.string ?? ""
        if let wanted = scope.request.parameter("container"), !wanted.isEmpty {
            guard (names("containers") + names("initContainers") + names("ephemeralContainers")).contains(wanted) else {
                throw .badRequest("container \(wanted) is not valid for pod \(name)")
            }
            return wanted
        }
        let containers = names("containers")
        guard containers.count == 1 else {
            var message =
                "a container name must be specified for pod \(name), choose one of: [\(containers.joined(separator: " "))]"
            let initial = names("initContainers")
            if !initial.isEmpty { message += " or one of the init containers: [\(initial.joined(separator: " "))]" }
            throw .badRequest(message)
        }
        return containers[0]
    }

    private static func address(_ core: APIServerCore, node name: String, path: String) throws(APIError) -> KubeletTarget {
        let resource = ResourceName(group: "", resource: "nodes")
        guard let node = core.store.object(resource, key: name)?.value else { throw .notFound(resource, name: name) }
        let addresses = node["status"]?["addresses"]?.array ?? []
        let order = ["InternalIP", "Hostname", "ExternalIP"]
        let found = order.lazy.compactMap { type in addresses.first { $0["type"]?.string == type }?["address"]?.string }.first
        guard let host = found else { throw .internalError("no preferred addresses found; known addresses: []") }
        let port = node["status"]?["daemonEndpoints"]?["kubeletEndpoint"]?["Port"]?.integer ?? 10250
        return KubeletTarget(host: host, port: Int(port), path: path)
    }

    private static func query(_ request: APIRequest, dropping names: Set<String>) -> String {
        queryText(request.query.filter { !names.contains($0.name) }.map { ($0.name, $0.value) })
    }

    private static func queryText(_ pairs: [(String, String)]) -> String {
        guard !pairs.isEmpty else { return "" }
        return "?" + pairs.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
    }
}

extension PercentEncoding {
    static func encode(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                output.unicodeScalars.append(UnicodeScalar(byte))
            default: output += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return output
    }
}

import Crypto
import FoundationEssentials
import KubernetesTypes

/// The index of OpenAPI v3 documents, and the documents.
struct OpenAPIDocuments: Sendable {
    let core: APIServerCore

    func respond(_ scope: RequestScope, _ segments: [String]) throws(APIError) -> APIResponse {
        switch segments {
        case ["v3"]:
            return APIResponse(
                status: 200, headers: [("Content-Type", "text/plain; charset=utf-8")], body: .bytes(JSONSerializer.bytes(index)))
        case ["v2"]:
            return json([
                "swagger": "2.0", "info": ["title": "Kubernetes", "version": "v1.36.2"], "paths": [:], "definitions": [:],
            ])
        default:
            guard segments.first == "v3" else { return .pageNotFound }
            let path = segments.dropFirst()
            let group: String
            let version: String
            switch path.count {
            case 1 where path.first == "version": return json(OpenAPITypes.versionDocument())
            case 2 where path.first == "api": (group, version) = ("", path[path.endIndex - 1])
            case 3 where path.first == "apis": (group, version) = (path[path.startIndex + 1], path[path.endIndex - 1])
            default: return .pageNotFound
            }
            guard core.registry.serves(group: group, version: version) else {
                return APIResponse(status: 404, headers: [], body: .bytes([]))
            }
            let definitions = core.registry.definitions(group: group, version: version)
            return json(OpenAPIBuilder(definitions: definitions, group: group, version: version).document())
        }
    }

    private func json(_ value: JSONValue) -> APIResponse {
        APIResponse(status: 200, headers: [("Content-Type", "application/json")], body: .bytes(JSONSerializer.bytes(value)))
    }

    private var index: JSONValue {
        var paths: [String: JSONValue] = [:]
        for group in core.registry.groups {
            for version in group.versions {
                let path = group.name.isEmpty ? "api/\(version)" : "apis/\(group.name)/\(version)"
                // The hash lets clients cache a document until the server's resources change.
                let digest = SHA256.hash(data: Data("\(path)#\(core.registry.stamp)".utf8))
                let hash = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
                paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(hash)")]
            }
        }
        paths["version"] = ["serverRelativeURL": "/openapi/v3/version?hash=136"]
        return ["paths": .object(paths)]
    }
}

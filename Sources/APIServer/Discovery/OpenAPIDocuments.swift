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
            return version2(scope)
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

    /// The older form, without a definition: clients since 1.27 read the newer one, and look here for kinds that it has not.
    private func version2(_ scope: RequestScope) -> APIResponse {
        let (title, version) = ("Kubernetes", "v1.36.2")
        let accepted = scope.request.headers.first { $0.name == "accept" }?.value ?? ""
        // Clients ask by a name that is no valid media type, and take the answer by the one that is.
        guard accepted.contains("proto-openapi.spec.v2@v1.0+protobuf") || accepted.contains("proto-openapi.spec.v2.v1.0+protobuf")
        else {
            return json([
                "swagger": "2.0", "info": ["title": .string(title), "version": .string(version)], "paths": [:],
                "definitions": [:],
            ])
        }
        // openapi.v2.Document of gnostic's OpenAPIv2.proto: swagger is field 1, info 2; of info, title is 1 and version 2.
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        let info = field(1, Array(title.utf8)) + field(2, Array(version.utf8))
        return APIResponse(
            status: 200, headers: [("Content-Type", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")],
            body: .bytes(field(1, Array("2.0".utf8)) + field(2, info)))
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

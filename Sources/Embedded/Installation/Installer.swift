import ApusAPI
import KubernetesClient
import KubernetesTypes

/// Puts the kinds of Apus and the rights of its parts into an API server, and brings those of an older version up to date.
struct Installer: Sendable {
    static let fieldManager = "apus-install"

    let client: Client

    /// - Returns: how many kinds are served.
    func run() async throws -> Int {
        let discovery = Discovery(client)
        let manifests = [RoleManifests.installed, RoleManifests.embedded, PolicyManifests.installed]
        for document in try manifests.flatMap({ try YAML.parse($0) }) { try await apply(document, discovery) }
        for definition in ApusAPI.definitions { try await apply(definition.manifest, discovery) }
        for definition in ApusAPI.definitions { try await waitUntilServed(definition) }
        return ApusAPI.definitions.count
    }

    private func apply(_ document: JSONValue, _ discovery: Discovery) async throws {
        let object = DynamicObject(document)
        let type = try await discovery.type(of: object.groupVersionKind)
        do {
            try await client.apply(type, object, manager: Self.fieldManager)
        } catch {
            throw EmbeddedError(.partFailed, "\(object.kind) \(object.name) cannot be applied", cause: error)
        }
    }

    private func waitUntilServed(_ definition: CustomResource) async throws {
        let type = ResourceType(
            group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition", plural: "customresourcedefinitions",
            isNamespaced: false)
        let deadline = client.time.uptime() + .seconds(20)
        while true {
            let found = try await client.get(type, ObjectKey(name: definition.name))
            let conditions = found.value["status"]?["conditions"]?.array ?? []
            func condition(_ name: String) -> JSONValue? { conditions.first { $0["type"]?.string == name } }
            if condition("Established")?["status"]?.string == "True" { return }
            guard client.time.uptime() < deadline else {
                let reason =
                    (condition("NamesAccepted") ?? condition("NonStructuralSchema"))?["message"]?.string ?? "no reason is given"
                throw EmbeddedError(.partFailed, "the API server does not serve \(definition.name): \(reason)")
            }
            try await client.time.sleep(for: .milliseconds(10))
        }
    }
}

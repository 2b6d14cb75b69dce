import APIServer
import Foundation
import KubernetesClient
import KubernetesTypes
public import Logging
import Operator

/// `apus plan`: what would come of manifests, by the real admission and the real reconcilers, with nothing written.
public struct LookAhead: Sendable {
    private let settings: ClusterSettings
    private let logger: Logger

    /// - Parameter dataDirectory: of the cluster whose artifact store and addresses count.
    public init(dataDirectory: String, logger: Logger) throws {
        settings = try ClusterSettings.load(dataDirectory: dataDirectory) ?? ClusterSettings(dataDirectory: dataDirectory)
        self.logger = logger
    }

    /// Plans manifests on a cluster as it is.
    public func plan(_ text: String, on cluster: ClusterConnection, namespace: String?) async throws -> [PlannedObject] {
        try await plan(documents(text), client: cluster.client, namespace: namespace ?? cluster.defaultNamespace)
    }

    /// Plans manifests on an empty cluster, made for the purpose in memory: kinds, defaults and rules are there, nodes are not.
    public func planOnNothing(_ text: String, namespace: String?) async throws -> [PlannedObject] {
        var configuration = APIServer.Configuration()
        configuration.port = 0
        var quiet = logger
        quiet.logLevel = .critical
        let server = APIServer(configuration: configuration, logger: quiet)
        let running = Task { try await server.run() }
        defer { running.cancel() }
        let ready = try await server.ready()
        let client = try Client(ConnectionConfiguration(kubeconfig: KubernetesClient.Kubeconfig(yaml: ready.kubeconfig)))
        do {
            _ = try await Installer(client: client).run()
            let documents = try documents(text)
            let namespace = namespace ?? "default"
            for name in Set(documents.map { DynamicObject($0).namespace } + [namespace]) where !name.isEmpty && name != "default"
            {
                try await client.create(Namespace(metadata: ObjectMeta(name: name)))
            }
            let planned = try await plan(documents, client: client, namespace: namespace)
            try await client.shutdown()
            return planned
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private func documents(_ text: String) throws -> [JSONValue] {
        do {
            return try YAML.parse(text).filter { $0 != .null }
        } catch {
            throw EmbeddedError(.invalidSetting, "the manifest is not readable YAML: \(error)")
        }
    }

    private func plan(_ documents: [JSONValue], client: Client, namespace: String) async throws -> [PlannedObject] {
        let discovery = Discovery(client)
        var admitted: [(type: ResourceType, object: DynamicObject, fate: PlannedObject.Fate)] = []
        for document in documents {
            var object = DynamicObject(document)
            let type = try await discovery.type(of: object.groupVersionKind)
            if type.isNamespaced, object.namespace.isEmpty {
                object.value[path: ["metadata", "namespace"]] = .string(namespace)
            }
            let present = try await find(type, object.key, client)
            let answer = try await client.patch(
                type, object.key, .apply(object.value, manager: "apus-cli", force: true),
                WriteOptions(isDryRun: true, fieldValidation: "Strict"))
            admitted.append((type, answer, PlannedObject.Fate(present: present, admitted: answer)))
        }
        let preview = PlanPreview(
            configuration: OperatorPart.configuration(OperatorPart.platform(settings)), transport: client.transport,
            logger: logger)
        let entries = try await preview.entries(for: admitted.map { ($0.type, $0.object) })
        return admitted.map { type, object, fate in
            let entry = entries.first { $0.owner.key == object.key && $0.owner.kind == type.kind }
            return PlannedObject(type: type, object: object, fate: fate, entry: entry)
        }
    }

    private func find(_ type: ResourceType, _ key: ObjectKey, _ client: Client) async throws -> DynamicObject? {
        do {
            return try await client.get(type, key)
        } catch let error as StatusError where error.isNotFound {
            return nil
        }
    }
}

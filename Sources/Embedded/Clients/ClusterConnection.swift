import Foundation
public import KubernetesClient
public import KubernetesTypes

/// What people without kubectl need of the API: apply manifests, look at objects.
public struct ClusterConnection: Sendable {
    public let client: Client
    private let discovery: Discovery
    /// The namespace that is meant where none is named.
    public let defaultNamespace: String

    /// - Parameters:
    ///   - kubeconfig: a file; where it is left out, that of the cluster in the data folder, else as kubectl finds it.
    public init(kubeconfig: String? = nil, dataDirectory: String) throws {
        let own = ClusterSettings(dataDirectory: dataDirectory).paths.kubeconfig
        let environment = ProcessInfo.processInfo.environment
        let path = kubeconfig ?? (environment["KUBECONFIG"] == nil && Files.exists(own) ? own : nil)
        let configuration = try ConnectionConfiguration.discover(kubeconfig: path)
        client = try Client(configuration, options: .init(userAgent: "apus", requestTimeout: .seconds(15), maximumTries: 3))
        discovery = Discovery(client)
        defaultNamespace = configuration.namespace
    }

    /// Server-side apply of all documents of a text.
    /// - Returns: the objects, as `trainingjob.apus.dev/tickets`.
    @discardableResult
    public func apply(_ text: String, namespace: String? = nil) async throws -> [String] {
        var applied: [String] = []
        for document in try YAML.parse(text) {
            var object = DynamicObject(document)
            let type = try await discovery.type(of: object.groupVersionKind)
            if type.isNamespaced, object.namespace.isEmpty {
                object.value[path: ["metadata", "namespace"]] = .string(namespace ?? defaultNamespace)
            }
            try await client.apply(type, object, manager: "apus-cli")
            let group = type.group.isEmpty ? "" : ".\(type.group)"
            applied.append("\(type.kind.lowercased())\(group)/\(object.name)")
        }
        return applied
    }

    /// The kind that a plural, singular, short name or kind means.
    public func type(named name: String) async throws -> ResourceType {
        let wanted = name.lowercased()
        let entries = try await discovery.entries()
        let found = entries.first { entry in
            [entry.type.plural, entry.singular, entry.type.kind.lowercased(), entry.type.groupResource].contains(wanted)
                || entry.shortNames.contains(wanted)
        }
        guard let found else {
            throw EmbeddedError(.invalidSetting, "the server has no kind \"\(name)\"; apus get crds lists those of Apus")
        }
        return found.type
    }

    /// What is meant by `KIND`, `KIND,KIND`, a category such as `apus`, or `KIND/NAME`; a name may also be given beside the kind.
    public func targets(_ words: String, name: String? = nil) async throws -> [Target] {
        let parts = words.split(separator: "/", maxSplits: 1).map(String.init)
        if parts.count == 2 {
            guard name == nil else {
                throw EmbeddedError(.invalidSetting, "\(words) names an object already; leave \(name ?? "") out")
            }
            return [Target(type: try await type(named: parts[0]), name: parts[1])]
        }
        let entries = try await discovery.entries()
        var targets: [Target] = []
        for word in words.split(separator: ",").map(String.init) {
            let members = entries.filter { $0.categories.contains(word) && $0.verbs.contains("list") }.map(\.type)
            let types = members.isEmpty ? [try await type(named: word)] : members
            targets += types.map { Target(type: $0, name: name) }
        }
        return targets
    }

    public struct Target: Sendable, Hashable {
        public var type: ResourceType
        /// Nil for all objects.
        public var name: String?
    }

    /// Deletes what manifests name.
    /// - Returns: the names of what was there.
    public func delete(_ text: String, namespace: String? = nil) async throws -> [String] {
        var deleted: [String] = []
        for document in try YAML.parse(text).filter({ $0 != .null }) {
            let object = DynamicObject(document)
            let type = try await discovery.type(of: object.groupVersionKind)
            do {
                try await delete(type, object.name, namespace: object.namespace.isEmpty ? namespace : object.namespace)
                deleted.append("\(type.kind.lowercased())/\(object.name)")
            } catch let error as StatusError where error.isNotFound {
                continue
            }
        }
        return deleted
    }

    public func get(_ type: ResourceType, _ name: String, namespace: String? = nil) async throws -> DynamicObject {
        try await client.get(type, ObjectKey(namespace: type.isNamespaced ? namespace ?? defaultNamespace : "", name: name))
    }

    public func delete(_ type: ResourceType, _ name: String, namespace: String? = nil) async throws {
        try await client.delete(
            type, ObjectKey(namespace: type.isNamespaced ? namespace ?? defaultNamespace : "", name: name),
            .of(propagation: .background))
    }

    /// - Parameter isEverywhere: objects of all namespaces.
    public func list(_ type: ResourceType, namespace: String? = nil, isEverywhere: Bool = false) async throws -> [DynamicObject] {
        try await client.list(type, namespace: type.isNamespaced && !isEverywhere ? namespace ?? defaultNamespace : nil).items
    }

    /// All kinds that the server offers.
    public func kinds() async throws -> [Discovery.Entry] { try await discovery.entries() }

    /// Columns as the server prints them, in lines.
    /// - Parameter showsKind: names begin with their kind, for tables of several.
    public func table(
        _ type: ResourceType, _ name: String? = nil, namespace: String? = nil, isEverywhere: Bool = false, isWide: Bool = false,
        showsKind: Bool = false
    ) async throws -> [String] {
        let scope = type.isNamespaced && !isEverywhere ? namespace ?? defaultNamespace : nil
        var call = Call(.get, type.path(namespace: scope, name: name))
        call.accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
        let table = try await client.send(call)
        let columns = (table["columnDefinitions"]?.array ?? []).enumerated().filter {
            isWide || $0.element["priority"]?.integer ?? 0 == 0
        }
        let header = (isEverywhere ? ["NAMESPACE"] : []) + columns.map { $0.element["name"]?.string?.uppercased() ?? "" }
        let rows = (table["rows"]?.array ?? []).map { row in
            (isEverywhere ? [row["object"]?["metadata"]?["namespace"]?.string ?? ""] : [])
                + columns.map { column in
                    let cell = row["cells"]?[column.offset].map(FieldPath.text) ?? ""
                    let isName = showsKind && column.element["format"]?.string == "name"
                    return isName ? "\(type.kind.lowercased())/\(cell)" : cell
                }
        }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { row in
            row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] + 3 - cell.count)
            }.joined()
        }
    }

    /// A field such as `.status.progress.percent` or `.status.readings[0].value` as text; empty where there is none.
    public static func field(_ path: String, of value: JSONValue) throws -> String { try FieldPath(path).text(in: value) }

    public func shutdown() async { try? await client.shutdown() }
}

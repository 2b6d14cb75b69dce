public import KubernetesTypes

/// What an API server serves: its kinds and how they are addressed.
public actor Discovery {
    /// A kind as the server offers it.
    public struct Entry: Sendable, Hashable {
        public var type: ResourceType
        public var singular: String
        public var shortNames: [String]
        public var categories: [String]
        public var verbs: [String]
        public var subresources: [String]
        /// The version that the server prefers for this group comes first.
        public var isPreferredVersion: Bool
    }

    private let client: Client
    private var known: [Entry]?
    private var fetchedAt: Duration?
    /// Unknown kinds make the list be fetched again, but not more often than this.
    private let shortestRefresh: Duration

    public init(_ client: Client, shortestRefresh: Duration = .seconds(2)) {
        self.client = client
        self.shortestRefresh = shortestRefresh
    }

    /// All kinds; fetched once and kept until `refresh`.
    public func entries() async throws -> [Entry] {
        if let known { return known }
        return try await refresh()
    }

    @discardableResult
    public func refresh() async throws -> [Entry] {
        var entries = try await group("/api")
        entries += try await group("/apis")
        known = entries
        fetchedAt = client.time.uptime()
        return entries
    }

    /// How a kind is addressed.
    /// - Throws: `StatusError` with code 404 where the server has no such kind.
    public func type(of kind: GroupVersionKind) async throws -> ResourceType {
        if let found = try await entries().first(where: { $0.type.groupVersionKind == kind }) { return found.type }
        if let fetchedAt, client.time.uptime() - fetchedAt >= shortestRefresh,
            let found = try await refresh().first(where: { $0.type.groupVersionKind == kind })
        {
            return found.type
        }
        throw StatusError(
            code: 404, reason: "NotFound",
            message: "no matches for kind \"\(kind.kind)\" in version \"\(kind.apiVersion)\"")
    }

    private func group(_ path: String) async throws -> [Entry] {
        var call = Call(.get, path)
        call.accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
        let answer = try await client.send(call)
        if answer["kind"]?.string == "APIGroupDiscoveryList" { return DiscoveryDocument.aggregated(answer) }
        // A server from before aggregated discovery, or one that does without it.
        var entries: [Entry] = []
        if path == "/api" {
            for version in answer["versions"]?.array?.compactMap(\.string) ?? [] {
                let list = try await client.send(Call(.get, "/api/\(version)"))
                entries += DiscoveryDocument.resources(list, group: "", version: version, isPreferred: true)
            }
        }
        for group in answer["groups"]?.array ?? [] {
            let name = group["name"]?.string ?? ""
            let preferred = group["preferredVersion"]?["version"]?.string
            for version in group["versions"]?.array?.compactMap({ $0["version"]?.string }) ?? [] {
                do {
                    let list = try await client.send(Call(.get, "/apis/\(name)/\(version)"))
                    entries += DiscoveryDocument.resources(list, group: name, version: version, isPreferred: version == preferred)
                } catch let error as StatusError where error.code >= 500 || error.isNotFound {
                    // One aggregated server that is down must not hide all other kinds.
                    continue
                }
            }
        }
        return entries
    }
}

/// Reads the documents that a server describes itself with.
enum DiscoveryDocument {
    static func aggregated(_ document: JSONValue) -> [Discovery.Entry] {
        var entries: [Discovery.Entry] = []
        for group in document["items"]?.array ?? [] {
            let name = group["metadata"]?["name"]?.string ?? ""
            for (index, version) in (group["versions"]?.array ?? []).enumerated() {
                for resource in version["resources"]?.array ?? [] {
                    let kind = resource["responseKind"]?["kind"]?.string ?? ""
                    entries.append(
                        Discovery.Entry(
                            type: ResourceType(
                                group: name, version: version["version"]?.string ?? "", kind: kind,
                                plural: resource["resource"]?.string ?? "",
                                isNamespaced: resource["scope"]?.string == "Namespaced"),
                            singular: resource["singularResource"]?.string ?? "",
                            shortNames: strings(resource["shortNames"]), categories: strings(resource["categories"]),
                            verbs: strings(resource["verbs"]),
                            subresources: resource["subresources"]?.array?.compactMap { $0["subresource"]?.string } ?? [],
                            isPreferredVersion: index == 0))
                }
            }
        }
        return entries
    }

    static func resources(_ list: JSONValue, group: String, version: String, isPreferred: Bool) -> [Discovery.Entry] {
        let resources = list["resources"]?.array ?? []
        let names = resources.compactMap { $0["name"]?.string }
        return resources.compactMap { resource in
            guard let name = resource["name"]?.string, !name.contains("/") else { return nil }
            return Discovery.Entry(
                type: ResourceType(
                    group: group, version: version, kind: resource["kind"]?.string ?? "", plural: name,
                    isNamespaced: resource["namespaced"]?.bool ?? false),
                singular: resource["singularName"]?.string ?? "", shortNames: strings(resource["shortNames"]),
                categories: strings(resource["categories"]), verbs: strings(resource["verbs"]),
                subresources: names.filter { $0.hasPrefix(name + "/") }.map { String($0.dropFirst(name.count + 1)) },
                isPreferredVersion: isPreferred)
        }
    }

    private static func strings(_ value: JSONValue?) -> [String] { value?.array?.compactMap(\.string) ?? [] }
}

import KubernetesTypes

/// One rule of a role.
struct PolicyRule: Sendable, Hashable {
    var verbs: Set<String>
    var apiGroups: Set<String>
    var resources: Set<String>
    var resourceNames: Set<String>
    var nonResourceURLs: [String]
    /// As it was written, for SelfSubjectRulesReview.
    var verbList: [String]
    var groupList: [String]
    var resourceList: [String]
    var nameList: [String]

    init(_ rule: JSONValue) {
        func list(_ field: String) -> [String] { rule[field]?.array?.compactMap(\.string) ?? [] }
        verbList = list("verbs")
        groupList = list("apiGroups")
        resourceList = list("resources")
        nameList = list("resourceNames")
        verbs = Set(verbList)
        apiGroups = Set(groupList)
        resources = Set(resourceList)
        resourceNames = Set(nameList)
        nonResourceURLs = list("nonResourceURLs")
    }

    func allows(_ info: RequestInfo) -> Bool {
        guard verbs.contains("*") || verbs.contains(info.verb) else { return false }
        guard info.isResourceRequest else {
            return nonResourceURLs.contains { Self.matches($0, path: info.path) }
        }
        guard apiGroups.contains("*") || apiGroups.contains(info.group) else { return false }
        guard resourceNames.isEmpty || resourceNames.contains(info.name) else { return false }
        return resources.contains("*") || resources.contains(info.qualifiedResource)
            || !info.subresource.isEmpty && resources.contains("*/\(info.subresource)")
    }

    static func matches(_ pattern: String, path: String) -> Bool {
        if pattern == "*" || pattern == path { return true }
        return pattern.hasSuffix("*") && path.hasPrefix(pattern.dropLast())
    }

    /// Whether this rule grants at least what a simple rule (one verb, group, resource) asks for.
    func covers(verb: String, group: String, resource: String, name: String?) -> Bool {
        guard verbs.contains("*") || verbs.contains(verb), apiGroups.contains("*") || apiGroups.contains(group) else {
            return false
        }
        let parts = resource.split(separator: "/", maxSplits: 1)
        let hasResource =
            resources.contains("*") || resources.contains(resource) || parts.count == 2 && resources.contains("*/\(parts[1])")
        guard hasResource else { return false }
        guard !resourceNames.isEmpty else { return true }
        return name.map(resourceNames.contains) ?? false
    }
}

import KubernetesTypes
import Synchronization

/// The resources that are served now: the built-in ones, and those of established CustomResourceDefinitions.
final class ResourceRegistry: Sendable {
    struct GroupVersion: Hashable, Sendable {
        var group: String
        var version: String
    }

    private struct State {
        var definitions: [GroupVersion: [String: ResourceDefinition]] = [:]
        /// Groups in discovery order, each with its versions, preferred first.
        var groups: [(name: String, versions: [String])] = []
        /// Resources in discovery order.
        var order: [GroupVersion: [String]] = [:]
        var customByName: [String: [ResourceDefinition]] = [:]
        var stamp = 0
    }

    private let state: Mutex<State>
    let builtinGroups: Set<String>

    init(builtins: [ResourceDefinition]) {
        var state = State()
        for definition in builtins {
            let key = GroupVersion(group: definition.group, version: definition.version)
            if state.definitions[key] == nil {
                if let index = state.groups.firstIndex(where: { $0.name == definition.group }) {
                    state.groups[index].versions.append(definition.version)
                } else {
                    state.groups.append((definition.group, [definition.version]))
                }
            }
            state.definitions[key, default: [:]][definition.plural] = definition
            state.order[key, default: []].append(definition.plural)
        }
        builtinGroups = Set(state.groups.map(\.name))
        self.state = Mutex(state)
    }

    func definition(group: String, version: String, plural: String) -> ResourceDefinition? {
        state.withLock { $0.definitions[GroupVersion(group: group, version: version)]?[plural] }
    }

    /// Any served version of a resource; the preferred one of its group first.
    func definition(group: String, plural: String) -> ResourceDefinition? {
        state.withLock { state in
            for version in state.groups.first(where: { $0.name == group })?.versions ?? [] {
                if let found = state.definitions[GroupVersion(group: group, version: version)]?[plural] { return found }
            }
            return nil
        }
    }

    func definition(apiVersion: String, kind: String) -> ResourceDefinition? {
        let parts = apiVersion.split(separator: "/")
        let key = GroupVersion(
            group: parts.count == 2 ? String(parts[0]) : "", version: parts.last.map(String.init) ?? "")
        return state.withLock { $0.definitions[key]?.values.first { $0.kind == kind } }
    }

    /// Whether any resource is served in the version.
    func serves(group: String, version: String) -> Bool {
        state.withLock { $0.definitions[GroupVersion(group: group, version: version)] != nil }
    }

    /// Groups with their versions in discovery order, the core group included.
    var groups: [(name: String, versions: [String])] { state.withLock { $0.groups } }

    func definitions(group: String, version: String) -> [ResourceDefinition] {
        let key = GroupVersion(group: group, version: version)
        return state.withLock { state in (state.order[key] ?? []).compactMap { state.definitions[key]?[$0] } }
    }

    /// Changes whenever the set of served resources does.
    var stamp: Int { state.withLock { $0.stamp } }

    /// Replaces what a CustomResourceDefinition serves; an empty list removes it.
    func setCustom(_ name: String, _ definitions: [ResourceDefinition]) {
        state.withLock { state in
            state.customByName[name] = definitions.isEmpty ? nil : definitions
            state.stamp += 1
            Self.rebuildCustom(&state, builtin: builtinGroups)
        }
    }

    private static func rebuildCustom(_ state: inout State, builtin: Set<String>) {
        for (key, _) in state.definitions where !builtin.contains(key.group) {
            state.definitions[key] = nil
            state.order[key] = nil
        }
        state.groups.removeAll { !builtin.contains($0.name) }
        let all = state.customByName.values.flatMap { $0 }.sorted { ($0.group, $0.plural) < ($1.group, $1.plural) }
        for definition in all where !builtin.contains(definition.group) {
            let key = GroupVersion(group: definition.group, version: definition.version)
            state.definitions[key, default: [:]][definition.plural] = definition
            state.order[key, default: []].append(definition.plural)
        }
        for group in Set(all.map(\.group)).subtracting(builtin).sorted() {
            let versions = Set(all.filter { $0.group == group }.map(\.version)).sorted { KubernetesVersionOrder.precedes($0, $1) }
            state.groups.append((group, versions))
        }
    }
}

/// Orders versions as Kubernetes does: GA before beta before alpha, newer first, others by name last.
enum KubernetesVersionOrder {
    static func precedes(_ left: String, _ right: String) -> Bool {
        switch (rank(left), rank(right)) {
        case (let first?, let second?): first > second
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): left < right
        }
    }

    private static func rank(_ version: String) -> (stability: Int, major: Int, minor: Int)? {
        guard version.hasPrefix("v") else { return nil }
        let rest = version.dropFirst()
        let digits = rest.prefix { $0.isNumber }
        guard let major = Int(digits), major > 0 else { return nil }
        let suffix = rest.dropFirst(digits.count)
        if suffix.isEmpty { return (2, major, 0) }
        for (word, stability) in [("beta", 1), ("alpha", 0)] where suffix.hasPrefix(word) {
            guard let minor = Int(suffix.dropFirst(word.count)) else { return nil }
            return (stability, major, minor)
        }
        return nil
    }
}

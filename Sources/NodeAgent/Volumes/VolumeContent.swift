import KubernetesTypes

/// One file of a volume made from API objects.
struct VolumeFile: Sendable, Equatable {
    var path: String
    var bytes: [UInt8]
    var mode: Int
}

/// What the files of config map, secret, downward and projected volumes are. Pure.
enum VolumeContent {
    /// A token that must be fetched before the files can be made, by the path it goes to.
    struct TokenWish: Sendable, Hashable {
        var audience: String?
        var expirationSeconds: Int
        var path: String
    }

    /// The names of config maps and secrets that a volume refers to.
    static func references(of volume: Volume) -> (configMaps: Set<String>, secrets: Set<String>) {
        var configMaps: Set<String> = []
        var secrets: Set<String> = []
        if let name = volume.configMap?.name { configMaps.insert(name) }
        if let name = volume.secret?.secretName { secrets.insert(name) }
        for source in volume.projected?.sources ?? [] {
            if let name = source.configMap?.name { configMaps.insert(name) }
            if let name = source.secret?.name { secrets.insert(name) }
        }
        return (configMaps, secrets)
    }

    static func tokens(of volume: Volume) -> [TokenWish] {
        (volume.projected?.sources ?? []).compactMap(\.serviceAccountToken).map {
            TokenWish(audience: $0.audience, expirationSeconds: $0.expirationSeconds ?? 3600, path: $0.path)
        }
    }

    /// - Returns: nil where the volume is not made from API objects.
    /// - Throws: `FailedMount` naming the object or key that is missing.
    static func files(
        of volume: Volume, objects: ReferencedObjects, tokens: [TokenWish: String], facts: DownwardFacts
    ) throws -> [VolumeFile]? {
        if let source = volume.configMap {
            return try configMap(
                source.name, source.items, source.optional, mode: source.defaultMode ?? 0o644, objects: objects, facts: facts)
        }
        if let source = volume.secret {
            return try secret(
                source.secretName, source.items, source.optional, mode: source.defaultMode ?? 0o644, objects: objects,
                facts: facts)
        }
        if let source = volume.downwardAPI {
            return try downward(source.items ?? [], mode: source.defaultMode ?? 0o644, facts: facts)
        }
        guard let projected = volume.projected else { return nil }
        let mode = projected.defaultMode ?? 0o644
        var files: [VolumeFile] = []
        for source in projected.sources ?? [] {
            if let part = source.configMap {
                files += try configMap(part.name, part.items, part.optional, mode: mode, objects: objects, facts: facts)
            }
            if let part = source.secret {
                files += try secret(part.name, part.items, part.optional, mode: mode, objects: objects, facts: facts)
            }
            if let part = source.downwardAPI { files += try downward(part.items ?? [], mode: mode, facts: facts) }
        }
        for wish in Self.tokens(of: volume) {
            guard let token = tokens[wish] else {
                throw NodeAgentError(.mount, "no service account token for the volume \"\(volume.name)\"")
            }
            // A process of another user than root must still be able to read its own token.
            let security = facts.pod.spec.securityContext
            let others =
                (security?.runAsUser ?? 0) != 0
                || facts.pod.spec.containers.contains { ($0.securityContext?.runAsUser ?? 0) != 0 }
            files.append(VolumeFile(path: wish.path, bytes: Array(token.utf8), mode: others ? 0o644 : 0o600))
        }
        return files
    }

    private static func configMap(
        _ name: String?, _ items: [KeyToPath]?, _ optional: Bool?, mode: Int, objects: ReferencedObjects, facts: DownwardFacts
    ) throws -> [VolumeFile] {
        guard let found = objects.configMaps[name ?? ""] else {
            if optional ?? false { return [] }
            throw NodeAgentError(.mount, "configmap \"\(name ?? "")\" not found")
        }
        var values = (found.data ?? [:]).mapValues { Array($0.utf8) }
        for (key, value) in found.binaryData ?? [:] { values[key] = value.bytes }
        return try choose(values, items, optional, mode: mode, what: "configmap \"\(name ?? "")\"")
    }

    private static func secret(
        _ name: String?, _ items: [KeyToPath]?, _ optional: Bool?, mode: Int, objects: ReferencedObjects, facts: DownwardFacts
    ) throws -> [VolumeFile] {
        guard let found = objects.secrets[name ?? ""] else {
            if optional ?? false { return [] }
            throw NodeAgentError(.mount, "secret \"\(name ?? "")\" not found")
        }
        return try choose((found.data ?? [:]).mapValues(\.bytes), items, optional, mode: mode, what: "secret \"\(name ?? "")\"")
    }

    private static func choose(
        _ values: [String: [UInt8]], _ items: [KeyToPath]?, _ optional: Bool?, mode: Int, what: String
    ) throws -> [VolumeFile] {
        guard let items, !items.isEmpty else {
            return values.sorted { $0.key < $1.key }.map { VolumeFile(path: $0.key, bytes: $0.value, mode: mode) }
        }
        return try items.compactMap { item in
            guard let bytes = values[item.key] else {
                if optional ?? false { return nil }
                throw NodeAgentError(.mount, "\(what) has no key \"\(item.key)\"")
            }
            return VolumeFile(path: item.path, bytes: bytes, mode: item.mode ?? mode)
        }
    }

    private static func downward(
        _ items: [DownwardAPIVolumeFile], mode: Int, facts: DownwardFacts
    ) throws -> [VolumeFile] {
        try items.map { item in
            let text: String
            if let reference = item.fieldRef {
                text = try ContainerEnvironment.field(reference.fieldPath, facts: facts)
            } else if let reference = item.resourceFieldRef {
                guard let first = facts.pod.spec.containers.first else { throw NodeAgentError(.mount, "no container") }
                text = try ContainerEnvironment.resource(reference, of: first, facts: facts)
            } else {
                text = ""
            }
            return VolumeFile(path: item.path, bytes: Array(text.utf8), mode: item.mode ?? mode)
        }
    }
}

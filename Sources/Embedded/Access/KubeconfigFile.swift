import Foundation
import KubernetesTypes

/// The kubeconfig for people: in the data folder, and in `~/.kube/config` where they ask for it.
public enum KubeconfigFile {
    static let name = "apus"

    /// Adds cluster, user and context of `addition` to a kubeconfig, in place of those of the same names; all else stays as it is,
    /// the current context too unless there is none.
    static func merged(_ existing: JSONValue, with addition: JSONValue) -> JSONValue {
        var result = existing
        for list in ["clusters", "users", "contexts"] {
            let new = addition[list]?.array ?? []
            let names = Set(new.compactMap { $0["name"]?.string })
            let kept = (existing[list]?.array ?? []).filter { !names.contains($0["name"]?.string ?? "") }
            result[list] = .array(kept + new)
        }
        if result["apiVersion"] == nil { result["apiVersion"] = "v1" }
        if result["kind"] == nil { result["kind"] = "Config" }
        if (existing["current-context"]?.string ?? "").isEmpty { result["current-context"] = addition["current-context"] }
        return result
    }

    /// Takes what `merged` added out again: entries of our name that lead to this server. All else stays as it is.
    static func without(_ server: String, in existing: JSONValue) -> JSONValue {
        let isOurs = (existing["clusters"]?.array ?? []).contains {
            $0["name"]?.string == name && $0["cluster"]?["server"]?.string == server
        }
        guard isOurs else { return existing }
        var result = existing
        for list in ["clusters", "users", "contexts"] {
            result[list] = .array((existing[list]?.array ?? []).filter { $0["name"]?.string != name })
        }
        if existing["current-context"]?.string == name { result["current-context"] = "" }
        return result
    }

    /// Removes the context of a cluster that is no more from the file that kubectl reads.
    /// - Returns: the file, where something was removed.
    static func removeFromDefault(_ settings: ClusterSettings, file: String? = nil) throws -> String? {
        let path = defaultFile(file)
        guard let text = Files.text(path), let existing = try? YAML.parse(text).first, existing.object != nil else { return nil }
        let rest = without(settings.serverURL, in: existing)
        guard rest != existing else { return nil }
        try Files.write(try YAML.string(rest), to: path)
        return path
    }

    private static func defaultFile(_ file: String?) -> String {
        let home = ProcessInfo.processInfo.environment["HOME"] ?? NSHomeDirectory()
        return URL(filePath: file ?? home + "/.kube/config").resolvingSymlinksInPath().path
    }

    /// Merges the cluster's kubeconfig into another file, by default the one that kubectl reads.
    /// - Returns: the file.
    @discardableResult
    public static func mergeIntoDefault(_ settings: ClusterSettings, file: String? = nil) throws -> String {
        let path = defaultFile(file)
        guard let text = Files.text(settings.paths.kubeconfig) else {
            throw EmbeddedError(.notRunning, "\(settings.paths.kubeconfig) does not exist; start the cluster with apus up")
        }
        do {
            let addition = try YAML.parse(text).first ?? [:]
            let existing = try Files.text(path).map { try YAML.parse($0).first ?? [:] } ?? [:]
            guard existing.object != nil else {
                throw EmbeddedError(.fileAccess, "\(path) is not a kubeconfig; it was left as it is")
            }
            try Files.makeFolder(URL(filePath: path).deletingLastPathComponent().path)
            try Files.write(try YAML.string(merged(existing, with: addition)), to: path)
        } catch let error as YAMLParseError {
            throw EmbeddedError(.fileAccess, "\(path) is not readable YAML (\(error)); it was left as it is")
        }
        return path
    }
}

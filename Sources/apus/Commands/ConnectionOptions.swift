import ArgumentParser
import Embedded
import Foundation
import KubernetesTypes

/// Which API server is meant.
struct ConnectionOptions: ParsableArguments {
    @OptionGroup var cluster: DataOptions

    @Option(help: "Kubeconfig; that of the data folder where left out.", completion: .file())
    var kubeconfig: String?

    @Option(name: .shortAndLong, help: "Namespace.", completion: Completion.namespaces)
    var namespace: String?

    func use(_ body: (ClusterConnection) async throws -> Void) async throws {
        try await Failure.explained {
            let connection = try ClusterConnection(kubeconfig: kubeconfig, dataDirectory: cluster.data)
            do {
                try await body(connection)
            } catch {
                await connection.shutdown()
                throw error
            }
            await connection.shutdown()
        }
    }
}

/// How objects are shown.
enum ObjectFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, name

    /// Prints an object where JSON or YAML is asked for.
    /// - Returns: false for the other formats, which are the caller's to print.
    func printed(_ object: JSONValue?) throws -> Bool {
        switch self {
        case .json: Terminal.say(JSONSerializer.string(object ?? .null))
        case .yaml: Terminal.say(try YAML.string(object ?? .null))
        case .table, .wide, .name: return false
        }
        return true
    }
}

/// Words that shells complete by asking the cluster.
enum Completion {
    static let namespaces = CompletionKind.custom { words, _, _ in
        await ask(words) { cluster in try await names(cluster, "namespaces") }
    }

    static let kinds = CompletionKind.custom { words, _, _ in
        await ask(words) { cluster in try await kinds(cluster) }
    }

    /// Names of objects of the kind that is the argument before.
    static let names = CompletionKind.custom { words, index, _ in
        let kind = words[..<min(max(index, 0), words.count)].last { !$0.hasPrefix("-") } ?? ""
        return await ask(words) { cluster in try await names(cluster, kind, namespace: option("--namespace", "-n", in: words)) }
    }

    /// `KIND/NAME`: kinds first, then names.
    static let targets = CompletionKind.custom { words, _, prefix in
        await ask(words) { cluster in
            guard let slash = prefix.firstIndex(of: "/") else { return try await kinds(cluster).map { $0 + "/" } }
            let kind = String(prefix[..<slash])
            return try await names(cluster, kind, namespace: option("--namespace", "-n", in: words)).map { "\(kind)/\($0)" }
        }
    }

    static func named(_ kind: String) -> CompletionKind {
        .custom { words, _, _ in
            await ask(words) { cluster in try await names(cluster, kind, namespace: option("--namespace", "-n", in: words)) }
        }
    }

    private static func kinds(_ cluster: ClusterConnection) async throws -> [String] {
        try await cluster.kinds().flatMap { $0.shortNames.isEmpty ? [$0.type.plural] : $0.shortNames }.sorted()
    }

    private static func names(_ cluster: ClusterConnection, _ kind: String, namespace: String? = nil) async throws -> [String] {
        try await cluster.list(try await cluster.type(named: kind), namespace: namespace).map(\.name)
    }

    private static func option(_ names: String..., in words: [String]) -> String? {
        for (index, word) in words.enumerated() {
            if names.contains(word), index + 1 < words.count { return words[index + 1] }
            for name in names where word.hasPrefix(name + "=") { return String(word.dropFirst(name.count + 1)) }
        }
        return nil
    }

    /// A shell that waits for words must never see an error.
    private static func ask(_ words: [String], _ body: (ClusterConnection) async throws -> [String]) async -> [String] {
        let data = option("--data", in: words) ?? "/var/lib/apus"
        guard let cluster = try? ClusterConnection(kubeconfig: option("--kubeconfig", in: words), dataDirectory: data) else {
            return []
        }
        let found = try? await body(cluster)
        await cluster.shutdown()
        return found ?? []
    }
}

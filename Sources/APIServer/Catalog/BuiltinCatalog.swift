import Crypto
import Foundation
import KubernetesTypes

/// Makes the definitions of the built-in resources.
enum BuiltinCatalog {
    static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    static func definitions(rules: any ObjectRulesProvider) -> [ResourceDefinition] {
        var definitions: [ResourceDefinition] = []
        let columns = BuiltinColumns.parse(BuiltinColumnsText.text)
        for line in BuiltinCatalogText.text.split(separator: "\n") {
            if line.hasPrefix("/") {
                definitions[definitions.count - 1].subresources.append(subresource(line.dropFirst()))
                continue
            }
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            let (group, version, plural, kind) = (fields[0], fields[1], fields[2], fields[4])
            let isEvent = kind == "Event"
            definitions.append(
                ResourceDefinition(
                    group: group, version: version, kind: kind, plural: plural, singular: fields[3], shortNames: list(fields[7]),
                    categories: list(fields[8]), isNamespaced: fields[5] == "N",
                    verbs: fields[6] == "*" ? allVerbs : fields[6].split(separator: " ").map(String.init),
                    storageVersionHash: storageVersionHash(
                        group: isEvent ? "" : group, version: hashedVersion(group, version), kind: kind),
                    storageGroup: isEvent ? "" : group, storageVersion: storageVersion(group, version), custom: nil,
                    rules: rules.rules(group: group, version: version, kind: kind), columns: columns["\(group)|\(plural)"] ?? [],
                    selectableFields: SelectableFields.builtin(group: group, plural: plural),
                    deprecationWarning: deprecation(group, plural)))
        }
        return definitions
    }

    private static func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

    private static func subresource(_ line: Substring) -> Subresource {
        let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        return Subresource(
            name: fields[0], group: fields[2].isEmpty ? nil : fields[2], version: fields[3].isEmpty ? nil : fields[3],
            kind: fields[1],
            verbs: fields[4].split(separator: " ").map(String.init))
    }

    private static func storageVersion(_ group: String, _ version: String) -> String { group == "autoscaling" ? "v2" : version }

    /// Upstream still hashes definitions as the beta version that they were first stored in.
    private static func hashedVersion(_ group: String, _ version: String) -> String {
        group == "apiextensions.k8s.io" ? "v1beta1" : storageVersion(group, version)
    }

    /// What discovery shows so that clients notice a change of the stored version.
    static func storageVersionHash(group: String, version: String, kind: String) -> String {
        let digest = SHA256.hash(data: Data("\(group)/\(version)/\(kind)".utf8))
        return Data(digest.prefix(8)).base64EncodedString()
    }

    private static func deprecation(_ group: String, _ plural: String) -> String? {
        switch (group, plural) {
        case ("", "endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
        case ("", "componentstatuses"): "v1 ComponentStatus is deprecated in v1.19+"
        default: nil
        }
    }
}

enum BuiltinColumns {
    /// Columns by `group|resource`.
    static func parse(_ text: String) -> [String: [PrinterColumn]] {
        var texts: [Substring: String] = [:]
        var columns: [String: [PrinterColumn]] = [:]
        var key = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("@"), let equals = line.firstIndex(of: "=") {
                texts[line[..<equals]] = unescaped(line[line.index(after: equals)...])
            } else if line.hasPrefix("#") {
                key = String(line.dropFirst())
            } else {
                let fields = line.split(separator: "|", maxSplits: 4, omittingEmptySubsequences: false)
                columns[key, default: []].append(
                    PrinterColumn(
                        name: String(fields[0]), type: String(fields[1]), format: String(fields[2]),
                        description: texts[fields[4]] ?? unescaped(fields[4]), priority: Int(fields[3]) ?? 0))
            }
        }
        return columns
    }

    private static func unescaped(_ text: Substring) -> String {
        String(text.replacing("\\n", with: "\n").replacing("\\\\", with: "\\"))
    }
}

public import ControllerRuntime
public import Foundation

/// Holds a ``FieldTable`` to the schema it speaks of and to the tests it names.
public struct FieldTableChecks: Sendable {
    private let table: FieldTable
    private let roots: [String]

    /// - Parameter roots: the types whose fields the table starts from.
    public init(_ table: FieldTable, roots: [String]) {
        self.table = table
        self.roots = roots
    }

    /// - Parameter schema: a JSON object of each type's fields: `{"PodSpec": ["containers", …], …}`.
    /// - Returns: one line for each field of the schema that the table leaves out, each of its own that the schema does not
    ///   know, and each type that the schema lacks.
    public func disagreements(withSchema schema: URL) throws -> [String] {
        let fields = try JSONDecoder().decode([String: [String]].self, from: Data(contentsOf: schema))
        var wanted: Set<String> = []
        var lines: [String] = []
        var queue = roots
        var seen: Set<String> = []
        while let type = queue.popLast() {
            guard seen.insert(type).inserted else { continue }
            guard let names = fields[type] else {
                lines.append("\(type) is not in the schema")
                continue
            }
            for name in names.map({ "\(type).\($0)" }) {
                wanted.insert(name)
                if case .parts(let next) = table.treatments[name] { queue.append(next) }
            }
        }
        let said = Set(table.treatments.keys)
        lines += wanted.subtracting(said).map { "\($0) is not in the table" }
        lines += said.subtracting(wanted).map { "\($0) is not in the schema" }
        return lines.sorted()
    }

    /// The tests that the table names and that no Swift file of these folders has.
    public func missingTests(in folders: [URL]) throws -> [String] {
        var sources = ""
        for folder in folders {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".swift") {
                sources += try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            }
        }
        let named = table.treatments.values.compactMap { if case .honoured(let test) = $0 { test } else { nil } }
        return Set(named).filter { !sources.contains("func \($0)(") }.sorted()
    }
}

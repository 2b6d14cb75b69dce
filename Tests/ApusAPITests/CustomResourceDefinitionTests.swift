import ApusAPI
import Foundation
import KubernetesTypes
import Testing

@Suite struct CustomResourceDefinitionTests {
    /// `crds/` is what people and charts install; it must say what the types say, and hold nothing else.
    /// Rewrite it with `hack/generate-crds`.
    @Test func generatedFilesAreFresh() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../crds").standardizedFileURL
        let files = FileManager.default
        let wanted = Dictionary(
            uniqueKeysWithValues: try ApusAPI.definitions.map { ("\($0.name).yaml", try CustomResourceManifest.text(of: $0)) })
        if ProcessInfo.processInfo.environment["APUS_REWRITE_GOLDEN"] == "1" {
            try files.createDirectory(at: folder, withIntermediateDirectories: true)
            for stray in try files.contentsOfDirectory(atPath: folder.path) where wanted[stray] == nil {
                try files.removeItem(at: folder.appending(path: stray))
            }
            for (name, text) in wanted { try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8) }
        }
        #expect(try files.contentsOfDirectory(atPath: folder.path).sorted() == wanted.keys.sorted())
        for (name, text) in wanted {
            let found = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
            // The comparison by itself, for the files are too long to be shown.
            let isFresh = found == text
            #expect(isFresh, "\(name) is stale: run hack/generate-crds")
        }
    }

    @Test(arguments: ApusAPI.definitions.map(\.name))
    func everyFieldIsExplained(name: String) throws {
        let definition = try #require(ApusAPI.definitions.first { $0.name == name })
        let schema = try #require(definition.manifest["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"])
        #expect(Self.undescribed(schema, path: "") == [])
    }

    @Test func shortNamesAreUnique() {
        let names = ApusAPI.definitions.flatMap(\.shortNames)
        #expect(Set(names).count == names.count)
        #expect(Set(names).isSuperset(of: ["trt", "ctrt", "tjob", "mdl", "mver", "promo", "infer", "drift"]))
    }

    private static func undescribed(_ schema: JSONValue, path: String) -> [String] {
        var found = schema["description"]?.string?.isEmpty ?? true ? [path] : []
        if path == ".metadata" { found = [] }
        for (name, property) in schema["properties"]?.object ?? [:] { found += undescribed(property, path: "\(path).\(name)") }
        if let items = schema["items"] { found += undescribed(items, path: path + "[]") }
        if let values = schema["additionalProperties"] { found += undescribed(values, path: path + "{}") }
        return found.sorted()
    }

    @Test(arguments: [
        ("90s", 90.0), ("1h30m", 5400), ("250ms", 0.25), ("1.5h", 5400), ("0s", 0),
    ])
    func readsDurations(text: String, seconds: Double) {
        #expect(KubernetesDuration(text)?.seconds == seconds)
    }

    @Test(arguments: ["", "5", "m", "1d", "-1s", "1h 30m", ".5s", "1.s"])
    func refusesWhatIsNoDuration(text: String) {
        #expect(KubernetesDuration(text) == nil)
    }
}

import Foundation
import Testing

/// Every reason that the code can give stands in `docs/troubleshooting.md`, with what to do.
@Suite struct TroubleshootingTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL

    /// Words in the same spelling that are no reasons of ours: values of Kubernetes' fields, types of conditions, codes of errors that
    /// nobody shows as a reason.
    private static let others: Set<String> = [
        "Ready", "Reconciling", "Stalled", "Complete", "Failed", "Drifting", "True", "False", "Unknown", "Error", "Never", "None",
        "Memory", "Directory", "DirectoryOrCreate", "File", "Role", "ServiceAccount", "RollingUpdate", "FallbackToLogsOnError",
        "PodScheduled", "ContainerCreating", "PodInitializing", "ErrImagePull", "ErrImageNeverPull", "ImagePullBackOff",
        "InvalidImageName", "NoSchedule", "NoExecute", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "FullyReplicated",
        "RecordWrapperType", "TrainingInputMode", "StartError", "ContainerCannotRun",
    ]

    private static func reasons() throws -> Set<String> {
        var found: Set<String> = []
        for module in ["Reconcilers", "TrainingAgent"] {
            let folder = root.appending(path: "Sources/\(module)")
            let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
            for path in paths where path.hasSuffix(".swift") {
                let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
                for match in text.matches(of: /"([A-Z][a-z]+[A-Za-z]*)"/) { found.insert(String(match.output.1)) }
            }
        }
        return found.subtracting(others)
    }

    @Test func everyReasonIsExplained() throws {
        let page = try String(contentsOf: Self.root.appending(path: "docs/troubleshooting.md"), encoding: .utf8)
        let explained = Set(page.matches(of: /`([A-Z][A-Za-z]+)`/).map { String($0.output.1) })
        let reasons = try Self.reasons()
        #expect(reasons.count > 40)
        #expect(reasons.subtracting(explained).sorted() == [], "explain these in docs/troubleshooting.md")
    }

    /// Links between pages, and from pages to files, lead somewhere.
    @Test func linksLeadSomewhere() throws {
        let folder = Self.root.appending(path: "docs")
        var broken: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".md") {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            for match in text.matches(of: /\]\(([^)#:]+)(?:#[^)]*)?\)/) {
                let target = folder.appending(path: String(match.output.1)).standardizedFileURL
                if !FileManager.default.fileExists(atPath: target.path) { broken.append("\(name): \(match.output.1)") }
            }
        }
        #expect(broken == [])
    }
}

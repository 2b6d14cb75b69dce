import Foundation
import Testing

/// Holds sources and manifest to the layers of ARCHITECTURE.md: nothing imports upwards.
@Suite struct LayeringTests {
    /// What each module may import directly, beyond what those bring with them.
    private static let allowed: [String: Set<String>] = [
        "Embedded": [
            "APIServer", "ClusterControllers", "NodeAgent", "Operator", "Gateway", "ModelServer", "TrainingAgent", "SubmissionAPI", "Console",
        ],
        "Operator": ["ControllerRuntime", "Reconcilers", "ArtifactStore", "Prometheus", "Exposition"],
        "APIServer": ["KubernetesTypes", "CEL", "Exposition"],
        "ClusterControllers": ["ControllerRuntime", "Exposition"],
        "NodeAgent": ["ControllerRuntime", "Exposition"],
        "TrainingAgent": ["KubernetesClient", "ApusAPI", "ArtifactStore", "Exposition"],
        "Gateway": ["ControllerRuntime", "ApusAPI", "ArtifactStore", "Drift", "Exposition"],
        "ModelServer": ["Transformer", "ArtifactStore", "Drift", "Exposition"],
        "Reconcilers": ["Reconciliation", "ApusAPI", "Scheduling", "Drift", "CEL"],
        "ApusAPI": ["KubernetesTypes"],
        "Scheduling": [],
        "Drift": [],
        "CEL": ["KubernetesTypes"],
        "Transformer": ["COneDNN", "COpenBLAS"],
        "ControllerRuntime": ["KubernetesClient", "Reconciliation"],
        "Reconciliation": ["KubernetesTypes"],
        "KubernetesClient": ["KubernetesTypes"],
        "KubernetesTypes": [],
        "ArtifactStore": [],
        "Prometheus": [],
        "Exposition": [],
    ]

    /// Modules that may import everything.
    private static let unbound: Set<String> = ["apus", "ApusTesting"]

    /// Modules that read no clock, do no I/O and draw no random number.
    private static let pure = [
        "Reconcilers", "Reconciliation", "ApusAPI", "Scheduling", "Drift", "CEL", "Transformer", "KubernetesTypes",
    ]

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL

    private static var modules: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path).filter { !$0.hasPrefix(".") }.sorted()
        }
    }

    private static func sources(of module: String) throws -> [(name: String, text: String)] {
        let folder = root.appending(path: "Sources/\(module)")
        let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().map {
            ("\(module)/\($0)", try String(contentsOf: folder.appending(path: $0), encoding: .utf8))
        }
    }

    private static func closure(of module: String) -> Set<String> {
        var found: Set<String> = []
        var pending = Array(allowed[module] ?? [])
        while let next = pending.popLast() {
            if found.insert(next).inserted { pending += allowed[next] ?? [] }
        }
        return found
    }

    @Test func everyModuleHasItsPlace() throws {
        let known = Set(Self.allowed.keys).union(Self.unbound).union(["COneDNN", "COpenBLAS"])
        #expect(try Self.modules.filter { !known.contains($0) } == [])
    }

    @Test func nothingImportsUpwards() throws {
        let modules = Set(try Self.modules)
        let pattern = /^\s*(?:@\w+(?:\(\w+\))?\s+)*(?:public |internal |package |private )?import (?:struct |enum |class |func |protocol )?(\w+)/
            .anchorsMatchLineEndings()
        var arrows: [String] = []
        for module in modules where Self.allowed[module] != nil {
            let reachable = Self.closure(of: module).union([module])
            for source in try Self.sources(of: module) {
                for match in source.text.matches(of: pattern) {
                    let target = String(match.output.1)
                    if modules.contains(target), !reachable.contains(target) { arrows.append("\(source.name) imports \(target)") }
                }
            }
        }
        #expect(arrows == [])
    }

    @Test func theManifestDrawsNoOtherArrow() throws {
        let manifest = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let row = /Module\(\s*name: "(\w+)"(?:,\s*imports: \[([^\]]*)\])?/
        var arrows: [String] = []
        for match in manifest.matches(of: row) {
            let name = String(match.output.1)
            let allowed = Self.closure(of: name)
            guard Self.allowed[name] != nil, let list = match.output.2 else { continue }
            for target in list.matches(of: /"(\w+)"/).map({ String($0.output.1) }) where !allowed.contains(target) {
                arrows.append("\(name) → \(target)")
            }
        }
        #expect(arrows == [])
    }

    @Test(arguments: [
        ("try!", #"\btry!"#), ("fatalError", #"\bfatalError\("#), ("print", #"(?m)^\s*print\("#),
    ])
    func sourcesKeepClearOf(name: String, pattern: String) throws {
        let regex = try Regex(pattern)
        var found: [String] = []
        for module in try Self.modules where module != "apus" && module != "ApusTesting" {
            for source in try Self.sources(of: module) where source.text.contains(regex) { found.append(source.name) }
        }
        #expect(found == [], "\(name)")
    }

    @Test func pureModulesReadNoClockAndDrawNoLots() throws {
        let pattern = /\bDate\(\)|Date\.now|ContinuousClock|SuspendingClock|\.random\(|UUID\(\)|FileManager|URLSession|ProcessInfo/
        var found: [String] = []
        for module in Self.pure where try Self.modules.contains(module) {
            for source in try Self.sources(of: module) {
                for match in source.text.matches(of: pattern) { found.append("\(source.name): \(match.output)") }
            }
        }
        #expect(found == [])
    }
}

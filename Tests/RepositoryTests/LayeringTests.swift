import Foundation
import Testing

/// Holds sources, tests and manifest to the layers of ARCHITECTURE.md: nothing imports upwards.
@Suite struct LayeringTests {
    /// What each module may import directly, beyond what those bring with them.
    private static let allowed: [String: Set<String>] = [
        "Embedded": [
            "Operator", "APIServer", "ClusterControllers", "NodeAgent", "TrainingAgent", "Gateway", "ModelServer",
        ],
        "Operator": ["ControllerRuntime", "Reconcilers", "ArtifactStore", "Prometheus", "Exposition"],
        "APIServer": ["KubernetesTypes", "CEL", "Exposition"],
        "ClusterControllers": ["ControllerRuntime", "Exposition"],
        "NodeAgent": ["ControllerRuntime", "Exposition", "CZlib"],
        "TrainingAgent": ["KubernetesClient", "ApusAPI", "ArtifactStore", "Exposition"],
        "Gateway": ["ControllerRuntime", "ApusAPI", "ArtifactStore", "Drift", "Exposition"],
        "ModelServer": ["Transformer", "ArtifactStore", "Drift", "Exposition"],
        "Reconcilers": ["Reconciliation", "ApusAPI", "Scheduling", "Drift", "CEL"],
        "ApusAPI": ["KubernetesTypes"],
        "Scheduling": [],
        "Drift": [],
        "CEL": ["KubernetesTypes"],
        "Transformer": ["COneDNN"],
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
            try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path).filter {
                !$0.hasPrefix(".")
            }.sorted()
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
        let known = Set(Self.allowed.keys).union(Self.unbound).union(["COneDNN", "CZlib"])
        #expect(try Self.modules == known.sorted())
    }

    @Test func nothingImportsUpwards() throws {
        let modules = Set(try Self.modules)
        let pattern =
            /^\s*(?:@\w+(?:\(\w+\))?\s+)*(?:public |internal |package |private )?import (?:struct |enum |class |func |protocol )?(\w+)/
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

    @Test func theManifestDrawsTheSameArrows() throws {
        let manifest = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let row = /Module\(\s*name: "(\w+)"(?:,\s*imports: \[([^\]]*)\])?/
        var drawn: [String: Set<String>] = [:]
        for match in manifest.matches(of: row) {
            let imports = (match.output.2 ?? "").matches(of: /"(\w+)"/).map { String($0.output.1) }
            drawn[String(match.output.1)] = Set(imports)
        }
        #expect(Set(drawn.keys) == Set(Self.allowed.keys).union(Self.unbound))
        for (module, imports) in drawn where !Self.unbound.contains(module) {
            #expect(imports == Self.allowed[module], "\(module)")
        }
    }

    @Test func thePageOnArchitectureNamesEveryModule() throws {
        let page = try String(contentsOf: Self.root.appending(path: "ARCHITECTURE.md"), encoding: .utf8)
        let table = page.split(separator: "\n").drop { !$0.hasPrefix("| layer |") }.prefix { $0.hasPrefix("|") }.dropFirst(2)
        let named = table.flatMap { $0.matches(of: /`(\w+)`/).map { String($0.output.1) } }
        #expect(named.sorted() == Set(Self.allowed.keys).union(Self.unbound).sorted())
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
        let pattern =
            /\bDate\(\)|Date\.now|ContinuousClock|SuspendingClock|\.random\(|UUID\(\)|FileManager|URLSession|ProcessInfo/
        var found: [String] = []
        for module in Self.pure where try Self.modules.contains(module) {
            for source in try Self.sources(of: module) {
                for match in source.text.matches(of: pattern) { found.append("\(source.name): \(match.output)") }
            }
        }
        #expect(found == [])
    }

    /// What a simulation runs: time comes from the one place that is handed in.
    @Test func timeIsHandedToWhatSimulationsRun() throws {
        let pattern = /\bDate\(\)|Date\.now|ContinuousClock|SuspendingClock/
        var found: [String] = []
        for module in ["KubernetesClient", "ControllerRuntime", "Operator", "ClusterControllers"] {
            for source in try Self.sources(of: module) where !source.name.hasSuffix("/TimeSource.swift") {
                for match in source.text.matches(of: pattern) { found.append("\(source.name): \(match.output)") }
            }
        }
        #expect(found == [])
    }

    /// A test that is skipped or that waits for the clock says nothing: what it needs is required, what it waits for polled.
    @Test(arguments: [
        ("skips", #"\.enabled\(if:|\.disabled\(|XCTSkip|withKnownIssue"#),
        ("sleeps", #"Task\.sleep|Thread\.sleep|usleep\(|nanosleep"#),
    ])
    func testsKeepClearOf(name: String, pattern: String) throws {
        let regex = try Regex(pattern)
        let folder = Self.root.appending(path: "Tests")
        let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        let found = try paths.filter { $0.hasSuffix(".swift") && !$0.hasPrefix("RepositoryTests/") }.sorted().filter {
            try String(contentsOf: folder.appending(path: $0), encoding: .utf8).contains(regex)
        }
        #expect(found == [], "\(name)")
    }
}

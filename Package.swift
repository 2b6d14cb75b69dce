// swift-tools-version: 6.2
import PackageDescription

/// Libraries by the short name used in the table of modules below.
let libraries: [String: Target.Dependency] = [
    "ArgumentParser": .product(name: "ArgumentParser", package: "swift-argument-parser"),
    "AsyncAlgorithms": .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
    "AsyncHTTPClient": .product(name: "AsyncHTTPClient", package: "async-http-client"),
    "Collections": .product(name: "Collections", package: "swift-collections"),
    "Crypto": .product(name: "Crypto", package: "swift-crypto"),
    "GRDB": .product(name: "GRDB", package: "GRDB.swift"),
    "Hummingbird": .product(name: "Hummingbird", package: "hummingbird"),
    "Logging": .product(name: "Logging", package: "swift-log"),
    "Metrics": .product(name: "Metrics", package: "swift-metrics"),
    "NIOCore": .product(name: "NIOCore", package: "swift-nio"),
    "NIOEmbedded": .product(name: "NIOEmbedded", package: "swift-nio"),
    "NIOPosix": .product(name: "NIOPosix", package: "swift-nio"),
    "NIOHTTP1": .product(name: "NIOHTTP1", package: "swift-nio"),
    "NIOWebSocket": .product(name: "NIOWebSocket", package: "swift-nio"),
    "NIOFoundationCompat": .product(name: "NIOFoundationCompat", package: "swift-nio"),
    "NIOSSL": .product(name: "NIOSSL", package: "swift-nio-ssl"),
    "ServiceLifecycle": .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    "Subprocess": .product(name: "Subprocess", package: "swift-subprocess"),
    "SystemPackage": .product(name: "SystemPackage", package: "swift-system"),
    "X509": .product(name: "X509", package: "swift-certificates"),
    "Yams": .product(name: "Yams", package: "Yams"),
]

/// One row a module: what it may import of ours directly, beyond what those bring with them, and the libraries it uses.
/// The rows are those of the layers in ARCHITECTURE.md; a test compares them. A row without its folder does not build.
struct Module {
    var name: String
    var imports: [String] = []
    var libraries: [String] = []
}

let modules: [Module] = [
    // Plumbing.
    Module(name: "KubernetesTypes", libraries: ["Yams"]),

    Module(
        name: "KubernetesClient", imports: ["KubernetesTypes"],
        libraries: ["AsyncHTTPClient", "Logging", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL"]),

    Module(name: "Reconciliation", imports: ["KubernetesTypes"]),

    Module(
        name: "ControllerRuntime", imports: ["KubernetesClient", "Reconciliation"],
        libraries: ["Logging", "Metrics", "ServiceLifecycle"]),

    Module(name: "ArtifactStore", libraries: ["Crypto"]),

    Module(name: "Prometheus", libraries: ["AsyncHTTPClient", "NIOCore", "NIOFoundationCompat"]),

    Module(name: "Exposition", libraries: ["Metrics"]),

    // Pure.
    Module(name: "CEL", imports: ["KubernetesTypes"]),

    Module(name: "Drift"),

    Module(name: "Scheduling"),

    Module(name: "Transformer", imports: ["COneDNN"]),

    Module(name: "ApusAPI", imports: ["KubernetesTypes"]),

    Module(name: "Reconcilers", imports: ["Reconciliation", "ApusAPI", "Scheduling", "Drift", "CEL"]),

    // Roles.
    Module(
        name: "Operator",
        imports: ["ControllerRuntime", "Reconcilers", "ArtifactStore", "Prometheus", "Exposition"],
        libraries: ["AsyncHTTPClient", "Logging", "Hummingbird", "ServiceLifecycle"]),

    Module(
        name: "APIServer", imports: ["KubernetesTypes", "CEL", "Exposition"],
        libraries: [
            "Collections", "Crypto", "GRDB", "Hummingbird", "Logging", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL",
            "ServiceLifecycle", "X509",
        ]),

    Module(
        name: "ClusterControllers", imports: ["ControllerRuntime", "Exposition"],
        libraries: ["Logging", "ServiceLifecycle"]),

    Module(
        name: "NodeAgent", imports: ["ControllerRuntime", "Exposition", "CZlib"],
        libraries: [
            "AsyncAlgorithms", "AsyncHTTPClient", "Crypto", "Logging", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL",
            "NIOWebSocket", "ServiceLifecycle", "Subprocess", "SystemPackage", "X509",
        ]),

    Module(
        name: "TrainingAgent", imports: ["KubernetesClient", "ApusAPI", "ArtifactStore", "Exposition"],
        libraries: ["Hummingbird", "Logging", "ServiceLifecycle"]),

    Module(
        name: "Gateway", imports: ["ControllerRuntime", "ApusAPI", "ArtifactStore", "Drift", "Exposition"],
        libraries: ["Logging", "NIOCore", "NIOPosix", "NIOHTTP1", "ServiceLifecycle"]),

    Module(
        name: "ModelServer", imports: ["Transformer", "ArtifactStore", "Drift", "Exposition"],
        libraries: ["Hummingbird", "Logging", "NIOCore", "ServiceLifecycle"]),

    // Entry.
    Module(
        name: "Embedded",
        imports: [
            "Operator", "APIServer", "ClusterControllers", "NodeAgent", "TrainingAgent", "Gateway", "ModelServer",
        ],
        libraries: ["AsyncHTTPClient", "Crypto", "Hummingbird", "Logging", "ServiceLifecycle", "Subprocess", "SystemPackage"]),

    // Tests only.
    Module(
        name: "ApusTesting", imports: ["KubernetesClient", "ControllerRuntime", "APIServer", "ApusAPI", "ArtifactStore"],
        libraries: ["Logging"]),
]

/// Entry: parses, wires, runs.
let program = Module(
    name: "apus",
    imports: [
        "Embedded", "APIServer", "Exposition", "Gateway", "ModelServer", "TrainingAgent", "Operator", "NodeAgent",
        "ClusterControllers", "Transformer",
    ],
    libraries: ["ArgumentParser", "Logging", "ServiceLifecycle"])

/// One row a suite: what it tests, and the libraries that it uses itself. Every suite but `RepositoryTests` has `ApusTesting`.
struct Suite {
    var name: String
    var subjects: [String] = []
    var libraries: [String] = []
    var hasFixtures = false
}

let suites: [Suite] = [
    Suite(
        name: "APIServerTests", subjects: ["APIServer"], libraries: ["Logging", "NIOCore", "NIOEmbedded", "NIOPosix", "NIOSSL"]),
    Suite(name: "ApusAPITests", subjects: ["ApusAPI"]),
    Suite(name: "ArtifactStoreTests", subjects: ["ArtifactStore"]),
    Suite(name: "CELTests", subjects: ["CEL"]),
    Suite(name: "ClusterControllersTests", subjects: ["ClusterControllers"], libraries: ["Logging"], hasFixtures: true),
    Suite(name: "ControllerRuntimeTests", subjects: ["ControllerRuntime"], libraries: ["Logging"]),
    Suite(name: "DriftTests", subjects: ["Drift"]),
    Suite(name: "EmbeddedTests", subjects: ["Embedded"], libraries: ["Logging", "ServiceLifecycle"]),
    Suite(name: "ExpositionTests", subjects: ["Exposition"], libraries: ["Metrics"]),
    Suite(
        name: "GatewayTests", subjects: ["Gateway"],
        libraries: ["AsyncHTTPClient", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "ServiceLifecycle"]),
    Suite(name: "KubernetesClientTests", subjects: ["KubernetesClient"]),
    Suite(name: "KubernetesTypesTests", subjects: ["KubernetesTypes"]),
    Suite(name: "ModelServerTests", subjects: ["ModelServer"], libraries: ["Logging", "ServiceLifecycle"]),
    Suite(
        name: "NodeAgentTests", subjects: ["NodeAgent"],
        libraries: ["AsyncAlgorithms", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOWebSocket"], hasFixtures: true),
    Suite(name: "OperatorTests", subjects: ["Operator"], libraries: ["AsyncHTTPClient", "Logging"]),
    Suite(
        name: "PrometheusTests", subjects: ["Prometheus"], libraries: ["AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOPosix"]),
    Suite(name: "ReconcilersTests", subjects: ["Reconcilers"]),
    Suite(name: "ReconciliationTests", subjects: ["Reconciliation"]),
    Suite(name: "SchedulingTests", subjects: ["Scheduling"]),
    Suite(name: "TrainingAgentTests", subjects: ["TrainingAgent"]),
    Suite(name: "TransformerTests", subjects: ["Transformer"], hasFixtures: true),
    // Of the whole rather than of a module.
    Suite(name: "RepositoryTests"),
    Suite(name: "ConformanceTests", subjects: ["APIServer"], hasFixtures: true),
    Suite(name: "EndToEndTests"),
]

func dependencies(modules: [String], libraries names: [String]) -> [Target.Dependency] {
    modules.map { .target(name: $0) }
        + names.map { name in
            guard let library = libraries[name] else { preconditionFailure("no library is called \(name)") }
            return library
        }
}

var targets: [Target] = [.systemLibrary(name: "COneDNN"), .systemLibrary(name: "CZlib")]
targets += modules.map {
    .target(name: $0.name, dependencies: dependencies(modules: $0.imports, libraries: $0.libraries))
}
targets.append(
    .executableTarget(
        name: program.name, dependencies: dependencies(modules: program.imports, libraries: program.libraries)))
targets += suites.map { suite in
    .testTarget(
        name: suite.name,
        dependencies: dependencies(
            modules: suite.subjects + (suite.name == "RepositoryTests" ? [] : ["ApusTesting"]), libraries: suite.libraries),
        exclude: suite.hasFixtures ? ["Fixtures"] : [])
}

// One loop gives every target of ours the same language settings.
for target in targets where target.type != .system {
    target.swiftSettings = [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
    ]
    // Kernels and tokenizers are loops over numbers: without the optimizer they are a hundred times slower, in tests too.
    if target.name == "Transformer" {
        target.swiftSettings?.append(.unsafeFlags(["-O"], .when(configuration: .debug)))
    }
}

let package = Package(
    name: "apus",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: targets
)

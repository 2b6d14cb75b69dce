import ServiceLifecycle

/// One part of the cluster as the supervisor sees it: something that runs, and tells when it works.
protocol Part: Sendable {
    /// As people read it: `API server`.
    var name: String { get }
    /// Without the part there is no use in going on.
    var isEssential: Bool { get }
    /// What runs; asked again when it has to be started anew.
    func makeService() async throws -> any Service
    /// A few words on where the part can be reached once it works, and nil until then.
    func readiness() async throws -> String?
}

extension Part {
    var isEssential: Bool { false }
}

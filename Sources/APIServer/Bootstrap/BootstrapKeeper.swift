import KubernetesTypes

/// Puts back what pods and nodes cannot do without when somebody deletes it: the Service `kubernetes`, where it leads, and the
/// namespaces that every cluster starts with. Roles and priority classes come back with the next start, as upstream's do.
struct BootstrapKeeper: Sendable {
    private static let watched = [
        ResourceName(group: "", resource: "namespaces"), ResourceName(group: "", resource: "services"),
        ResourceName(group: "discovery.k8s.io", resource: "endpointslices"),
    ]

    private static let shortestPause = Duration.milliseconds(50)

    let core: APIServerCore
    /// Where the server can be reached from pods.
    let address: String
    let port: Int

    /// Works until it is cancelled.
    func run() async {
        let signal = WatchSignal(namespace: nil)
        for resource in Self.watched { core.store.subscribe(signal, to: resource) }
        defer { for resource in Self.watched { core.store.unsubscribe(signal, from: resource) } }
        var pause = Self.shortestPause
        while !Task.isCancelled, !signal.isClosed {
            do {
                try await keep()
                pause = Self.shortestPause
                await signal.wait()
            } catch {
                // The address of a Service that has just gone is free a moment later.
                if pause > Self.shortestPause {
                    core.logger.warning("the Service kubernetes and the first namespaces were not looked after: \(error.message)")
                }
                do { try await core.configuration.sleep(pause) } catch { return }
                pause = min(pause * 4, .seconds(10))
            }
        }
    }

    /// Makes what is missing. Writes nothing where all is as it should be, which is what ends the changes that wake this.
    func keep() async throws(APIError) {
        let bootstrapper = Bootstrapper(core: core)
        try await bootstrapper.ensureNamespaces()
        try await bootstrapper.ensureKubernetesService(address: address, port: port)
    }
}

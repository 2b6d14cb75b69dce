/// The backend that gets a request.
public struct Choice: Sendable, Equatable {
    public let version: VersionRoute
    public let backend: Backend
}

/// Why there is no backend for a request.
public enum NoChoice: Error, Sendable, Equatable {
    case unknownService
    /// - Parameter reason: why none is ready, for the caller.
    case noReadyBackend(reason: String)
}

extension RoutingTable {
    /// Picks a version by weight among those that have a ready backend, then its least loaded backend.
    ///
    /// - Parameters:
    ///   - draw: a random number from 0 up to 1, which decides among versions, and among equally loaded backends.
    ///   - avoiding: backends that just failed; used again only when no other is left.
    ///   - load: requests under way at a backend, `nil` for one that is to be avoided because it keeps failing.
    public func choose(
        _ key: ServiceKey, draw: Double, avoiding: Set<Backend> = [], load: (Backend) -> Int?
    ) -> Result<Choice, NoChoice> {
        guard let route = services[key] else { return .failure(.unknownService) }
        let ready = route.versions.filter { $0.weight > 0 && !$0.backends.isEmpty }
        guard !ready.isEmpty else {
            return .failure(.noReadyBackend(reason: route.notReadyReason ?? RoutingTable.reason(route)))
        }
        // From the best candidates to the last resort: a version that only has failing backends yields to others.
        for leniency in 0...2 {
            let candidates = ready.compactMap { version in
                let backends = version.backends.filter { backend in
                    (leniency > 1 || !avoiding.contains(backend)) && (leniency > 0 || load(backend) != nil)
                }
                return backends.isEmpty ? nil : (version: version, backends: backends)
            }
            guard !candidates.isEmpty else { continue }
            let (version, backends, rest) = RoutingTable.weighted(candidates, draw: draw)
            return .success(Choice(version: version, backend: RoutingTable.leastLoaded(backends, draw: rest, load: load)))
        }
        return .failure(.noReadyBackend(reason: RoutingTable.reason(route)))
    }

    /// Also returns what is left of the draw, again uniform from 0 up to 1.
    private static func weighted(
        _ candidates: [(version: VersionRoute, backends: [Backend])], draw: Double
    ) -> (VersionRoute, [Backend], Double) {
        let total = Double(candidates.reduce(0) { $0 + $1.version.weight })
        var position = min(max(draw, 0), 1.0.nextDown) * total
        for candidate in candidates {
            let weight = Double(candidate.version.weight)
            if position < weight { return (candidate.version, candidate.backends, position / weight) }
            position -= weight
        }
        let last = candidates[candidates.count - 1]
        return (last.version, last.backends, 0)
    }

    private static func leastLoaded(_ backends: [Backend], draw: Double, load: (Backend) -> Int?) -> Backend {
        let loads = backends.map { load($0) ?? .max }
        let least = loads.min() ?? 0
        let equals = zip(backends, loads).filter { $0.1 == least }.map(\.0)
        return equals[min(equals.count - 1, Int(draw * Double(equals.count)))]
    }

    private static func reason(_ route: ServiceRoute) -> String {
        if route.versions.isEmpty { return "no model version has been deployed for it yet" }
        let names = route.versions.filter { $0.weight > 0 }.map(\.modelVersion).joined(separator: ", ")
        return names.isEmpty ? "no version has a share of the traffic" : "no server of \(names) is ready"
    }
}

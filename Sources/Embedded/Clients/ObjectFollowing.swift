import KubernetesClient
public import KubernetesTypes

extension ClusterConnection {
    /// Follows one object until the body has seen enough.
    ///
    /// - Parameter body: given the object each time it changes, nil while it is not there; true ends the following.
    public func follow(
        _ type: ResourceType, _ name: String, namespace: String? = nil, until body: (DynamicObject?) async throws -> Bool
    ) async throws {
        let scope = type.isNamespaced ? namespace ?? defaultNamespace : nil
        let selector = "metadata.name=\(name)"
        while true {
            let list = try await client.list(type, namespace: scope, ListOptions(fieldSelector: selector))
            if try await body(list.items.first) { return }
            do {
                let options = WatchOptions(fieldSelector: selector, resourceVersion: list.resourceVersion)
                for try await event in try await client.watch(type, namespace: scope, options) {
                    switch event {
                    case .added(let object), .modified(let object): if try await body(object) { return }
                    case .deleted: if try await body(nil) { return }
                    case .bookmark: continue
                    }
                }
            } catch let error as StatusError where error.isExpired {
                continue
            } catch let error as TransportError where error.code == .interrupted {
                continue
            }
        }
    }

    /// Waits until the goal is met.
    ///
    /// - Parameter report: told of the object as it changes.
    /// - Throws: ``EmbeddedError`` `outOfReach` when the goal cannot be met any more, `timedOut` after the limit.
    public func wait(
        for goal: WaitGoal, _ type: ResourceType, _ name: String, namespace: String? = nil, within limit: Duration,
        report: @escaping @Sendable (DynamicObject?) -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await follow(type, name, namespace: namespace) { object in
                    report(object)
                    switch goal.verdict(on: object?.value) {
                    case .met: return true
                    case .notYet: return false
                    case .outOfReach(let why): throw EmbeddedError(.outOfReach, "\(type.kind.lowercased())/\(name): \(why)")
                    }
                }
            }
            group.addTask {
                try await client.time.sleep(for: limit)
                throw EmbeddedError(.timedOut, "\(type.kind.lowercased())/\(name) did not get there within \(limit)")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// One line on how an object is.
public enum ObjectSummary {
    /// `Running: Attempt 1 trains: 45% (90/200), about 20s left.`
    public static func text(_ object: DynamicObject?) -> String {
        guard let object else { return "not there" }
        let status = object.value["status"]
        let conditions = status?["conditions"]?.array ?? []
        let ready = conditions.first { $0["type"]?.string == "Ready" } ?? conditions.first
        let message = ready?["message"]?.string ?? ""
        let phase = status?["phase"]?.string ?? ready?["reason"]?.string ?? "no status yet"
        return message.isEmpty ? phase : "\(phase): \(message)"
    }

    /// What changes seldom: for output that cannot be rewritten.
    public static func key(_ object: DynamicObject?) -> String {
        guard let object else { return "" }
        let status = object.value["status"]
        let ready = (status?["conditions"]?.array ?? []).first { $0["type"]?.string == "Ready" }
        let tenth = (status?["progress"]?["percent"]?.integer ?? 0) / 10
        return "\(status?["phase"]?.string ?? "")/\(ready?["reason"]?.string ?? "")/\(tenth)"
    }
}

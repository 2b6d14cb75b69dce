import FoundationEssentials
import KubernetesTypes
import Logging

/// Brings CustomResourceDefinitions to life: accepts their names, establishes and serves them, and cleans up behind them.
struct DefinitionController: Sendable {
    static let resource = ResourceName(group: "apiextensions.k8s.io", resource: "customresourcedefinitions")
    static let cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"

    let core: APIServerCore

    /// Works until it is cancelled.
    func run() async {
        core.store.subscribe(core.definitions.signal, to: Self.resource)
        while !Task.isCancelled, !core.definitions.signal.isClosed {
            await reconcile()
            await core.definitions.signal.wait()
        }
    }

    /// Looks at every definition once.
    func reconcile() async {
        let definitions = core.store.objects(Self.resource).objects
        for stored in definitions {
            do throws(APIError) {
                if outline(of: stored)["metadata"]?["deletionTimestamp"]?.string != nil {
                    try await cleanUp(stored)
                } else {
                    try await establish(stored)
                }
            } catch {
                // A conflict means that somebody wrote in between, and the signal is set again.
                if !error.isLostRace, error.code != 404 {
                    core.logger.warning("definition \(stored.name): \(error.message)")
                }
            }
        }
        serve()
    }

    /// Puts all established definitions into the registry and takes all others out. Synchronous, so that a start serves at once.
    func serve() {
        let objects = core.store.objects(Self.resource).objects
        let known = Set(core.servedDefinitions.withLock { $0.keys })
        for stored in objects {
            let isServed = core.servedDefinitions.withLock { $0[stored.name] == stored.revision }
            if isServed { continue }
            let object = stored.value
            let made = CustomResourceServing.definitions(object, rules: core.rules)
            core.registry.setCustom(stored.name, made)
            core.servedDefinitions.withLock { $0[stored.name] = stored.revision }
        }
        for name in known.subtracting(objects.map(\.name)) {
            core.registry.setCustom(name, [])
            core.servedDefinitions.withLock { $0[name] = nil }
        }
    }

    // MARK: Names

    /// A definition without its schemas, which are nearly all of it and say nothing of names; read once for each revision.
    private func outline(of stored: StoredObject) -> JSONValue {
        let known = core.definitionOutlines.withLock { $0[stored.name] }
        if let known, known.revision == stored.revision { return known.outline }
        var outline = stored.value
        outline["spec"]?["versions"] = nil
        core.definitionOutlines.withLock { $0[stored.name] = (stored.revision, outline) }
        return outline
    }

    private func establish(_ stored: StoredObject) async throws(APIError) {
        let outline = outline(of: stored)
        let all = core.store.objects(Self.resource).objects
        let known = Set(all.map(\.name))
        core.definitionOutlines.withLock { outlines in outlines = outlines.filter { known.contains($0.key) } }
        let verdict = names(of: outline, among: all)
        var status = outline["status"] ?? [:]
        status["acceptedNames"] = verdict.accepted
        var conditions = status["conditions"]?.array ?? []
        let wasEstablished = CustomResourceServing.isTrue("Established", of: outline)
        set(
            &conditions, "NamesAccepted", verdict.conflict == nil, verdict.conflict?.reason ?? "NoConflicts",
            verdict.conflict?.message ?? "no conflicts found")
        if verdict.conflict == nil {
            set(&conditions, "Established", true, "InitialNamesAccepted", "the initial names have been accepted")
        } else if !wasEstablished {
            set(&conditions, "Established", false, "NotAccepted", "not all names are accepted")
        }
        status["conditions"] = .array(conditions)
        guard status != outline["status"] else { return }
        let old = stored.value
        var object = old
        object["status"] = status
        try await write(object, old, stored)
    }

    private struct Verdict {
        var accepted: JSONValue
        var conflict: (reason: String, message: String)?
    }

    /// Names are accepted as far as no other definition of the group has them.
    private func names(of object: JSONValue, among all: ContiguousArray<StoredObject>) -> Verdict {
        let name = object["metadata"]?["name"]?.string ?? ""
        let group = object["spec"]?["group"]?.string ?? ""
        var resources: Set<String> = []
        var kinds: Set<String> = []
        for other in all where other.name != name {
            let value = outline(of: other)
            guard value["spec"]?["group"]?.string == group else { continue }
            let names = value["status"]?["acceptedNames"] ?? [:]
            for field in ["plural", "singular"] { if let text = names[field]?.string, !text.isEmpty { resources.insert(text) } }
            for text in names["shortNames"]?.array?.compactMap(\.string) ?? [] { resources.insert(text) }
            for field in ["kind", "listKind"] { if let text = names[field]?.string, !text.isEmpty { kinds.insert(text) } }
        }
        let requested = object["spec"]?["names"] ?? [:]
        var accepted = object["status"]?["acceptedNames"] ?? ["plural": "", "kind": ""]
        var conflict: (reason: String, message: String)?
        func note(_ reason: String, _ text: String) {
            conflict = (reason, "\"\(text)\" is already in use")
        }
        for (field, taken, reason) in [("plural", resources, "PluralConflict"), ("singular", resources, "SingularConflict")] {
            guard let text = requested[field]?.string else { continue }
            if taken.contains(text) { note(reason, text) } else { accepted[field] = .string(text) }
        }
        let shorts = requested["shortNames"]?.array?.compactMap(\.string) ?? []
        let clashing = shorts.filter(resources.contains)
        if let first = clashing.first {
            note("ShortNamesConflict", first)
        } else {
            accepted["shortNames"] = shorts.isEmpty ? nil : .array(shorts.map { .string($0) })
        }
        for (field, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
            guard let text = requested[field]?.string else { continue }
            if kinds.contains(text) { note(reason, text) } else { accepted[field] = .string(text) }
        }
        if let categories = requested["categories"] { accepted["categories"] = categories }
        return Verdict(accepted: accepted, conflict: conflict)
    }

    private func set(_ conditions: inout [JSONValue], _ type: String, _ isTrue: Bool, _ reason: String, _ message: String) {
        let status: JSONValue = isTrue ? "True" : "False"
        if let index = conditions.firstIndex(where: { $0["type"]?.string == type }) {
            guard conditions[index]["status"] != status || conditions[index]["reason"]?.string != reason else {
                conditions[index]["message"] = .string(message)
                return
            }
            if conditions[index]["status"] == status {
                conditions[index]["reason"] = .string(reason)
                conditions[index]["message"] = .string(message)
                return
            }
            conditions.remove(at: index)
        }
        conditions.append([
            "type": .string(type), "status": status, "reason": .string(reason), "message": .string(message),
            "lastTransitionTime": .string(Timestamp(core.configuration.now()).description),
        ])
    }

    private func write(_ object: JSONValue, _ old: JSONValue, _ stored: StoredObject) async throws(APIError) {
        guard let definition = core.registry.definition(group: Self.resource.group, plural: Self.resource.resource) else {
            return
        }
        var object = object
        object["apiVersion"] = .string(definition.apiVersion)
        object["kind"] = .string(definition.kind)
        var before = old
        before["apiVersion"] = object["apiVersion"]
        before["kind"] = object["kind"]
        let writer = FieldWriter(manager: "kube-apiserver", subresource: "status", time: core.configuration.now())
        object = core.merging.recorded(old: before, new: object, definition, by: writer)
        _ = try await core.commit(
            .update(core.prepared(object, definition), expected: stored.revision), definition, name: stored.name)
    }

    // MARK: Cleaning up

    /// Deletes all objects of the definition; when the last one is gone, so is the definition.
    private func cleanUp(_ stored: StoredObject) async throws(APIError) {
        var object = stored.value
        let finalizers = object["metadata"]?["finalizers"]?.array?.compactMap(\.string) ?? []
        guard finalizers.contains(Self.cleanupFinalizer) else { return }
        let spec = object["spec"] ?? [:]
        let resource = ResourceName(
            group: spec["group"]?.string ?? "", resource: object["status"]?["acceptedNames"]?["plural"]?.string ?? "")
        if CustomResourceServing.isTrue("Established", of: object),
            let definition = core.registry.definition(group: resource.group, plural: resource.resource)
        {
            let scope = RequestScope(
                request: APIRequest(method: "DELETE", target: "/"),
                info: RequestInfo(verb: "delete", group: resource.group, resource: resource.resource),
                user: .server)
            for item in core.store.objects(definition.storageName).objects {
                do throws(APIError) {
                    _ = try await core.delete(definition, namespace: item.namespace, name: item.name, DeleteOptions(), scope)
                } catch {
                    if error.code != 404 { throw error }
                }
            }
            let left = core.store.objects(definition.storageName).objects
            guard left.isEmpty else {
                // Objects with finalizers of their own: look again when one of them changes.
                core.store.subscribe(core.definitions.signal, to: definition.storageName)
                return
            }
            core.watches.end(definition.storageName)
        }
        guard let definition = core.registry.definition(group: Self.resource.group, plural: Self.resource.resource) else {
            return
        }
        let others = finalizers.filter { $0 != Self.cleanupFinalizer }
        if others.isEmpty {
            _ = try await core.commit(.delete(key: stored.key, expected: stored.revision), definition, name: stored.name)
        } else {
            object["metadata"]?["finalizers"] = .array(others.map { .string($0) })
            _ = try await core.commit(
                .update(core.prepared(object, definition), expected: stored.revision), definition, name: stored.name)
        }
    }
}

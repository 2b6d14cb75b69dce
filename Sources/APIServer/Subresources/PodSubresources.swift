import FoundationEssentials
import KubernetesTypes

/// `binding` and `eviction` of pods.
struct PodSubresources: Sendable {
    let core: APIServerCore
    /// Of pods.
    let definition: ResourceDefinition

    static let success: JSONValue = ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201]

    // MARK: Binding

    func bind(_ scope: RequestScope) async throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request)
        let options = try WriteOptions(scope.request, kind: "CreateOptions")
        var body = try RequestBody.decode(scope.request, kind: "Binding").value
        try BuiltinTypeCheck.check(&body, expectedKind: "Binding", expectedAPIVersion: "v1", registry: core.registry)
        let name = body["metadata"]?["name"]?.string ?? ""
        if !scope.info.name.isEmpty, !name.isEmpty, name != scope.info.name {
            throw .badRequest("name in URL does not match name in Binding object")
        }
        let podName = scope.info.name.isEmpty ? name : scope.info.name
        let target = body["target"] ?? [:]
        if let kind = target["kind"]?.string, !kind.isEmpty, kind != "Node" {
            throw APIError(
                code: 500, reason: "",
                message: "target.kind: Unsupported value: \"\(kind)\": supported values: \"Node\", \"<empty>\"")
        }
        let node = target["name"]?.string ?? ""
        if node.isEmpty { throw APIError(code: 500, reason: "", message: "target.name: Required value") }
        var info = scope.info
        info.resource = "pods"
        info.name = podName
        let inner = RequestScope(request: scope.request, info: info, user: scope.user)
        let binding = body
        _ = try await core.modify(
            definition, subresource: "binding", inner, options, recordedSubresource: "binding", bypassesRules: true
        ) {
            current throws(APIError) in
            let pod = core.encoder(definition).value(current)
            return APIServerCore.Change(object: try bound(pod, current, binding, node: node), recordsFields: false)
        }
        return ResponseEncoder.response(Self.success, form: form, status: 201, warnings: scope.warningHeaders)
    }

    private func bound(_ old: JSONValue, _ current: StoredObject, _ binding: JSONValue, node: String) throws(APIError)
        -> JSONValue
    {
        let subject = ResourceName(group: "", resource: "pods/binding")
        if let uid = binding["metadata"]?["uid"]?.string, !uid.isEmpty, uid != current.uid {
            throw .conflict(
                definition.name, name: current.name,
                "StorageError: invalid object, Code: 4, Key: /registry/pods/\(current.key), ResourceVersion: 0, AdditionalErrorMsg: "
                    + "Precondition failed: UID in precondition: \(uid), UID in object meta: \(current.uid)")
        }
        if let version = binding["metadata"]?["resourceVersion"]?.string, !version.isEmpty, version != String(current.revision) {
            throw .conflict(
                definition.name, name: current.name,
                "StorageError: invalid object, Code: 4, Key: /registry/pods/\(current.key), ResourceVersion: 0, AdditionalErrorMsg: "
                    + "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta: \(current.revision)"
            )
        }
        if old["metadata"]?["deletionTimestamp"]?.string != nil {
            throw .conflict(subject, name: current.name, "pod \(current.name) is being deleted, cannot be assigned to a host")
        }
        if let assigned = old["spec"]?["nodeName"]?.string, !assigned.isEmpty {
            throw .conflict(subject, name: current.name, "pod \(current.name) is already assigned to node \"\(assigned)\"")
        }
        if !(old["spec"]?["schedulingGates"]?.array ?? []).isEmpty {
            throw .conflict(subject, name: current.name, "pod \(current.name) has non-empty .spec.schedulingGates")
        }
        var pod = old
        pod["spec"]?["nodeName"] = .string(node)
        if let annotations = binding["metadata"]?["annotations"]?.object, !annotations.isEmpty {
            let merged = (pod["metadata"]?["annotations"]?.object ?? [:]).merging(annotations) { $1 }
            pod["metadata"]?["annotations"] = .object(merged)
        }
        if let labels = binding["metadata"]?["labels"]?.object, !labels.isEmpty {
            let merged = (pod["metadata"]?["labels"]?.object ?? [:]).merging(labels) { $1 }
            pod["metadata"]?["labels"] = .object(merged)
        }
        setScheduled(&pod)
        return pod
    }

    private func setScheduled(_ pod: inout JSONValue) {
        var conditions = pod["status"]?["conditions"]?.array ?? []
        conditions.removeAll { $0["type"]?.string == "PodScheduled" }
        conditions.append([
            "type": "PodScheduled", "status": "True", "lastProbeTime": .null,
            "lastTransitionTime": .string(Timestamp(core.configuration.now()).description),
        ])
        if pod["status"] == nil { pod["status"] = [:] }
        pod["status"]?["conditions"] = .array(conditions)
    }

    // MARK: Eviction

    func evict(_ scope: RequestScope) async throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request)
        let options = try WriteOptions(scope.request, kind: "CreateOptions")
        var body = try RequestBody.decode(scope.request, kind: "Eviction").value
        try BuiltinTypeCheck.check(&body, expectedKind: "Eviction", expectedAPIVersion: "policy/v1", registry: core.registry)
        let name = body["metadata"]?["name"]?.string ?? ""
        if !name.isEmpty, name != scope.info.name { throw .badRequest("name in URL does not match name in Eviction object") }
        var deletion = try DeleteOptions(body["deleteOptions"] ?? [:])
        deletion.isDryRun = deletion.isDryRun || options.isDryRun
        let current = try core.stored(definition, namespace: scope.info.namespace, name: scope.info.name)
        let pod = core.encoder(definition).value(current)
        let phase = pod["status"]?["phase"]?.string
        let isExempt =
            ["Succeeded", "Failed", "Pending"].contains(phase ?? "") || pod["metadata"]?["deletionTimestamp"]?.string != nil
        if !isExempt { try await spendBudget(pod, scope) }
        if !deletion.isDryRun { try await markDisrupted(scope) }
        _ = try await core.delete(definition, namespace: scope.info.namespace, name: scope.info.name, deletion, scope)
        return ResponseEncoder.response(Self.success, form: form, status: 201, warnings: scope.warningHeaders)
    }

    private func spendBudget(_ pod: JSONValue, _ scope: RequestScope) async throws(APIError) {
        let resource = ResourceName(group: "policy", resource: "poddisruptionbudgets")
        let labels = (pod["metadata"]?["labels"]?.object ?? [:]).compactMapValues(\.string)
        let budgets = core.store.objects(resource).objects.filter { budget in
            guard budget.namespace == scope.info.namespace, let selector = budget.value["spec"]?["selector"],
                let typed = try? selector.decode(LabelSelector.self), let selection = LabelSelection(typed)
            else { return false }
            return selection.matches(labels)
        }
        guard budgets.count <= 1 else {
            throw APIError(
                code: 500, reason: "InternalError",
                message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        guard let budget = budgets.first?.value else { return }
        let name = budget["metadata"]?["name"]?.string ?? ""
        let allowed = budget["status"]?["disruptionsAllowed"]?.integer ?? 0
        if allowed <= 0 {
            let healthy = budget["status"]?["currentHealthy"]?.integer ?? 0
            let desired = budget["status"]?["desiredHealthy"]?.integer ?? 0
            throw APIError(
                code: 429, reason: "TooManyRequests",
                message: "Cannot evict pod as it would violate the pod's disruption budget.",
                details: [
                    "causes": [
                        [
                            "reason": "DisruptionBudget",
                            "message": .string(
                                "The disruption budget \(name) needs \(desired) healthy pods and has \(healthy) currently"),
                        ]
                    ]
                ])
        }
    }

    /// Tells the pod's owner why it goes.
    private func markDisrupted(_ scope: RequestScope) async throws(APIError) {
        let current = try core.stored(definition, namespace: scope.info.namespace, name: scope.info.name)
        var pod = core.encoder(definition).value(current)
        guard pod["metadata"]?["deletionTimestamp"]?.string == nil else { return }
        var conditions = pod["status"]?["conditions"]?.array ?? []
        guard !conditions.contains(where: { $0["type"]?.string == "DisruptionTarget" && $0["status"]?.string == "True" }) else {
            return
        }
        conditions.removeAll { $0["type"]?.string == "DisruptionTarget" }
        conditions.append([
            "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting",
            "lastProbeTime": .null, "lastTransitionTime": .string(Timestamp(core.configuration.now()).description),
        ])
        if pod["status"] == nil { pod["status"] = [:] }
        pod["status"]?["conditions"] = .array(conditions)
        _ = try await core.commit(
            .update(core.prepared(pod, definition), expected: current.revision), definition, name: current.name, isFinal: true)
    }
}

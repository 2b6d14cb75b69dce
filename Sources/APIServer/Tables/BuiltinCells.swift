import FoundationEssentials
import KubernetesTypes

/// The cells of built-in kinds' table rows, as upstream's printers fill them.
struct BuiltinCells: Sendable {
    let now: Date
    let definition: ResourceDefinition

    /// nil for kinds without a printer of their own.
    func cells(_ object: JSONValue) -> [JSONValue]? {
        let name = object["metadata"]?["name"] ?? ""
        let age = JSONValue.string(Ages.since(object["metadata"]?["creationTimestamp"], now: now))
        let spec = object["spec"] ?? [:]
        let status = object["status"] ?? [:]
        switch (definition.group, definition.kind) {
        case ("", "Pod"): return PodCells(now: now).cells(object)
        case ("", "ConfigMap"):
            return [
                name, .integer(Int64((object["data"]?.object?.count ?? 0) + (object["binaryData"]?.object?.count ?? 0))), age,
            ]
        case ("", "Secret"): return [name, object["type"] ?? "", .integer(Int64(object["data"]?.object?.count ?? 0)), age]
        case ("", "ServiceAccount"): return [name, age]
        case ("", "Namespace"): return [name, status["phase"] ?? "", age]
        case ("", "Node"): return node(object, name: name, age: age)
        case ("", "Service"): return service(object, name: name, age: age)
        case ("", "Endpoints"): return [name, .string(endpoints(object)), age]
        case (_, "Event"): return event(object)
        case ("", "LimitRange"), ("rbac.authorization.k8s.io", "Role"), ("rbac.authorization.k8s.io", "ClusterRole"),
            ("apiextensions.k8s.io", _):
            return [name, object["metadata"]?["creationTimestamp"] ?? .null]
        case ("", "ResourceQuota"): return quota(object, name: name, age: age)
        case ("", "PersistentVolumeClaim"): return claim(object, name: name, age: age)
        case ("", "ReplicationController"), ("apps", "ReplicaSet"):
            return [
                name, spec["replicas"] ?? 0, status["replicas"] ?? 0, status["readyReplicas"] ?? 0, age,
            ] + template(spec) + [.string(selector(spec["selector"]))]
        case ("apps", "Deployment"):
            let ready = "\(status["readyReplicas"]?.integer ?? 0)/\(spec["replicas"]?.integer ?? 0)"
            return [name, .string(ready), status["updatedReplicas"] ?? 0, status["availableReplicas"] ?? 0, age] + template(spec)
                + [.string(selector(spec["selector"]))]
        case ("apps", "StatefulSet"):
            return [name, .string("\(status["readyReplicas"]?.integer ?? 0)/\(spec["replicas"]?.integer ?? 0)"), age]
                + template(spec)
        case ("apps", "DaemonSet"):
            return [
                name, status["desiredNumberScheduled"] ?? 0, status["currentNumberScheduled"] ?? 0, status["numberReady"] ?? 0,
                status["updatedNumberScheduled"] ?? 0, status["numberAvailable"] ?? 0,
                .string(labels(spec["template"]?["spec"]?["nodeSelector"])), age,
            ] + template(spec) + [.string(selector(spec["selector"]))]
        case ("batch", "Job"): return job(object, name: name, age: age)
        case ("batch", "CronJob"):
            let last = status["lastScheduleTime"].map { JSONValue.string(Ages.since($0, now: now)) } ?? "<none>"
            let pods = spec["jobTemplate"]?["spec"] ?? [:]
            return [
                name, spec["schedule"] ?? "", spec["timeZone"] ?? "<none>",
                .string(spec["suspend"]?.bool == true ? "True" : "False"),
                .integer(Int64(status["active"]?.array?.count ?? 0)), last, age,
            ] + template(pods) + [.string(selector(pods["selector"]))]
        case ("coordination.k8s.io", "Lease"): return [name, spec["holderIdentity"] ?? "", age]
        case ("scheduling.k8s.io", "PriorityClass"):
            return [
                name, object["value"] ?? 0, object["globalDefault"] ?? false, age,
                object["preemptionPolicy"] ?? "PreemptLowerPriority",
            ]
        case ("rbac.authorization.k8s.io", "RoleBinding"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"):
            return binding(object, name: name, age: age)
        case ("networking.k8s.io", "Ingress"): return ingress(object, name: name, age: age)
        case ("networking.k8s.io", "NetworkPolicy"): return [name, .string(selector(spec["podSelector"])), age]
        case ("policy", "PodDisruptionBudget"):
            return [
                name, text(spec["minAvailable"]) ?? "N/A", text(spec["maxUnavailable"]) ?? "N/A",
                status["disruptionsAllowed"] ?? 0, age,
            ]
        case ("node.k8s.io", "RuntimeClass"): return [name, object["handler"] ?? "", age]
        case ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"):
            let parameter = spec["paramKind"].map {
                JSONValue.string("\($0["apiVersion"]?.string ?? "")/\($0["kind"]?.string ?? "")")
            }
            return [name, .integer(Int64(spec["validations"]?.array?.count ?? 0)), parameter ?? "<unset>", age]
        case ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"):
            return [name, .integer(Int64(object["webhooks"]?.array?.count ?? 0)), age]
        case ("autoscaling", "HorizontalPodAutoscaler"):
            let target = spec["scaleTargetRef"] ?? [:]
            return [
                name, .string("\(target["kind"]?.string ?? "")/\(target["name"]?.string ?? "")"), "<none>",
                text(spec["minReplicas"]) ?? "<unset>", spec["maxReplicas"] ?? 0, status["currentReplicas"] ?? 0, age,
            ]
        default: return nil
        }
    }

    /// Conditions of the row: finished pods are marked so that clients can grey them.
    static func conditions(_ object: JSONValue, _ definition: ResourceDefinition) -> JSONValue? {
        guard definition.kind == "Pod", definition.group.isEmpty else { return nil }
        switch object["status"]?["phase"]?.string {
        case "Succeeded":
            return [
                ["type": "Completed", "status": "True", "reason": "Succeeded", "message": "The pod has completed successfully."]
            ]
        case "Failed":
            return [["type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."]]
        default: return nil
        }
    }

    // MARK: Parts

    private func text(_ value: JSONValue?) -> JSONValue? {
        switch value {
        case .string(let text): .string(text)
        case .integer(let number): .string(String(number))
        default: nil
        }
    }

    private func template(_ spec: JSONValue) -> [JSONValue] {
        let containers = spec["template"]?["spec"]?["containers"]?.array ?? []
        return [
            .string(containers.compactMap { $0["name"]?.string }.joined(separator: ",")),
            .string(containers.compactMap { $0["image"]?.string }.joined(separator: ",")),
        ]
    }

    private func labels(_ value: JSONValue?) -> String {
        let members = value?.object ?? [:]
        guard !members.isEmpty else { return "<none>" }
        return members.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
    }

    private func selector(_ value: JSONValue?) -> String {
        guard let value, value.object?.isEmpty == false else { return "<none>" }
        if value["matchLabels"] == nil, value["matchExpressions"] == nil { return labels(value) }
        return SelectorText.format(value)
    }

    private func node(_ object: JSONValue, name: JSONValue, age: JSONValue) -> [JSONValue] {
        let status = object["status"] ?? [:]
        var words: [String] = []
        if let ready = status["conditions"]?.array?.first(where: { $0["type"]?.string == "Ready" }) {
            words.append(ready["status"]?.string == "True" ? "Ready" : "NotReady")
        } else {
            words.append("Unknown")
        }
        if object["spec"]?["unschedulable"]?.bool == true { words.append("SchedulingDisabled") }
        let labels = object["metadata"]?["labels"]?.object ?? [:]
        var roles = labels.keys.filter { $0.hasPrefix("node-role.kubernetes.io/") }.map { String($0.dropFirst(24)) }.filter {
            !$0.isEmpty
        }
        if let role = labels["kubernetes.io/role"]?.string, !role.isEmpty { roles.append(role) }
        func address(_ type: String) -> JSONValue {
            status["addresses"]?.array?.first { $0["type"]?.string == type }?["address"] ?? "<none>"
        }
        let info = status["nodeInfo"] ?? [:]
        func known(_ field: String) -> JSONValue {
            let text = info[field]?.string ?? ""
            return text.isEmpty ? "<unknown>" : .string(text)
        }
        return [
            name, .string(words.joined(separator: ",")),
            .string(roles.isEmpty ? "<none>" : Set(roles).sorted().joined(separator: ",")),
            age, info["kubeletVersion"] ?? "", address("InternalIP"), address("ExternalIP"), known("osImage"),
            known("kernelVersion"),
            known("containerRuntimeVersion"),
        ]
    }

    private func service(_ object: JSONValue, name: JSONValue, age: JSONValue) -> [JSONValue] {
        let spec = object["spec"] ?? [:]
        let type = spec["type"]?.string ?? "ClusterIP"
        var external = spec["externalIPs"]?.array?.compactMap(\.string).joined(separator: ",") ?? ""
        if type == "ExternalName" { external = spec["externalName"]?.string ?? "" }
        if type == "LoadBalancer" {
            let ingress = (object["status"]?["loadBalancer"]?["ingress"]?.array ?? []).compactMap {
                $0["ip"]?.string ?? $0["hostname"]?.string
            }
            external = (ingress + (external.isEmpty ? [] : [external])).joined(separator: ",")
            if external.isEmpty { external = "<pending>" }
        }
        let ports = (spec["ports"]?.array ?? []).map { port in
            let node = port["nodePort"]?.integer ?? 0
            return "\(port["port"]?.integer ?? 0)\(node > 0 ? ":\(node)" : "")/\(port["protocol"]?.string ?? "TCP")"
        }
        let address = spec["clusterIP"]?.string ?? ""
        return [
            name, .string(type), .string(address.isEmpty ? "<none>" : address), .string(external.isEmpty ? "<none>" : external),
            .string(ports.isEmpty ? "<none>" : ports.joined(separator: ",")), age, .string(labels(spec["selector"])),
        ]
    }

    private func endpoints(_ object: JSONValue) -> String {
        var all: [String] = []
        for subset in object["subsets"]?.array ?? [] {
            let addresses = (subset["addresses"]?.array ?? []).compactMap { $0["ip"]?.string }
            let ports = subset["ports"]?.array ?? []
            if ports.isEmpty { all += addresses }
            for port in ports { all += addresses.map { "\($0):\(port["port"]?.integer ?? 0)" } }
        }
        guard !all.isEmpty else { return "<none>" }
        return all.prefix(3).joined(separator: ",") + (all.count > 3 ? " + \(all.count - 3) more..." : "")
    }

    private func event(_ object: JSONValue) -> [JSONValue] {
        let core = definition.group.isEmpty ? object : EventConversion.toCore(object)
        let involved = core["involvedObject"] ?? [:]
        func time(_ field: String) -> JSONValue? { core[field].flatMap { $0.isNull ? Optional.none : $0 } }
        let first = time("firstTimestamp") ?? time("eventTime")
        let series = core["series"]
        let last = series?["lastObservedTime"] ?? time("lastTimestamp") ?? time("eventTime") ?? first
        let count = series?["count"] ?? core["count"] ?? 1
        var source = core["source"]?["component"]?.string ?? ""
        if source.isEmpty { source = core["reportingComponent"]?.string ?? "" }
        var host = core["source"]?["host"]?.string ?? ""
        if host.isEmpty { host = core["reportingInstance"]?.string ?? "" }
        let target = "\((involved["kind"]?.string ?? "").lowercased())/\(involved["name"]?.string ?? "")"
        func shown(_ time: JSONValue?) -> JSONValue {
            .string(time.map { $0.isNull ? "<unknown>" : Ages.since($0, now: now) } ?? "<unknown>")
        }
        return [
            shown(last), core["type"] ?? "", core["reason"] ?? "", .string(target), involved["fieldPath"] ?? "",
            .string(host.isEmpty ? source : "\(source), \(host)"), .string((core["message"]?.string ?? "").trimmed), shown(first),
            count.integer == 0 ? 1 : count, object["metadata"]?["name"] ?? "",
        ]
    }

    private func job(_ object: JSONValue, name: JSONValue, age: JSONValue) -> [JSONValue] {
        let spec = object["spec"] ?? [:]
        let status = object["status"] ?? [:]
        let succeeded = status["succeeded"]?.integer ?? 0
        let completions =
            if let wanted = spec["completions"]?.integer {
                "\(succeeded)/\(wanted)"
            } else if let parallelism = spec["parallelism"]?.integer, parallelism > 1 { "\(succeeded)/1 of \(parallelism)" } else
            { "\(succeeded)/1" }
        var duration = ""
        if let start = status["startTime"]?.string.flatMap(RFC3339.parse) {
            let end = status["completionTime"]?.string.flatMap(RFC3339.parse) ?? now
            duration = Ages.human(end.timeIntervalSince(start))
        }
        func holds(_ type: String) -> Bool {
            status["conditions"]?.array?.contains { $0["type"]?.string == type && $0["status"]?.string == "True" } ?? false
        }
        let state =
            holds("Complete")
            ? "Complete"
            : holds("Failed")
                ? "Failed"
                : object["metadata"]?["deletionTimestamp"]?.string != nil
                    ? "Terminating"
                    : holds("Suspended")
                        ? "Suspended"
                        : holds("FailureTarget")
                            ? "FailureTarget" : holds("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running"
        return [name, .string(state), .string(completions), .string(duration), age] + template(spec)
            + [.string(selector(spec["selector"]))]
    }

    private func binding(_ object: JSONValue, name: JSONValue, age: JSONValue) -> [JSONValue] {
        let subjects = object["subjects"]?.array ?? []
        func named(_ kind: String) -> JSONValue {
            let names = subjects.filter { $0["kind"]?.string == kind }.map { subject in
                let name = subject["name"]?.string ?? ""
                return kind == "ServiceAccount" ? "\(subject["namespace"]?.string ?? "")/\(name)" : name
            }
            return .string(names.joined(separator: ", "))
        }
        let role = object["roleRef"] ?? [:]
        return [
            name, .string("\(role["kind"]?.string ?? "")/\(role["name"]?.string ?? "")"), age, named("User"), named("Group"),
            named("ServiceAccount"),
        ]
    }

    private func ingress(_ object: JSONValue, name: JSONValue, age: JSONValue) -> [JSONValue] {
        let spec = object["spec"] ?? [:]
        let hosts = (spec["rules"]?.array ?? []).compactMap { $0["host"]?.string }.filter { !$0.isEmpty }
        let addresses = (object["status"]?["loadBalancer"]?["ingress"]?.array ?? []).compactMap {
            $0["ip"]?.string ?? $0["hostname"]?.string
        }
        return [
            name, spec["ingressClassName"] ?? "<none>", .string(hosts.isEmpty ? "*" : hosts.prefix(3).joined(separator: ",")),
            .string(addresses.joined(separator: ",")), .string(spec["tls"]?.array?.isEmpty == false ? "80, 443" : "80"), age,
        ]
    }

    private func quota(_ object: JSONValue, name: JSONValue, age: JSONValue) -> [JSONValue] {
        let hard = object["status"]?["hard"]?.object ?? [:]
        let used = object["status"]?["used"]?.object ?? [:]
        func shown(_ isLimit: Bool) -> JSONValue {
            .string(
                hard.keys.filter { $0.hasPrefix("limits.") == isLimit }.sorted()
                    .map { "\($0): \(used[$0]?.string ?? "0")/\(hard[$0]?.string ?? "")" }.joined(separator: ", "))
        }
        return [name, shown(false), shown(true), age]
    }

    private func claim(_ object: JSONValue, name: JSONValue, age: JSONValue) -> [JSONValue] {
        let spec = object["spec"] ?? [:]
        let status = object["status"] ?? [:]
        let isBound = !(spec["volumeName"]?.string ?? "").isEmpty
        let short = ["ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"]
        let modes = (status["accessModes"]?.array ?? []).compactMap(\.string).map { short[$0] ?? $0 }.joined(separator: ",")
        let phase = object["metadata"]?["deletionTimestamp"]?.string != nil ? "Terminating" : status["phase"]?.string ?? ""
        return [
            name, .string(phase), spec["volumeName"] ?? "", isBound ? status["capacity"]?["storage"] ?? "" : "",
            .string(isBound ? modes : ""), spec["storageClassName"] ?? "", spec["volumeAttributesClassName"] ?? "<unset>", age,
            spec["volumeMode"] ?? "<unset>",
        ]
    }
}

/// A label selector as text: `app=web,tier in (a,b)`.
enum SelectorText {
    static func format(_ selector: JSONValue) -> String {
        var parts = (selector["matchLabels"]?.object ?? [:]).map { ($0.key, "\($0.key)=\($0.value.string ?? "")") }
        for expression in selector["matchExpressions"]?.array ?? [] {
            let key = expression["key"]?.string ?? ""
            let values = (expression["values"]?.array ?? []).compactMap(\.string).sorted().joined(separator: ",")
            switch expression["operator"]?.string {
            case "In": parts.append((key, "\(key) in (\(values))"))
            case "NotIn": parts.append((key, "\(key) notin (\(values))"))
            case "Exists": parts.append((key, key))
            case "DoesNotExist": parts.append((key, "!\(key)"))
            default: break
            }
        }
        return parts.isEmpty ? "<none>" : parts.sorted { $0.0 < $1.0 }.map(\.1).joined(separator: ",")
    }
}

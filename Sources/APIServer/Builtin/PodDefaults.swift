import KubernetesTypes

/// Defaults of pods and pod templates: upstream's `pkg/apis/core/v1/defaults.go`.
enum PodDefaults {
    static func pod(_ pod: inout JSONValue) {
        pod.modify("spec") { spec in
            for list in ["containers", "initContainers"] {
                spec.modifyEach(list) { container in container.modify("resources", requestsFromLimits) }
            }
            spec.modify("resources", requestsFromLimits)
            spec.setDefault("enableServiceLinks", true)
            Self.spec(&spec)
        }
        pod.modify("status") { status in
            status.setDefaultText("phase", "Pending")
            // One address is the list of addresses, and the first of the list is the address.
            if status.elements("podIPs").isEmpty, !status.text("podIP").isEmpty {
                status["podIPs"] = [["ip": .string(status.text("podIP"))]]
            } else if let first = status.elements("podIPs").first, status.text("podIP").isEmpty {
                status["podIP"] = first["ip"]
            }
        }
    }

    static func template(_ template: inout JSONValue) {
        template.modify("spec", spec)
    }

    private static func requestsFromLimits(_ resources: inout JSONValue) {
        guard case .object(let limits)? = resources["limits"], !limits.isEmpty else { return }
        var requests = resources["requests"]?.object ?? [:]
        requests.merge(limits) { own, _ in own }
        resources["requests"] = .object(requests)
    }

    /// Amounts are kept in thousandths; smaller ones are rounded up.
    private static func roundToMilli(_ resources: inout JSONValue) {
        for list in ["limits", "requests"] {
            guard case .object(let amounts)? = resources[list] else { continue }
            for (name, amount) in amounts {
                guard let quantity = Quantity(amount.string ?? ""), quantity.nanos % 1_000_000 != 0 else { continue }
                resources[path: [list, name]] = .string(Quantity(milli: quantity.milli).canonical)
            }
        }
    }

    static func spec(_ spec: inout JSONValue) {
        spec.setDefaultText("dnsPolicy", "ClusterFirst")
        spec.setDefaultText("restartPolicy", "Always")
        spec.setDefault("securityContext", [:])
        spec.setDefault("terminationGracePeriodSeconds", 30)
        spec.setDefaultText("schedulerName", "default-scheduler")
        // The deprecated twin of serviceAccountName is kept in step with it.
        let account = spec.text("serviceAccountName").isEmpty ? spec.text("serviceAccount") : spec.text("serviceAccountName")
        if !account.isEmpty {
            spec["serviceAccountName"] = .string(account)
            spec["serviceAccount"] = .string(account)
        }
        let usesHostNetwork = spec["hostNetwork"]?.bool == true
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            spec.modifyEach(list) { container in
                Self.container(&container)
                if usesHostNetwork, list != "ephemeralContainers" {
                    container.modifyEach("ports") { port in
                        if let number = port["containerPort"] { port.setDefaultNumber("hostPort", number.integer ?? 0) }
                    }
                }
            }
        }
        spec.modifyEach("volumes", volume)
    }

    private static func container(_ container: inout JSONValue) {
        if container.text("imagePullPolicy").isEmpty {
            container["imagePullPolicy"] = hasLatestTag(container.text("image")) ? "Always" : "IfNotPresent"
        }
        container.modify("resources", roundToMilli)
        container.setDefaultText("terminationMessagePath", "/dev/termination-log")
        container.setDefaultText("terminationMessagePolicy", "File")
        container.modifyEach("ports") { port in port.setDefaultText("protocol", "TCP") }
        container.modifyEach("env") { variable in
            variable.modify("valueFrom") { source in
                source.modify("fieldRef") { reference in reference.setDefaultText("apiVersion", "v1") }
                source.modify("resourceFieldRef") { reference in
                    if (reference["divisor"]?.string ?? "").isEmpty { reference["divisor"] = "0" }
                }
                source.modify("fileKeyRef") { reference in reference.setDefault("optional", false) }
            }
        }
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] { container.modify(name, probe) }
        container.modify("lifecycle") { lifecycle in
            for name in ["postStart", "preStop"] { lifecycle.modify(name) { handler in handler.modify("httpGet", httpGet) } }
        }
    }

    private static func probe(_ probe: inout JSONValue) {
        probe.setDefaultNumber("timeoutSeconds", 1)
        probe.setDefaultNumber("periodSeconds", 10)
        probe.setDefaultNumber("successThreshold", 1)
        probe.setDefaultNumber("failureThreshold", 3)
        probe.modify("httpGet", httpGet)
        probe.modify("grpc") { action in action.setDefault("service", "") }
    }

    private static func httpGet(_ action: inout JSONValue) {
        action.setDefaultText("path", "/")
        action.setDefaultText("scheme", "HTTP")
    }

    private static func volume(_ volume: inout JSONValue) {
        if case .object(let members) = volume, members.keys.allSatisfy({ $0 == "name" }) { volume["emptyDir"] = [:] }
        for name in ["secret", "configMap", "downwardAPI", "projected"] {
            volume.modify(name) { source in source.setDefault("defaultMode", 420) }
        }
        volume.modify("hostPath") { source in source.setDefault("type", "") }
        volume.modify("downwardAPI", fieldReferences)
        volume.modify("projected") { source in
            source.modifyEach("sources") { part in
                part.modify("serviceAccountToken") { token in token.setDefault("expirationSeconds", 3600) }
                part.modify("downwardAPI", fieldReferences)
            }
        }
        volume.modify("iscsi") { source in source.setDefaultText("iscsiInterface", "default") }
        volume.modify("ephemeral") { source in
            source.modify("volumeClaimTemplate") { template in
                template.modify("spec") { spec in spec.setDefaultText("volumeMode", "Filesystem") }
            }
        }
        volume.modify("image") { source in
            if source.text("pullPolicy").isEmpty {
                source["pullPolicy"] = hasLatestTag(source.text("reference")) ? "Always" : "IfNotPresent"
            }
        }
    }

    private static func fieldReferences(_ source: inout JSONValue) {
        source.modifyEach("items") { item in
            item.modify("fieldRef") { reference in reference.setDefaultText("apiVersion", "v1") }
            item.modify("resourceFieldRef") { reference in
                if (reference["divisor"]?.string ?? "").isEmpty { reference["divisor"] = "0" }
            }
        }
    }

    /// Whether an image name stands for the newest: the tag `latest`, or neither tag nor digest.
    static func hasLatestTag(_ image: String) -> Bool {
        let hasDigest = image.contains("@")
        let name = image.split(separator: "@").first ?? ""
        let last = name.split(separator: "/").last ?? ""
        guard let colon = last.lastIndex(of: ":") else { return !hasDigest }
        return last[last.index(after: colon)...] == "latest"
    }
}

import KubernetesTypes

/// Services: defaults and validation. Addresses and node ports are allocated by the request path.
enum ServiceBehavior {
    static let service = KindBehavior(
        defaults: defaults, hasStatus: true, prepareForCreate: families,
        prepareForUpdate: { old, new in
            // What was allocated stays where the client does not speak of it.
            let wasExternal = old[path: ["spec", "type"]]?.string == "ExternalName"
            for name in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] where !wasExternal {
                if !(new["spec"]?.isSet(name) ?? false) || new[path: ["spec", name]] == "" || new[path: ["spec", name]] == [] {
                    new[path: ["spec", name]] = old[path: ["spec", name]]
                }
            }
            families(&new)
        },
        validate: validate,
        validateUpdate: { old, new in validate(new) + addressChanges(old, new) })

    private static func defaults(_ object: inout JSONValue) {
        if !object.isSet("spec") { object["spec"] = [:] }
        object.modify("spec") { spec in
            spec.setDefaultText("sessionAffinity", "None")
            if spec.text("sessionAffinity") == "None" { spec["sessionAffinityConfig"] = nil }
            if spec.text("sessionAffinity") == "ClientIP",
                spec[path: ["sessionAffinityConfig", "clientIP", "timeoutSeconds"]] == nil
            {
                spec[path: ["sessionAffinityConfig", "clientIP", "timeoutSeconds"]] = 10_800
            }
            spec.setDefaultText("type", "ClusterIP")
            spec.modifyEach("ports") { port in
                port.setDefaultText("protocol", "TCP")
                let target = port["targetPort"]
                if target == nil || target == 0 || target == "" { port["targetPort"] = port["port"] }
            }
            let type = spec.text("type")
            let isExternal =
                ["NodePort", "LoadBalancer"].contains(type) || (type == "ClusterIP" && !spec.elements("externalIPs").isEmpty)
            if isExternal { spec.setDefaultText("externalTrafficPolicy", "Cluster") }
            if ["ClusterIP", "NodePort", "LoadBalancer"].contains(type) {
                spec.setDefaultText("internalTrafficPolicy", "Cluster")
            }
            if type == "LoadBalancer" { spec.setDefault("allocateLoadBalancerNodePorts", true) }
        }
    }

    /// One address family: the cluster has no other.
    private static func families(_ object: inout JSONValue) {
        object.modify("spec") { spec in
            if spec.text("type") == "ExternalName" {
                for name in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] { spec[name] = nil }
                return
            }
            if spec.elements("clusterIPs").isEmpty, !spec.text("clusterIP").isEmpty {
                spec["clusterIPs"] = [.string(spec.text("clusterIP"))]
            }
            if spec.elements("ipFamilies").isEmpty { spec["ipFamilies"] = ["IPv4"] }
            spec.setDefaultText("ipFamilyPolicy", "SingleStack")
        }
    }

    private static let portRange = "must be between 1 and 65535, inclusive"

    private static func validate(_ object: JSONValue) -> [FieldError] {
        let spec = object["spec"] ?? [:]
        let type = spec.text("type")
        var errors: [FieldError] = []
        let ports = spec.elements("ports")
        let isHeadless = spec.text("clusterIP") == "None"
        if ports.isEmpty, !isHeadless, type != "ExternalName" { errors.append(.required("spec.ports")) }
        if type == "ExternalName" {
            if !spec.text("clusterIP").isEmpty {
                errors.append(.forbidden("spec.clusterIPs[0]", "may not be set when `type` is 'ExternalName'"))
            }
            let name =
                spec.text("externalName").hasSuffix(".")
                ? String(spec.text("externalName").dropLast()) : spec.text("externalName")
            if name.isEmpty {
                errors.append(.required("spec.externalName"))
            } else {
                errors += MetadataNames.subdomainProblems(name).map { .invalid("spec.externalName", .string(name), $0) }
            }
        }
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            errors += validatePort(port, "spec.ports[\(index)]", needsName: ports.count > 1, isHeadless, &names)
        }
        for (key, value) in (spec["selector"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            errors += MetadataNames.qualifiedNameProblems(key).map { .invalid("spec.selector", .string(key), $0) }
            errors += MetadataNames.labelValueProblems(value.string ?? "").map { .invalid("spec.selector", value, $0) }
        }
        errors += PodValidation.choice(spec.text("sessionAffinity"), "spec.sessionAffinity", ["ClientIP", "None"])
        errors += clusterIPs(spec)
        errors += PodValidation.choice(type, "spec.type", ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])
        if type == "ClusterIP" {
            for (index, port) in ports.enumerated() where (port["nodePort"]?.integer ?? 0) != 0 {
                errors.append(.forbidden("spec.ports[\(index)].nodePort", "may not be used when `type` is 'ClusterIP'"))
            }
        }
        return errors + duplicatePorts(ports)
    }

    private static func validatePort(
        _ port: JSONValue, _ field: String, needsName: Bool, _ isHeadless: Bool, _ names: inout Set<String>
    ) -> [FieldError] {
        var errors: [FieldError] = []
        let name = port.text("name")
        if name.isEmpty {
            if needsName { errors.append(.required("\(field).name")) }
        } else {
            errors += MetadataNames.labelProblems(name).map { .invalid("\(field).name", .string(name), $0) }
            if !names.insert(name).inserted { errors.append(.duplicate("\(field).name", .string(name))) }
        }
        let number = port["port"]?.integer ?? 0
        if !(1...65_535).contains(number) { errors.append(.invalid("\(field).port", .integer(number), portRange)) }
        errors += PodValidation.choice(port.text("protocol"), "\(field).protocol", ["SCTP", "TCP", "UDP"])
        switch port["targetPort"] {
        case .string(let name)?:
            errors += ContainerValidation.portNameProblems(name).map { .invalid("\(field).targetPort", .string(name), $0) }
        case .integer(let target)? where !(1...65_535).contains(target):
            errors.append(.invalid("\(field).targetPort", .integer(target), portRange))
        default: break
        }
        return errors
    }

    /// Ports are told apart by number and protocol; Go shows the internal type.
    private static func duplicatePorts(_ ports: [JSONValue]) -> [FieldError] {
        var seen: Set<[JSONValue]> = []
        var errors: [FieldError] = []
        for (index, port) in ports.enumerated() {
            if seen.insert([port["protocol"] ?? "", port["port"] ?? 0]).inserted { continue }
            let shown =
                "{\"Name\":\"\",\"Protocol\":\"\(port.text("protocol"))\",\"AppProtocol\":null,\"Port\":\(port["port"]?.integer ?? 0),"
                + "\"TargetPort\":0,\"NodePort\":0}"
            errors.append(FieldError(.duplicate, "spec.ports[\(index)]", message: "Duplicate value: \(shown)"))
        }
        return errors
    }

    private static func clusterIPs(_ spec: JSONValue) -> [FieldError] {
        var addresses = spec.elements("clusterIPs").compactMap(\.string)
        if addresses.isEmpty, !spec.text("clusterIP").isEmpty { addresses = [spec.text("clusterIP")] }
        return addresses.enumerated().compactMap { index, address in
            if address == "None" || address.isEmpty || IPAddress(address) != nil { return nil }
            return .invalid(
                "spec.clusterIPs[\(index)]", .string(address), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
        }
    }

    private static func addressChanges(_ old: JSONValue, _ new: JSONValue) -> [FieldError] {
        let before = old["spec"] ?? [:]
        let after = new["spec"] ?? [:]
        guard before.text("type") != "ExternalName", after.text("type") != "ExternalName" else { return [] }
        let was = before.text("clusterIP")
        let now = after.text("clusterIP")
        if was.isEmpty || now.isEmpty || was == now { return [] }
        return [.invalid("spec.clusterIPs[0]", [.string(now)], "may not change once set")]
    }
}

import KubernetesTypes

/// The objects that a container's environment and volumes refer to, as fetched. A name that is asked for and not here does not exist.
struct ReferencedObjects: Sendable {
    var configMaps: [String: ConfigMap] = [:]
    var secrets: [String: Secret] = [:]
}

/// What the downward API may tell a pod of itself.
struct DownwardFacts: Sendable {
    var pod: Pod
    var podIP: String
    var node: NodeFacts
}

/// Builds a container's environment and command line. Pure.
enum ContainerEnvironment {
    /// The names of config maps and secrets that the container's environment refers to.
    static func references(of container: Container) -> (configMaps: Set<String>, secrets: Set<String>) {
        var configMaps: Set<String> = []
        var secrets: Set<String> = []
        for source in container.envFrom ?? [] {
            if let name = source.configMapRef?.name { configMaps.insert(name) }
            if let name = source.secretRef?.name { secrets.insert(name) }
        }
        for variable in container.env ?? [] {
            if let name = variable.valueFrom?.configMapKeyRef?.name { configMaps.insert(name) }
            if let name = variable.valueFrom?.secretKeyRef?.name { secrets.insert(name) }
        }
        return (configMaps, secrets)
    }

    /// All variables in order, later ones winning over earlier ones of the same name.
    /// - Throws: `CreateContainerConfigError` naming what is missing.
    static func variables(
        of container: Container, image: ImageConfiguration, services: [(String, String)], objects: ReferencedObjects,
        facts: DownwardFacts
    ) throws -> [(name: String, value: String)] {
        var order: [String] = []
        var values: [String: String] = [:]
        func set(_ name: String, _ value: String) {
            if values.updateValue(value, forKey: name) == nil { order.append(name) }
        }
        for entry in image.environment {
            guard let equals = entry.firstIndex(of: "=") else { continue }
            set(String(entry[..<equals]), String(entry[entry.index(after: equals)...]))
        }
        if values["PATH"] == nil { set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") }
        set("HOSTNAME", facts.pod.spec.hostname ?? facts.pod.name)
        for (name, value) in services { set(name, value) }
        for source in container.envFrom ?? [] {
            for (name, value) in try all(source, objects).sorted(by: { $0.0 < $1.0 }) {
                set((source.prefix ?? "") + name, value)
            }
        }
        // Only variables defined so far are expanded: those after, and of the image, stand as they are.
        var known = Dictionary(services, uniquingKeysWith: { $1 })
        for source in container.envFrom ?? [] {
            for (name, value) in try all(source, objects) { known[(source.prefix ?? "") + name] = value }
        }
        for variable in container.env ?? [] {
            guard let value = try value(of: variable, known: known, container: container, objects: objects, facts: facts)
            else { continue }
            known[variable.name] = value
            set(variable.name, value)
        }
        return order.map { ($0, values[$0] ?? "") }
    }

    private static func all(_ source: EnvFromSource, _ objects: ReferencedObjects) throws -> [(String, String)] {
        if let reference = source.configMapRef {
            guard let found = objects.configMaps[reference.name ?? ""] else {
                if reference.optional ?? false { return [] }
                throw missing("configmap \"\(reference.name ?? "")\" not found")
            }
            return (found.data ?? [:]).map { ($0, $1) }
        }
        if let reference = source.secretRef {
            guard let found = objects.secrets[reference.name ?? ""] else {
                if reference.optional ?? false { return [] }
                throw missing("secret \"\(reference.name ?? "")\" not found")
            }
            return (found.data ?? [:]).map { ($0, $1.utf8) }
        }
        return []
    }

    private static func missing(_ message: String) -> NodeAgentError { NodeAgentError(.createContainerConfig, message) }

    private static func value(
        of variable: EnvVar, known: [String: String], container: Container, objects: ReferencedObjects, facts: DownwardFacts
    ) throws -> String? {
        guard let source = variable.valueFrom else { return expand(variable.value ?? "", known) }
        if let reference = source.fieldRef { return try field(reference.fieldPath, facts: facts) }
        if let reference = source.resourceFieldRef {
            return try resource(reference, of: container, facts: facts)
        }
        if let reference = source.configMapKeyRef {
            let name = reference.name ?? ""
            if let value = objects.configMaps[name]?.data?[reference.key] { return value }
            if reference.optional ?? false { return nil }
            throw missing(
                objects.configMaps[name] == nil
                    ? "configmap \"\(name)\" not found"
                    : "couldn't find key \(reference.key) in ConfigMap \(facts.pod.namespace)/\(name)")
        }
        if let reference = source.secretKeyRef {
            let name = reference.name ?? ""
            if let value = objects.secrets[name]?.data?[reference.key] { return value.utf8 }
            if reference.optional ?? false { return nil }
            throw missing(
                objects.secrets[name] == nil
                    ? "secret \"\(name)\" not found"
                    : "couldn't find key \(reference.key) in Secret \(facts.pod.namespace)/\(name)")
        }
        return nil
    }

    /// A field of the pod by its path, as environment variables and downward files name it.
    static func field(_ path: String, facts: DownwardFacts) throws -> String {
        let pod = facts.pod
        if let key = subscripted(path, "metadata.labels") { return pod.metadata.labels?[key] ?? "" }
        if let key = subscripted(path, "metadata.annotations") { return pod.metadata.annotations?[key] ?? "" }
        switch path {
        case "metadata.name": return pod.name
        case "metadata.namespace": return pod.namespace
        case "metadata.uid": return pod.uid
        case "metadata.labels": return mapping(pod.metadata.labels)
        case "metadata.annotations": return mapping(pod.metadata.annotations)
        case "spec.nodeName": return facts.node.name
        case "spec.serviceAccountName": return pod.spec.serviceAccountName ?? ""
        case "status.hostIP", "status.hostIPs": return facts.node.address
        case "status.podIP", "status.podIPs": return facts.podIP
        default: throw missing("the field \(path) is not one that a container can be told")
        }
    }

    private static func subscripted(_ path: String, _ base: String) -> String? {
        guard path.hasPrefix(base + "['"), path.hasSuffix("']") else { return nil }
        return String(path.dropFirst(base.count + 2).dropLast(2))
    }

    /// Lines of `key="value"`, quoted as Go's %q would for plain text.
    static func mapping(_ values: [String: String]?) -> String {
        (values ?? [:]).sorted { $0.key < $1.key }.map { key, value in
            let quoted = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(key)=\"\(quoted)\""
        }.joined(separator: "\n")
    }

    /// A container's request or limit, in units of the divisor, rounded up; without a limit the node's own capacity.
    static func resource(
        _ reference: ResourceFieldSelector, of container: Container, facts: DownwardFacts
    ) throws -> String {
        let target =
            reference.containerName.flatMap { name in facts.pod.spec.allContainers.first { $0.name == name } } ?? container
        let parts = reference.resource.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["limits", "requests"].contains(parts[0]) else {
            throw missing("the resource \(reference.resource) is not one that a container can be told")
        }
        let limit = target.resources?.limits?[parts[1]]
        let request = target.resources?.requests?[parts[1]]
        let fallback: Quantity? =
            switch parts[1] {
            case "cpu": facts.node.cpu
            case "memory": facts.node.memory
            case "ephemeral-storage": facts.node.ephemeralStorage
            default: nil
            }
        let quantity = parts[0] == "limits" ? limit ?? fallback : request ?? Quantity(0)
        let divisor = reference.divisor.map { $0.isZero ? Quantity(1) : $0 } ?? Quantity(1)
        let value = quantity ?? Quantity(0)
        let (whole, rest) = value.nanos.quotientAndRemainder(dividingBy: divisor.nanos)
        return String(rest > 0 ? whole + 1 : whole)
    }

    /// Replaces `$(NAME)` where the name is known; `$$` is a literal `$`; anything else stands.
    static func expand(_ text: String, _ values: [String: String]) -> String {
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.first == "(", let end = rest.firstIndex(of: ")") {
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                result += values[name] ?? "$(\(name))"
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
            }
        }
        return result + rest
    }

    /// What the container runs: its own command and arguments over the image's.
    static func commandLine(of container: Container, image: ImageConfiguration, values: [String: String]) throws -> [String] {
        let command = (container.command ?? []).map { expand($0, values) }
        let arguments = (container.args ?? []).map { expand($0, values) }
        let line =
            if !command.isEmpty {
                command + arguments
            } else {
                image.entrypoint + (arguments.isEmpty ? image.command : arguments)
            }
        guard !line.isEmpty else {
            throw missing(
                "no command: neither the container's \"command\" nor the image \(container.image ?? "") says what to run")
        }
        return line
    }

    /// The variables that tell a pod where the services of its namespace are, and the API server.
    static func serviceVariables(_ services: [Service], namespace: String, enabled: Bool) -> [(String, String)] {
        services.filter { service in
            let address = service.spec.clusterIP ?? ""
            guard !address.isEmpty, address != "None" else { return false }
            return service.namespace == "default" && service.name == "kubernetes"
                || enabled && service.namespace == namespace
        }.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }.flatMap(variables(of:))
    }

    private static func variables(of service: Service) -> [(String, String)] {
        let name = service.name.uppercased().replacing("-", with: "_")
        let address = service.spec.clusterIP ?? ""
        let ports = service.spec.ports ?? []
        guard let first = ports.first else { return [] }
        var result = [("\(name)_SERVICE_HOST", address), ("\(name)_SERVICE_PORT", String(first.port))]
        for port in ports {
            if let portName = port.name, !portName.isEmpty {
                result.append(
                    ("\(name)_SERVICE_PORT_\(portName.uppercased().replacing("-", with: "_"))", String(port.port)))
            }
        }
        result.append(("\(name)_PORT", "\((first.protocol ?? "TCP").lowercased())://\(address):\(first.port)"))
        for port in ports {
            let kind = port.protocol ?? "TCP"
            let base = "\(name)_PORT_\(port.port)_\(kind)"
            result += [
                (base, "\(kind.lowercased())://\(address):\(port.port)"), ("\(base)_PROTO", kind.lowercased()),
                ("\(base)_PORT", String(port.port)), ("\(base)_ADDR", address),
            ]
        }
        return result
    }
}

extension PodSpec {
    /// Init containers, then the others.
    var allContainers: [Container] { (initContainers ?? []) + containers }
    var sidecars: [Container] { (initContainers ?? []).filter(\.isSidecar) }
    func container(named name: String) -> Container? { allContainers.first { $0.name == name } }
}

extension Container {
    /// An init container that runs beside the others for as long as they do.
    var isSidecar: Bool { restartPolicy == "Always" }
}

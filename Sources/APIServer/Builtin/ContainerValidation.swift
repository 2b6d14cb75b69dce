import KubernetesTypes

/// Validation of one container of a pod.
enum ContainerValidation {
    static func container(
        _ container: JSONValue, _ field: String, _ volumes: Set<String>, _ names: inout Set<String>
    ) -> [FieldError] {
        var errors: [FieldError] = []
        let name = container.text("name")
        if name.isEmpty {
            errors.append(.required("\(field).name"))
        } else {
            errors += MetadataNames.labelProblems(name).map { .invalid("\(field).name", .string(name), $0) }
        }
        if container.text("image").isEmpty {
            errors.append(.required("\(field).image"))
        } else if container.text("image") != trimmed(container.text("image")) {
            errors.append(.invalid("\(field).image", container["image"] ?? "", "must not have leading or trailing whitespace"))
        }
        errors += PodValidation.choice(
            container.text("terminationMessagePolicy"), "\(field).terminationMessagePolicy", ["File", "FallbackToLogsOnError"])
        errors += ports(container.elements("ports"), "\(field).ports")
        errors += environment(container.elements("env"), "\(field).env")
        errors += mounts(container.elements("volumeMounts"), "\(field).volumeMounts", volumes)
        let policies = ["Always", "IfNotPresent", "Never"]
        if !policies.contains(container.text("imagePullPolicy")) {
            errors += PodValidation.choice(container.text("imagePullPolicy"), "\(field).imagePullPolicy", policies)
        }
        errors += ResourceValidation.requirements(container["resources"] ?? [:], "\(field).resources")
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if let value = container[probe], !value.isNull {
                errors += self.probe(value, "\(field).\(probe)")
                if probe != "readinessProbe", let successes = value["successThreshold"]?.integer, successes != 1 {
                    errors.append(.invalid("\(field).\(probe).successThreshold", .integer(successes), "must be 1"))
                }
            }
        }
        if !name.isEmpty, !names.insert(name).inserted { errors.append(.duplicate("\(field).name", .string(name))) }
        return errors
    }

    private static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private static let portRange = "must be between 1 and 65535, inclusive"

    private static func ports(_ ports: [JSONValue], _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let path = "\(field)[\(index)]"
            let name = port.text("name")
            if !name.isEmpty {
                errors += portNameProblems(name).map { .invalid("\(path).name", .string(name), $0) }
                if !names.insert(name).inserted { errors.append(.duplicate("\(path).name", .string(name))) }
            }
            let number = port["containerPort"]?.integer ?? 0
            if number == 0 {
                errors.append(.required("\(path).containerPort"))
            } else if !(1...65_535).contains(number) {
                errors.append(.invalid("\(path).containerPort", .integer(number), portRange))
            }
            if let host = port["hostPort"]?.integer, host != 0, !(1...65_535).contains(host) {
                errors.append(.invalid("\(path).hostPort", .integer(host), portRange))
            }
            errors += PodValidation.choice(port.text("protocol"), "\(path).protocol", ["SCTP", "TCP", "UDP"])
        }
        return errors
    }

    /// Names of ports, IANA service names.
    static func portNameProblems(_ name: String) -> [String] {
        var problems: [String] = []
        if name.utf8.count > 15 { problems.append("must be no more than 15 characters") }
        let bytes = Array(name.utf8)
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        if !bytes.allSatisfy({ isLetter($0) || isDigit($0) || $0 == 0x2D }) {
            problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if !bytes.contains(where: isLetter) { problems.append("must contain at least one letter (a-z)") }
        if name.contains("--") { problems.append("must not contain consecutive hyphens") }
        if bytes.first == 0x2D || bytes.last == 0x2D { problems.append("must not begin or end with a hyphen") }
        return problems
    }

    private static func environment(_ variables: [JSONValue], _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, variable) in variables.enumerated() {
            let path = "\(field)[\(index)]"
            let name = variable.text("name")
            if name.isEmpty {
                errors.append(.required("\(path).name"))
            } else if !name.unicodeScalars.allSatisfy({ (0x20...0x7E).contains($0.value) && $0 != "=" }) {
                errors.append(
                    .invalid(
                        "\(path).name", .string(name),
                        "a valid environment variable name must consist only of printable ASCII characters other than '='"))
            }
            guard let source = variable["valueFrom"]?.object, !source.isEmpty else { continue }
            let kinds = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"].filter {
                source[$0] != nil
            }
            if kinds.isEmpty {
                errors.append(
                    .invalid(
                        "\(path).valueFrom", "",
                        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"))
            } else if !variable.text("value").isEmpty {
                errors.append(.invalid("\(path).valueFrom", "", "may not be specified when `value` is not empty"))
            } else if kinds.count > 1 {
                errors.append(.invalid("\(path).valueFrom", "", "may not have more than one field specified at a time"))
            }
        }
        return errors
    }

    private static func mounts(_ mounts: [JSONValue], _ field: String, _ volumes: Set<String>) -> [FieldError] {
        var errors: [FieldError] = []
        var paths: Set<String> = []
        for (index, mount) in mounts.enumerated() {
            let path = "\(field)[\(index)]"
            let name = mount.text("name")
            if name.isEmpty { errors.append(.required("\(path).name")) }
            if !volumes.contains(name) { errors.append(.notFound("\(path).name", .string(name))) }
            if mount.text("mountPath").isEmpty { errors.append(.required("\(path).mountPath")) }
            if !paths.insert(mount.text("mountPath")).inserted {
                errors.append(.invalid("\(path).mountPath", mount["mountPath"] ?? "", "must be unique"))
            }
            let sub = mount.text("subPath")
            if sub.hasPrefix("/") { errors.append(.invalid("\(path).subPath", .string(sub), "must be a relative path")) }
            if sub.split(separator: "/").contains("..") {
                errors.append(.invalid("\(path).subPath", .string(sub), "must not contain '..'"))
            }
        }
        return errors
    }

    private static func probe(_ probe: JSONValue, _ field: String) -> [FieldError] {
        var errors = handler(probe, field)
        for name in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
            if let value = probe[name]?.integer { errors += WorkloadValidation.nonNegative("\(field).\(name)", value) }
        }
        if let grace = probe["terminationGracePeriodSeconds"]?.integer, grace <= 0 {
            errors.append(.invalid("\(field).terminationGracePeriodSeconds", .integer(grace), "must be greater than 0"))
        }
        return errors
    }

    private static func handler(_ handler: JSONValue, _ field: String) -> [FieldError] {
        let kinds = ["exec", "httpGet", "tcpSocket", "grpc"].filter { handler.isSet($0) }
        var errors: [FieldError] = kinds.dropFirst().map {
            .forbidden("\(field).\($0)", "may not specify more than 1 handler type")
        }
        guard let kind = kinds.first, let action = handler[kind] else {
            return [.required(field, "must specify a handler type")]
        }
        let path = "\(field).\(kind)"
        if kind == "exec", action.elements("command").isEmpty { errors.append(.required("\(path).command")) }
        if kind == "httpGet", action.text("path").isEmpty { errors.append(.required("\(path).path")) }
        if kind != "exec" {
            switch action["port"] {
            case .integer(let number)? where !(1...65_535).contains(number):
                errors.append(.invalid("\(path).port", .integer(number), portRange))
            case .string(let name)?:
                errors += portNameProblems(name).map { .invalid("\(path).port", .string(name), $0) }
            default: break
            }
        }
        if kind == "httpGet" { errors += PodValidation.choice(action.text("scheme"), "\(path).scheme", ["HTTP", "HTTPS"]) }
        return errors
    }
}

/// Requests and limits of containers.
enum ResourceValidation {
    private static let standard: Set<String> = ["cpu", "memory", "ephemeral-storage"]

    static func requirements(_ resources: JSONValue, _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let limits = resources["limits"]?.object ?? [:]
        let requests = resources["requests"]?.object ?? [:]
        for (name, value) in limits.sorted(by: { $0.key < $1.key }) { errors += amount(name, value, "\(field).limits[\(name)]") }
        for (name, value) in requests.sorted(by: { $0.key < $1.key }) {
            errors += amount(name, value, "\(field).requests[\(name)]")
            let request = Quantity(value.string ?? "") ?? 0
            if let limit = limits[name].flatMap({ Quantity($0.string ?? "") }) {
                if request != limit, !allowsOvercommit(name) {
                    errors.append(.invalid("\(field).requests", value, "must be equal to \(name) limit of \(limit)"))
                } else if request > limit {
                    errors.append(.invalid("\(field).requests", value, "must be less than or equal to \(name) limit of \(limit)"))
                }
            } else if !allowsOvercommit(name) {
                errors.append(.required("\(field).limits", "Limit must be set for non overcommitable resources"))
            }
        }
        return errors
    }

    private static func isStandard(_ name: String) -> Bool { standard.contains(name) || name.hasPrefix("hugepages-") }

    private static func allowsOvercommit(_ name: String) -> Bool {
        !name.hasPrefix("hugepages-") && (!name.contains("/") || name.contains("kubernetes.io/"))
    }

    private static func amount(_ name: String, _ value: JSONValue, _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let problems = MetadataNames.qualifiedNameProblems(name)
        errors += problems.map { .invalid(field, .string(name), $0) }
        if !name.contains("/") {
            if problems.isEmpty, !isStandard(name) {
                errors.append(.invalid(field, .string(name), "must be a standard resource type or fully qualified"))
            }
            if !isStandard(name) { errors.append(.invalid(field, .string(name), "must be a standard resource for containers")) }
        }
        let quantity = Quantity(value.string ?? "") ?? 0
        if quantity.isNegative { errors.append(.invalid(field, value, "must be greater than or equal to 0")) }
        if name.contains("/"), quantity.nanos % 1_000_000_000 != 0 { errors.append(.invalid(field, value, "must be an integer")) }
        return errors
    }
}

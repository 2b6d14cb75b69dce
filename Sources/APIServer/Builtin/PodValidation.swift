import KubernetesTypes

/// Validation of pods and pod templates: the part of upstream's `ValidatePodSpec` whose fields this server's users meet.
enum PodValidation {
    static func pod(_ pod: JSONValue) -> [FieldError] {
        spec(pod["spec"] ?? [:], "spec")
    }

    static func template(_ template: JSONValue, _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (key, value) in (template[path: ["metadata", "labels"]]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            errors += MetadataNames.qualifiedNameProblems(key).map { .invalid("\(field).labels", .string(key), $0) }
            errors += MetadataNames.labelValueProblems(value.string ?? "").map { .invalid("\(field).labels", value, $0) }
        }
        errors += spec(template["spec"] ?? [:], "\(field).spec")
        if !(template["spec"]?.elements("ephemeralContainers").isEmpty ?? true) {
            errors.append(.forbidden("\(field).spec.ephemeralContainers", "ephemeral containers not allowed in pod template"))
        }
        return errors
    }

    private static func spec(_ spec: JSONValue, _ field: String) -> [FieldError] {
        let volumes = VolumeValidation.names(spec, "\(field).volumes")
        var errors = volumes.errors
        let containers = spec.elements("containers")
        var names: Set<String> = []
        if containers.isEmpty { errors.append(.required("\(field).containers")) }
        for (index, container) in containers.enumerated() {
            errors += ContainerValidation.container(container, "\(field).containers[\(index)]", volumes.names, &names)
        }
        var initNames: Set<String> = names
        for (index, container) in spec.elements("initContainers").enumerated() {
            let path = "\(field).initContainers[\(index)]"
            errors += ContainerValidation.container(container, path, volumes.names, &initNames)
            let policy = container["restartPolicy"]?.string
            if policy == nil {
                for probe in ["livenessProbe", "readinessProbe", "startupProbe"] where container.isSet(probe) {
                    errors.append(
                        .forbidden("\(path).\(probe)", "may not be set for init containers without restartPolicy=Always"))
                }
                if container.isSet("lifecycle") {
                    errors.append(
                        .forbidden("\(path).lifecycle", "may not be set for init containers without restartPolicy=Always"))
                }
            }
        }
        errors += choice(spec.text("restartPolicy"), "\(field).restartPolicy", ["Always", "OnFailure", "Never"])
        errors += dns(spec, field)
        for (key, value) in (spec["nodeSelector"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            errors += MetadataNames.qualifiedNameProblems(key).map { .invalid("\(field).nodeSelector", .string(key), $0) }
            errors += MetadataNames.labelValueProblems(value.string ?? "").map { .invalid("\(field).nodeSelector", value, $0) }
        }
        if let grace = spec["terminationGracePeriodSeconds"]?.integer {
            errors += WorkloadValidation.nonNegative("\(field).terminationGracePeriodSeconds", grace)
        }
        for name in ["serviceAccountName", "nodeName", "priorityClassName"] where !spec.text(name).isEmpty {
            errors += MetadataNames.subdomainProblems(spec.text(name)).map {
                .invalid("\(field).\(name)", .string(spec.text(name)), $0)
            }
        }
        if let deadline = spec["activeDeadlineSeconds"]?.integer, !(1...Int64(Int32.max)).contains(deadline) {
            errors.append(
                .invalid("\(field).activeDeadlineSeconds", .integer(deadline), "must be between 1 and 2147483647, inclusive"))
        }
        for name in ["hostname", "subdomain"] where !spec.text(name).isEmpty {
            let text = spec.text(name)
            if text.contains("."), MetadataNames.labelProblems(text).count == 1, name == "subdomain" {
                errors.append(.invalid("\(field).\(name)", .string(text), "must not contain dots"))
            } else {
                errors += MetadataNames.labelProblems(text).map { .invalid("\(field).\(name)", .string(text), $0) }
            }
        }
        errors += tolerations(spec.elements("tolerations"), "\(field).tolerations")
        errors += schedulingGates(spec, field)
        return errors
    }

    static func choice(_ value: String, _ field: String, _ supported: [String]) -> [FieldError] {
        if supported.contains(value) { return [] }
        return value.isEmpty ? [.required(field)] : [.notSupported(field, .string(value), supported: supported)]
    }

    private static func dns(_ spec: JSONValue, _ field: String) -> [FieldError] {
        let policy = spec.text("dnsPolicy")
        var errors = choice(policy, "\(field).dnsPolicy", ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
        if policy == "None" {
            if !spec.isSet("dnsConfig") {
                errors.append(.required("\(field).dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None"))
            } else if spec["dnsConfig"]?.elements("nameservers").isEmpty ?? true {
                errors.append(
                    .required(
                        "\(field).dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None"))
            }
        }
        return errors
    }

    private static func tolerations(_ tolerations: [JSONValue], _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, toleration) in tolerations.enumerated() {
            let path = "\(field)[\(index)]"
            let key = toleration.text("key")
            let comparison = toleration.text("operator")
            if !key.isEmpty {
                errors += MetadataNames.qualifiedNameProblems(key).map { .invalid("\(path).key", .string(key), $0) }
            }
            if key.isEmpty, comparison != "Exists" {
                errors.append(
                    .invalid(
                        "\(path).operator", .string(comparison),
                        "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
            }
            if toleration.isSet("tolerationSeconds"), toleration.text("effect") != "NoExecute" {
                errors.append(
                    .invalid(
                        "\(path).effect", .string(toleration.text("effect")),
                        "effect must be 'NoExecute' when `tolerationSeconds` is set"))
            }
            switch comparison {
            case "", "Equal":
                errors += MetadataNames.labelValueProblems(toleration.text("value")).map {
                    .invalid("\(path).operator", .string(toleration.text("value")), $0)
                }
            case "Exists":
                if !toleration.text("value").isEmpty {
                    errors.append(
                        .invalid(
                            "\(path).operator", .string(toleration.text("value")),
                            "value must be empty when `operator` is 'Exists'"))
                }
            default:
                errors.append(.notSupported("\(path).operator", .string(comparison), supported: ["Equal", "Exists"]))
            }
            let effect = toleration.text("effect")
            if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(effect) {
                errors.append(
                    .notSupported("\(path).effect", .string(effect), supported: ["NoSchedule", "PreferNoSchedule", "NoExecute"]))
            }
        }
        return errors
    }

    private static func schedulingGates(_ spec: JSONValue, _ field: String) -> [FieldError] {
        let gates = spec.elements("schedulingGates").map { $0.text("name") }
        var errors: [FieldError] = []
        var seen: Set<String> = []
        for (index, gate) in gates.enumerated() {
            let path = "\(field).schedulingGates[\(index)]"
            errors += MetadataNames.qualifiedNameProblems(gate).map { .invalid(path, .string(gate), $0) }
            if !seen.insert(gate).inserted { errors.append(.duplicate(path, .string(gate))) }
        }
        if !gates.isEmpty, !spec.text("nodeName").isEmpty {
            errors.append(.forbidden("\(field).nodeName", "cannot be set until all schedulingGates have been cleared"))
        }
        return errors
    }
}

/// Volumes of a pod.
enum VolumeValidation {
    static func names(_ spec: JSONValue, _ field: String) -> (names: Set<String>, errors: [FieldError]) {
        var names: Set<String> = []
        var errors: [FieldError] = []
        for (index, volume) in spec.elements("volumes").enumerated() {
            let path = "\(field)[\(index)]"
            let name = volume.text("name")
            errors += source(volume, path)
            if name.isEmpty {
                errors.append(.required("\(path).name"))
            } else {
                errors += MetadataNames.labelProblems(name).map { .invalid("\(path).name", .string(name), $0) }
            }
            if !name.isEmpty, !names.insert(name).inserted { errors.append(.duplicate("\(path).name", .string(name))) }
        }
        return (names, errors)
    }

    private static let order = [
        "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "glusterfs",
        "flocker", "persistentVolumeClaim", "rbd", "cephfs", "quobyte", "downwardAPI", "fc", "configMap", "azureFile",
        "vsphereVolume",
        "photonPersistentDisk", "portworxVolume", "azureDisk", "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
    ]

    private static func source(_ volume: JSONValue, _ path: String) -> [FieldError] {
        let sources = order.filter { volume.isSet($0) }
        var errors: [FieldError] = sources.dropFirst().map {
            .forbidden("\(path).\($0)", "may not specify more than 1 volume type")
        }
        if sources.isEmpty { errors.append(.required(path, "must specify a volume type")) }
        guard let kind = sources.first, let source = volume[kind] else { return errors }
        switch kind {
        case "hostPath":
            if source.text("path").isEmpty { errors.append(.required("\(path).hostPath.path")) }
            if source.text("path").split(separator: "/").contains("..") {
                errors.append(.invalid("\(path).hostPath.path", .string(source.text("path")), "must not contain '..'"))
            }
            let types = ["", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"]
            if !types.contains(source.text("type")) {
                errors.append(
                    .notSupported(
                        "\(path).hostPath.type", .string(source.text("type")), supported: types.filter { !$0.isEmpty }.sorted()))
            }
        case "secret": if source.text("secretName").isEmpty { errors.append(.required("\(path).secret.secretName")) }
        case "configMap": if source.text("name").isEmpty { errors.append(.required("\(path).configMap.name")) }
        case "persistentVolumeClaim":
            if source.text("claimName").isEmpty { errors.append(.required("\(path).persistentVolumeClaim.claimName")) }
        case "nfs":
            for name in ["server", "path"] where source.text(name).isEmpty { errors.append(.required("\(path).nfs.\(name)")) }
        default: break
        }
        return errors
    }
}

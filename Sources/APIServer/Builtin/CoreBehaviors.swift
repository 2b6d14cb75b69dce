import FoundationEssentials
import KubernetesTypes

/// The simple kinds of the core group.
enum CoreBehaviors {
    static let namespace = KindBehavior(
        defaults: { object in
            let name = object[path: ["metadata", "name"]]?.string ?? ""
            if !name.isEmpty { object[path: ["metadata", "labels", "kubernetes.io/metadata.name"]] = .string(name) }
            if object[path: ["status", "phase"]]?.string?.isEmpty ?? true { object[path: ["status", "phase"]] = "Active" }
        },
        hasStatus: true,
        prepareForCreate: { object in
            object["status"] = ["phase": "Active"]
            var finalizers = object[path: ["spec", "finalizers"]]?.array ?? []
            if !finalizers.contains("kubernetes") { finalizers.append("kubernetes") }
            object[path: ["spec", "finalizers"]] = .array(finalizers)
        },
        prepareForUpdate: { old, new in new["spec"] = old["spec"] })

    static let configMap = KindBehavior(
        validate: configMapErrors,
        validateUpdate: { old, new in
            immutableData(old, new, ["data", "binaryData"]) + configMapErrors(new)
        })

    static let secret = KindBehavior(
        defaults: { object in
            object.setDefaultText("type", "Opaque")
            // Text is for people who write secrets; it is stored as data, and stands over data that was sent beside it.
            for (key, text) in object["stringData"]?.object ?? [:] {
                object[path: ["data", key]] = .string(Data((text.string ?? "").utf8).base64EncodedString())
            }
            object["stringData"] = nil
        },
        validate: secretErrors,
        validateUpdate: { old, new in
            var errors: [FieldError] = []
            if old["type"] != new["type"] { errors.append(.invalid("type", new["type"] ?? "", "field is immutable")) }
            return errors + immutableData(old, new, ["data"]) + secretErrors(new)
        },
        warnings: { object, _ in
            guard object.text("type") == "kubernetes.io/tls", let text = object[path: ["data", "tls.crt"]]?.string else {
                return []
            }
            let certificate = Data(base64Encoded: text).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return certificate.contains("-----BEGIN") ? [] : ["tls: failed to find any PEM data in certificate input"]
        })

    static let node = KindBehavior(
        defaults: { object in
            object.modify("status") { status in
                // What is not said to be allocatable is what there is.
                if status["allocatable"]?.object?.isEmpty ?? true, let capacity = status["capacity"] {
                    status["allocatable"] = capacity
                }
            }
            object.modify("spec") { spec in
                if spec.elements("podCIDRs").isEmpty, !spec.text("podCIDR").isEmpty {
                    spec["podCIDRs"] = [.string(spec.text("podCIDR"))]
                }
            }
        },
        prepareForCreate: { object in
            // Admission plugin TaintNodesByCondition: nothing is scheduled to a node before it says that it is ready.
            var taints = object[path: ["spec", "taints"]]?.array ?? []
            let notReady: JSONValue = ["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"]
            if !taints.contains(notReady) { taints.append(notReady) }
            object[path: ["spec", "taints"]] = .array(taints)
        })

    static let persistentVolumeClaim = KindBehavior(
        defaults: { object in
            object.modify("status") { status in status.setDefaultText("phase", "Pending") }
            object.modify("spec") { spec in spec.setDefaultText("volumeMode", "Filesystem") }
        },
        hasStatus: true,
        prepareForCreate: { object in
            object["status"] = ["phase": "Pending"]
            protect(&object, "kubernetes.io/pvc-protection")
        },
        validate: claimErrors,
        validateUpdate: { old, new in claimErrors(new) + claimChanges(old, new) })

    static let persistentVolume = KindBehavior(
        defaults: { object in
            object.modify("status") { status in status.setDefaultText("phase", "Pending") }
            object.modify("spec") { spec in
                spec.setDefaultText("persistentVolumeReclaimPolicy", "Retain")
                spec.setDefaultText("volumeMode", "Filesystem")
            }
        },
        hasStatus: true,
        prepareForCreate: { object in
            object["status"] = ["phase": "Pending"]
            protect(&object, "kubernetes.io/pv-protection")
        })

    /// Admission plugin StorageObjectInUseProtection.
    private static func protect(_ object: inout JSONValue, _ finalizer: String) {
        var finalizers = object[path: ["metadata", "finalizers"]]?.array ?? []
        if !finalizers.contains(.string(finalizer)) { finalizers.append(.string(finalizer)) }
        object[path: ["metadata", "finalizers"]] = .array(finalizers)
    }

    static let limitRange = KindBehavior(
        defaults: { object in
            object.modify("spec") { spec in
                spec.modifyEach("limits") { item in
                    guard item.text("type") == "Container" else { return }
                    // Maxima are defaults where nothing else is, limits are requests, minima are requests.
                    func fill(_ name: String, _ sources: [String]) {
                        for source in sources {
                            for (resource, amount) in item[source]?.object ?? [:] where item[name]?[resource] == nil {
                                item[path: [name, resource]] = amount
                            }
                        }
                    }
                    fill("default", ["max"])
                    fill("defaultRequest", ["default", "min"])
                }
            }
        })

    static let endpoints = KindBehavior(
        defaults: { object in
            object.modifyEach("subsets") { subset in
                subset.modifyEach("ports") { port in port.setDefaultText("protocol", "TCP") }
            }
        })

    static let endpointSlice = KindBehavior(
        defaults: { object in
            object.modifyEach("ports") { port in
                port.setDefault("name", "")
                port.setDefault("protocol", "TCP")
            }
        }, hasGeneration: true,
        changesGeneration: { old, new in
            old["endpoints"] != new["endpoints"] || old["ports"] != new["ports"]
        })

    // MARK: - Validation

    static let maximumDataBytes = 1_048_576

    private static func configMapErrors(_ object: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        var total = 0
        let binary = object["binaryData"]?.object ?? [:]
        for (key, value) in (object["data"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            errors += keyProblems(key).map { .invalid("data[\(key)]", .string(key), $0) }
            if binary[key] != nil {
                errors.append(.invalid("data[\(key)]", .string(key), "duplicate of key present in binaryData"))
            }
            total += value.string?.utf8.count ?? 0
        }
        for (key, value) in binary.sorted(by: { $0.key < $1.key }) {
            errors += keyProblems(key).map { .invalid("binaryData[\(key)]", .string(key), $0) }
            total += decodedBytes(value)
        }
        if total > maximumDataBytes { errors.append(.tooLong("[]", maximum: maximumDataBytes)) }
        return errors
    }

    private static func decodedBytes(_ value: JSONValue) -> Int {
        let text = value.string ?? ""
        return text.utf8.count / 4 * 3 - text.utf8.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
    }

    /// Keys of configuration maps and secrets.
    static func keyProblems(_ key: String) -> [String] {
        var problems: [String] = []
        if key.utf8.count > 253 { problems.append("must be no more than 253 bytes") }
        let isValid =
            !key.isEmpty
            && key.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || [0x2D, 0x2E, 0x5F].contains($0)
            }
        if !isValid {
            problems.append(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
                    + "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')")
        }
        if key == "." { problems.append("must not be '.'") }
        if key == ".." {
            problems.append("must not be '..'")
        } else if key.hasPrefix("..") {
            problems.append("must not start with '..'")
        }
        return problems
    }

    private static func immutableData(_ old: JSONValue, _ new: JSONValue, _ fields: [String]) -> [FieldError] {
        guard old["immutable"]?.bool == true else { return [] }
        var errors: [FieldError] = []
        if new["immutable"]?.bool != true { errors.append(.forbidden("immutable", "field is immutable when `immutable` is set")) }
        for field in fields where old[field] != new[field] {
            errors.append(.forbidden(field, "field is immutable when `immutable` is set"))
        }
        return errors
    }

    private static func secretErrors(_ object: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let data = object["data"]?.object ?? [:]
        var total = 0
        for (key, value) in data.sorted(by: { $0.key < $1.key }) {
            errors += keyProblems(key).map { .invalid("data[\(key)]", .string(key), $0) }
            total += decodedBytes(value)
        }
        if total > maximumDataBytes { errors.append(.tooLong("data", maximum: maximumDataBytes)) }
        func require(_ keys: [String]) {
            for key in keys where data[key] == nil { errors.append(.required("data[\(key)]")) }
        }
        switch object.text("type") {
        case "kubernetes.io/tls": require(["tls.crt", "tls.key"])
        case "kubernetes.io/ssh-auth": require(["ssh-privatekey"])
        case "kubernetes.io/dockerconfigjson": require([".dockerconfigjson"])
        case "kubernetes.io/dockercfg": require([".dockercfg"])
        case "kubernetes.io/basic-auth":
            if data["username"] == nil, data["password"] == nil { require(["username", "password"]) }
        case "kubernetes.io/service-account-token":
            let account = object[path: ["metadata", "annotations", "kubernetes.io/service-account.name"]]?.string ?? ""
            if account.isEmpty { errors.append(.required("metadata.annotations[kubernetes.io/service-account.name]")) }
        default: break
        }
        return errors
    }

    private static func claimErrors(_ object: JSONValue) -> [FieldError] {
        let spec = object["spec"] ?? [:]
        var errors: [FieldError] = []
        let modes = spec.elements("accessModes").compactMap(\.string)
        if modes.isEmpty { errors.append(.required("spec.accessModes", "at least 1 access mode is required")) }
        let known = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
        for mode in modes where !known.contains(mode) {
            errors.append(.notSupported("spec.accessModes", .string(mode), supported: known))
        }
        if spec[path: ["resources", "requests", "storage"]] == nil { errors.append(.required("spec.resources[storage]")) }
        return errors
    }

    private static func claimChanges(_ old: JSONValue, _ new: JSONValue) -> [FieldError] {
        var before = old["spec"] ?? [:]
        var after = new["spec"] ?? [:]
        for name in ["resources", "volumeAttributesClassName"] {
            before[name] = nil
            after[name] = nil
        }
        if before.text("volumeName").isEmpty { before["volumeName"] = after["volumeName"] }
        guard before != after else { return [] }
        return [
            .forbidden(
                "spec",
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims")
        ]
    }
}

import KubernetesTypes

/// Objects as upstream's internal Go types print as indented JSON: every field with its Go name, empty ones too.
///
/// Messages about changes that are refused show the difference of two such texts.
enum GoStructText {
    /// - Parameter type: `PodSpec` or the like of core/v1.
    static func lines(_ value: JSONValue, coreType type: String) -> [String] {
        var writer = Writer()
        writer.write(value, .named("io.k8s.api.core.v1.\(type)"), prefix: "", suffix: "", depth: 0)
        return writer.lines
    }

    private struct Writer {
        var lines: [String] = []

        mutating func write(_ value: JSONValue?, _ type: FieldType.Reference, prefix: String, suffix: String, depth: Int) {
            let indentation = String(repeating: " ", count: depth)
            switch value {
            case .object(let members)?:
                let entries = entries(members, type)
                if entries.isEmpty {
                    lines.append("\(indentation)\(prefix){}\(suffix)")
                    return
                }
                lines.append("\(indentation)\(prefix){")
                for (index, entry) in entries.enumerated() {
                    write(
                        entry.value, entry.type, prefix: "\(GoStructText.quoted(entry.name)): ",
                        suffix: index + 1 < entries.count ? "," : "", depth: depth + 1)
                }
                lines.append("\(indentation)}\(suffix)")
            case .array(let elements)?:
                if elements.isEmpty {
                    lines.append("\(indentation)\(prefix)[]\(suffix)")
                    return
                }
                lines.append("\(indentation)\(prefix)[")
                let element = type.type.list?.element ?? .direct(.untyped)
                for (index, member) in elements.enumerated() {
                    write(member, element, prefix: "", suffix: index + 1 < elements.count ? "," : "", depth: depth + 1)
                }
                lines.append("\(indentation)]\(suffix)")
            case .string(let text)?: lines.append("\(indentation)\(prefix)\(GoStructText.quoted(text))\(suffix)")
            default: lines.append("\(indentation)\(prefix)\(JSONSerializer.string(value ?? .null))\(suffix)")
            }
        }

        private typealias Entry = (name: String, value: JSONValue?, type: FieldType.Reference)

        private func entries(_ members: [String: JSONValue], _ type: FieldType.Reference) -> [Entry] {
            let map = type.type.map
            guard let name = type.name, let fields = map?.fields, !fields.isEmpty else {
                return members.sorted { $0.key < $1.key }.map { ($0.key, $0.value, map?.element ?? .direct(.untyped)) }
            }
            let members = GoStructText.internalForm(members, type: name)
            return GoStructText.fields(of: name).map { field in
                let schema = fields[field] ?? GoStructText.podSecurityField(field)
                let value = members[field].flatMap { $0.isNull ? nil : $0 } ?? schema.map(GoStructText.zero) ?? .null
                return (GoStructText.goName(field), value, schema?.type ?? .direct(.untyped))
            }
        }
    }

    private static let core = "io.k8s.api.core.v1."
    private static let hostFields = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"]

    /// Fields in the order of the internal types, which differs here and there from that of the published ones.
    private static func fields(of type: String) -> [String] {
        switch type {
        case core + "PodSpec":
            [
                "volumes", "initContainers", "containers", "ephemeralContainers", "restartPolicy",
                "terminationGracePeriodSeconds",
                "activeDeadlineSeconds", "dnsPolicy", "nodeSelector", "serviceAccountName", "automountServiceAccountToken",
                "nodeName", "securityContext", "imagePullSecrets", "hostname", "subdomain", "setHostnameAsFQDN", "affinity",
                "schedulerName", "tolerations", "hostAliases", "priorityClassName", "priority", "preemptionPolicy", "dnsConfig",
                "readinessGates", "runtimeClassName", "overhead", "enableServiceLinks", "topologySpreadConstraints", "os",
                "schedulingGates", "resourceClaims", "resources", "hostnameOverride", "schedulingGroup",
            ]
        case core + "PodSecurityContext":
            hostFields + [
                "seLinuxOptions", "windowsOptions", "runAsUser", "runAsGroup", "runAsNonRoot", "supplementalGroups",
                "supplementalGroupsPolicy", "fsGroup", "fsGroupChangePolicy", "sysctls", "seccompProfile", "appArmorProfile",
                "seLinuxChangePolicy",
            ]
        default: GoFieldOrder.fields(of: type)
        }
    }

    /// What the internal types keep in other places.
    private static func internalForm(_ members: [String: JSONValue], type: String) -> [String: JSONValue] {
        guard type == core + "PodSpec" else { return members }
        var members = members
        var context = members["securityContext"]?.object ?? [:]
        for field in hostFields { context[field] = members.removeValue(forKey: field) }
        members["securityContext"] = .object(context)
        return members
    }

    /// Fields of the pod that the internal types have in its security context.
    private static func podSecurityField(_ field: String) -> FieldType.Field? {
        guard hostFields.contains(field) else { return nil }
        return KubernetesSchema.builtin.type(named: core + "PodSpec")?.map?.fields[field]
    }

    /// What Go has in a field that nobody set.
    private static func zero(_ field: FieldType.Field) -> JSONValue {
        if field.zeroForm == .structure { return [:] }
        guard field.zeroForm == .dropped || field.zeroForm == .zero else { return .null }
        switch field.type.type.jsonType {
        case "string": return field.type.type.format == "date-time" || field.type.type.format == "byte" ? .null : ""
        case "integer", "number": return 0
        case "boolean": return false
        default: return .null
        }
    }

    private static let initialisms: [String: String] = [
        "dnsPolicy": "DNSPolicy", "dnsConfig": "DNSConfig", "tty": "TTY", "os": "OS", "httpGet": "HTTPGet",
        "tcpSocket": "TCPSocket", "grpc": "GRPC", "fsGroup": "FSGroup", "fsGroupChangePolicy": "FSGroupChangePolicy",
        "seLinuxOptions": "SELinuxOptions", "seLinuxChangePolicy": "SELinuxChangePolicy", "hostPID": "HostPID",
        "hostIPC": "HostIPC", "hostIP": "HostIP", "ip": "IP", "httpHeaders": "HTTPHeaders", "nfs": "NFS", "rbd": "RBD",
        "csi": "CSI", "iscsi": "ISCSI", "fc": "FC", "downwardAPI": "DownwardAPI",
    ]

    private static func goName(_ field: String) -> String {
        initialisms[field] ?? field.prefix(1).uppercased() + field.dropFirst()
    }

    /// As `encoding/json` writes texts: with `<`, `>` and `&` as escapes.
    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONSerializer.writeString(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self).map { character in
            switch character {
            case "<": "\\u003c"
            case ">": "\\u003e"
            case "&": "\\u0026"
            default: String(character)
            }
        }.joined()
    }
}

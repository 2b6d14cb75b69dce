import KubernetesTypes

/// How to delete: from the body and the query parameters.
struct DeleteOptions: Sendable {
    enum Propagation: String, Sendable { case foreground = "Foreground", background = "Background", orphan = "Orphan" }

    var gracePeriodSeconds: Int64?
    var uid: String?
    var resourceVersion: String?
    var orphanDependents: Bool?
    var propagation: Propagation?
    var isDryRun = false

    init() {}

    init(_ request: APIRequest) throws(APIError) {
        var options: JSONValue = [:]
        if !request.body.isEmpty {
            options = try Self.body(request)
        } else {
            for name in ["gracePeriodSeconds"] {
                if let value = try ListOptions.integer(request, name) { options[name] = .integer(value) }
            }
            if let value = request.parameter("orphanDependents") {
                options["orphanDependents"] = .bool(RequestInfo.isTrue(value))
            }
            if let value = request.parameter("propagationPolicy") { options["propagationPolicy"] = .string(value) }
            let dryRun = request.parameters("dryRun")
            if !dryRun.isEmpty { options["dryRun"] = .array(dryRun.map { .string($0) }) }
        }
        try self.init(options)
    }

    init(_ options: JSONValue) throws(APIError) {
        gracePeriodSeconds = options["gracePeriodSeconds"]?.integer
        orphanDependents = options["orphanDependents"]?.bool
        uid = options["preconditions"]?["uid"]?.string
        resourceVersion = options["preconditions"]?["resourceVersion"]?.string
        let dryRun = options["dryRun"]?.array?.compactMap(\.string) ?? []
        isDryRun = dryRun == ["All"]
        var errors: [FieldError] = []
        if let policy = options["propagationPolicy"]?.string {
            propagation = Propagation(rawValue: policy)
            if orphanDependents != nil {
                errors.append(
                    .invalid("propagationPolicy", .string(policy), "orphanDependents and deletionPropagation cannot be both set"))
            } else if propagation == nil {
                errors.append(
                    .notSupported("propagationPolicy", .string(policy), supported: ["Foreground", "Background", "Orphan", "nil"]))
            }
        }
        errors += WriteOptions.dryRunErrors(dryRun)
        if !errors.isEmpty { throw .invalid(group: "meta.k8s.io", kind: "DeleteOptions", name: "", errors) }
    }

    private static func body(_ request: APIRequest) throws(APIError) -> JSONValue {
        let decoded = try RequestBody.decode(request, kind: "DeleteOptions").value
        guard decoded.object != nil else { return [:] }
        if let kind = decoded["kind"]?.string, kind != "DeleteOptions", !kind.isEmpty {
            let apiVersion = decoded["apiVersion"]?.string ?? ""
            throw .badRequest(
                "no kind \"\(kind)\" is registered for version \"\(apiVersion)\" in scheme "
                    + "\"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\"")
        }
        for (field, type) in [("gracePeriodSeconds", "int64")] {
            if let value = decoded[field], !value.isNull, value.integer == nil {
                throw .badRequest(
                    "json: cannot unmarshal \(GoJSONErrors.typeName(value)) into Go struct field DeleteOptions.\(field) of type \(type)"
                )
            }
        }
        return decoded
    }

    /// The finalizer that deletion has to put on an object, if any. An object's own finalizers count where nothing is asked for.
    func dependentsFinalizer(of object: JSONValue, defaultsToOrphan: Bool) -> String? {
        let own = Set(object["metadata"]?["finalizers"]?.array?.compactMap(\.string) ?? [])
        if let orphanDependents { return orphanDependents ? "orphan" : nil }
        switch propagation {
        case .orphan: return "orphan"
        case .foreground: return "foregroundDeletion"
        case .background: return nil
        case nil:
            if own.contains("orphan") { return "orphan" }
            if own.contains("foregroundDeletion") { return "foregroundDeletion" }
            return defaultsToOrphan ? "orphan" : nil
        }
    }
}

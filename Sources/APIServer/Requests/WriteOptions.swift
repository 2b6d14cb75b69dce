import KubernetesTypes

/// The query parameters of create, update and patch.
struct WriteOptions: Sendable {
    enum FieldValidation: Sendable { case ignore, warn, strict }

    var isDryRun = false
    var fieldValidation = FieldValidation.warn
    var fieldManager = ""
    var force: Bool?

    /// - Parameter kind: `CreateOptions`, `UpdateOptions` or `PatchOptions`, for messages.
    init(_ request: APIRequest, kind: String, isApply: Bool = false) throws(APIError) {
        var errors: [FieldError] = []
        fieldManager = request.parameter("fieldManager") ?? ""
        if let value = request.parameter("force") { force = RequestInfo.isTrue(value) }
        if kind == "PatchOptions", !isApply, force != nil {
            errors.append(.forbidden("force", "may not be specified for non-apply patch"))
        }
        if isApply, fieldManager.isEmpty {
            errors.append(.required("fieldManager", "is required for apply patch"))
        }
        errors += Self.managerErrors(fieldManager)
        let dryRun = request.parameters("dryRun")
        errors += Self.dryRunErrors(dryRun)
        isDryRun = dryRun == ["All"]
        switch request.parameter("fieldValidation") ?? "" {
        case "", "Warn": fieldValidation = .warn
        case "Ignore": fieldValidation = .ignore
        case "Strict": fieldValidation = .strict
        case let other:
            errors.append(.notSupported("fieldValidation", .string(other), supported: ["", "Ignore", "Strict", "Warn"]))
        }
        if !errors.isEmpty { throw .invalid(group: "meta.k8s.io", kind: kind, name: "", errors) }
    }

    /// Who the change is recorded for: the parameter, or the client program's name.
    func manager(_ request: APIRequest) -> String {
        guard fieldManager.isEmpty else { return fieldManager }
        let agent = request.header("user-agent") ?? ""
        let program = agent.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
        return String(decoding: program.utf8.prefix(128), as: UTF8.self)
    }

    static func dryRunErrors(_ values: [String]) -> [FieldError] {
        guard values.contains(where: { $0 != "All" }) else { return [] }
        return [.notSupported("dryRun", .array(values.map { .string($0) }), supported: ["All"])]
    }

    private static func managerErrors(_ manager: String) -> [FieldError] {
        var errors: [FieldError] = []
        if manager.utf8.count > 128 { errors.append(.tooLong("fieldManager", maximum: 128)) }
        for (position, scalar) in manager.unicodeScalars.enumerated() where scalar.value < 0x20 || scalar.value == 0x7F {
            let code = String(scalar.value, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
            errors.append(
                .invalid("fieldManager", .string(manager), "invalid character U+\(padded) (at position \(position))"))
        }
        return errors
    }
}

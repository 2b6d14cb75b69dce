import KubernetesTypes

/// Checks the fields of a custom resource that its `scale` path reads and writes: numbers of replicas and a selector's text.
struct ScaleValidation: Sendable {
    private let specReplicas: String
    private let statusReplicas: String
    private let labelSelector: String

    /// - Parameter scale: `subresources.scale` of a definition's version.
    init(_ scale: JSONValue) {
        specReplicas = scale.text("specReplicasPath")
        statusReplicas = scale.text("statusReplicasPath")
        labelSelector = scale.text("labelSelectorPath")
    }

    func validate(_ object: JSONValue, checksSpec: Bool) -> [FieldError] {
        var errors = checksSpec ? replicas(object, specReplicas) : []
        errors += replicas(object, statusReplicas)
        if let value = value(object, labelSelector), value.string == nil {
            errors.append(.invalid(labelSelector, "", Self.accessor(labelSelector, value, expected: "string")))
        }
        return errors
    }

    private func value(_ object: JSONValue, _ path: String) -> JSONValue? {
        path.isEmpty ? nil : object[path: path.split(separator: ".").map(String.init)]
    }

    private func replicas(_ object: JSONValue, _ path: String) -> [FieldError] {
        guard let value = value(object, path) else { return [] }
        guard case .integer(let number) = value else {
            return [.invalid(path, 0, Self.accessor(path, value, expected: "int64"))]
        }
        if number < 0 { return [.invalid(path, value, "should be a non-negative integer")] }
        if number > Int64(Int32.max) { return [.invalid(path, value, "should be less than or equal to \(Int32.max)")] }
        return []
    }

    private static func accessor(_ path: String, _ value: JSONValue, expected: String) -> String {
        "\(path) accessor error: \(GoValueText.map(value)) is of the type \(GoValueText.type(value)), expected \(expected)"
    }
}

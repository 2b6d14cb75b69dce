import KubernetesTypes

/// The rules of one version of a custom resource.
struct CustomResourceRules: ObjectRules {
    private let schema: StructuralSchema
    /// The schema that objects are stored by; what it does not have is not kept, whatever version a request speaks.
    private let storedSchema: StructuralSchema
    private let type: FieldType
    private let hasStatus: Bool
    private let expressions: ExpressionRules
    private let scale: ScaleValidation?
    private let kind: String
    private let version: String

    init(definition: JSONValue, version: String) {
        let spec = definition["spec"] ?? [:]
        let entry = spec.elements("versions").first { $0.text("name") == version } ?? [:]
        let source =
            entry[path: ["schema", "openAPIV3Schema"]] ?? ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        schema = StructuralSchema(source)
        let stored = spec.elements("versions").first { $0["storage"]?.bool == true } ?? entry
        storedSchema =
            stored == entry ? schema : StructuralSchema(stored[path: ["schema", "openAPIV3Schema"]] ?? source)
        type = FieldType.customResource(openAPI: source)
        hasStatus = entry[path: ["subresources", "status"]] != nil
        expressions = ExpressionRules(schema)
        scale = entry[path: ["subresources", "scale"]].flatMap { $0.object == nil ? nil : ScaleValidation($0) }
        kind = spec[path: ["names", "kind"]]?.string ?? ""
        self.version = version
    }

    func decode(_ object: JSONValue) throws(APIError) -> DecodedObject {
        var (pruned, unknown) = SchemaPruning.prune(object, schema)
        if let metadata = object["metadata"], !metadata.isNull,
            let type = KubernetesSchema.builtin.type(named: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
        {
            var decoder = BuiltinDecoder(kind: GroupVersionKind(group: "", version: "", kind: "ObjectMeta"))
            do throws(BuiltinDecoder.Mismatch) {
                guard case .object = metadata else {
                    throw BuiltinDecoder.Mismatch(
                        message: "json: cannot unmarshal \(GoNames.kind(metadata)) into Go value of type v1.ObjectMeta")
                }
                pruned["metadata"] = try decoder.decode(metadata, type)
            } catch {
                throw .badRequest("\(kind) in version \"\(version)\" cannot be handled as a \(kind): \(error.message)")
            }
            unknown += decoder.findings.compactMap { finding in
                finding.split(separator: "\"").dropFirst().first.map { "metadata.\($0)" }
            }
        }
        SchemaPruning.applyDefaults(&pruned, schema)
        return DecodedObject(object: pruned, findings: unknown.map { "unknown field \"\($0)\"" })
    }

    func defaulted(_ object: JSONValue) -> JSONValue {
        // An object may have been written in a version with other fields.
        var (object, _) = SchemaPruning.prune(object, storedSchema)
        SchemaPruning.applyDefaults(&object, storedSchema)
        return object
    }

    /// The object as the storage version has it, after it is recorded who wrote what in the version of the request.
    func stored(_ object: JSONValue) -> JSONValue { storedSchema === schema ? object : defaulted(object) }

    func prepareForCreate(_ object: JSONValue) -> JSONValue {
        var object = object
        guard hasStatus else { return object }
        object["status"] = nil
        return object
    }

    func prepareForUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> JSONValue {
        if subresource == "status" {
            var object = old
            object["status"] = new["status"]
            // Only resourceVersion and managedFields of the metadata come from a status update.
            object[path: ["metadata", "resourceVersion"]] = new[path: ["metadata", "resourceVersion"]]
            object[path: ["metadata", "managedFields"]] = new[path: ["metadata", "managedFields"]]
            return object
        }
        guard hasStatus, subresource == nil else { return new }
        var object = new
        object["status"] = old["status"]
        return object
    }

    func validateCreate(_ object: JSONValue) -> [FieldError] { validate(object, old: nil) }

    func validateUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> [FieldError] {
        subresource == "status" ? validateStatus(new, old: old) : validate(new, old: old)
    }

    private func validate(_ object: JSONValue, old: JSONValue?) -> [FieldError] {
        let errors =
            ValueValidation.validate(object, old: old, schema) + (scale?.validate(object, checksSpec: true) ?? [])
        return withExpressions(errors, object, old: old)
    }

    /// A write of the status is held to the schema of the status alone.
    private func validateStatus(_ object: JSONValue, old: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        if let status = object["status"], let schema = schema.properties["status"] {
            errors = ValueValidation.validate(status, old: old["status"], schema, isResource: false).map { error in
                var error = error
                if error.field != "<nil>" { error.field = error.field.isEmpty ? "status" : "status.\(error.field)" }
                return error
            }
        }
        return withExpressions(errors + (scale?.validate(object, checksSpec: false) ?? []), object, old: old)
    }

    private func withExpressions(_ errors: [FieldError], _ object: JSONValue, old: JSONValue?) -> [FieldError] {
        guard expressions.hasRules else { return errors }
        let blocking: Set<FieldError.Reason> = [.notSupported, .required, .tooLong, .tooMany, .typeInvalid]
        if errors.contains(where: { blocking.contains($0.reason) }) {
            return errors + [
                FieldError(
                    .invalid, "<nil>",
                    message: "Invalid value: null: some validation rules were not checked because the object was invalid; "
                        + "correct the existing errors to complete validation")
            ]
        }
        return errors + expressions.validate(object, old: old)
    }

    func changesGeneration(old: JSONValue, new: JSONValue) -> Bool {
        func contents(_ object: JSONValue) -> JSONValue {
            var object = object
            object["metadata"] = nil
            if hasStatus { object["status"] = nil }
            return object
        }
        return contents(old) != contents(new)
    }

    var fields: (any FieldStructure)? {
        KindFields(type: type, emptyObject: ["metadata": [:]])
    }
}

import KubernetesTypes

/// Rules for kinds of which nothing more is known: every field is kept, nothing but status is looked after.
struct PassThroughRules: ObjectRules {
    func decode(_ object: JSONValue) throws(APIError) -> DecodedObject { DecodedObject(object: object, findings: []) }

    func defaulted(_ object: JSONValue) -> JSONValue { object }

    func prepareForCreate(_ object: JSONValue) -> JSONValue { object }

    func prepareForUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> JSONValue {
        if subresource == "status" {
            var result = old
            result["metadata"] = new["metadata"]
            result["status"] = new["status"]
            return result
        }
        var result = new
        result["status"] = old["status"]
        return result
    }

    func validateCreate(_ object: JSONValue) -> [FieldError] { [] }

    func validateUpdate(old: JSONValue, new: JSONValue, subresource: String?) -> [FieldError] { [] }
}

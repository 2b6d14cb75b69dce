import KubernetesTypes
import Testing

@testable import APIServer

@Suite struct CustomResourceRulesTests {
    private static func definition(_ schema: String) throws -> JSONValue {
        [
            "metadata": ["name": "values.example.dev"],
            "spec": [
                "group": "example.dev", "scope": "Namespaced",
                "names": ["plural": "values", "singular": "value", "kind": "Value", "listKind": "ValueList"],
                "conversion": ["strategy": "None"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": ["type": "object", "properties": ["spec": try JSONParser.parse(schema)]]],
                    ]
                ],
            ], "status": ["storedVersions": ["v1"]],
        ]
    }

    private static func problems(_ schema: String, _ spec: String, old: String? = nil) throws -> [String] {
        let rules = CustomResourceRules(definition: try definition(schema), version: "v1")
        func object(_ spec: String) throws -> JSONValue {
            try rules.decode([
                "apiVersion": "example.dev/v1", "kind": "Value", "metadata": ["name": "a"], "spec": JSONParser.parse(spec),
            ]).object
        }
        let errors =
            if let old {
                rules.validateUpdate(old: try object(old), new: try object(spec), subresource: nil)
            } else {
                rules.validateCreate(try object(spec))
            }
        return errors.map { "\($0.field): \($0.message)" }
    }

    @Test(arguments: [
        (#"{"type":"string"}"#, "1", #"spec: Invalid value: "integer": spec in body must be of type string: "integer""#),
        (#"{"type":"string","maxLength":2}"#, #""abc""#, "spec: Too long: may not be more than 2 bytes"),
        (#"{"type":"string","pattern":"^[a-z]+$"}"#, #""A""#, #"spec: Invalid value: "A": spec in body should match '^[a-z]+$'"#),
        (#"{"type":"string","enum":["a","b"]}"#, #""c""#, #"spec: Unsupported value: "c": supported values: "a", "b""#),
        (#"{"type":"integer","maximum":3}"#, "4", "spec: Invalid value: 4: spec in body should be less than or equal to 3"),
        (
            #"{"type":"integer","multipleOf":3}"#, "9007199254740994",
            "spec: Invalid value: 9007199254740994: spec in body should be a multiple of 3"
        ),
        (#"{"type":"object","required":["x"]}"#, "{}", "spec.x: Required value"),
        (
            #"{"type":"array","items":{"type":"string"},"maxItems":1}"#, #"["a","b"]"#,
            "spec: Too many: 2: must have at most 1 item"
        ),
        (
            #"{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"}"#, #"["a","a"]"#,
            #"spec[1]: Duplicate value: "a""#
        ),
        (
            #"{"x-kubernetes-int-or-string":true}"#, "true",
            #"spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean""#
        ),
        (
            #"{"type":"integer","x-kubernetes-validations":[{"rule":"self % 2 == 0","message":"must be even"}]}"#, "3",
            "spec: Invalid value: 3: must be even"
        ),
        (
            #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.a < self.b"}]}"#,
            #"{"a":1}"#, #"spec: Invalid value: "object": no such key: b evaluating rule: self.a < self.b"#
        ),
    ])
    func valuesAreRefusedInUpstreamsWords(schema: String, spec: String, message: String) throws {
        #expect(try Self.problems(schema, spec) == [message])
    }

    @Test func unchangedValuesAreForgiven() throws {
        let schema =
            #"{"type":"object","properties":{"a":{"type":"string","maxLength":2},"b":{"type":"integer"},"c":{"type":"integer"}},"required":["c"]}"#
        #expect(try Self.problems(schema, #"{"a":"long","b":2,"c":1}"#, old: #"{"a":"long","b":1,"c":1}"#).isEmpty)
        #expect(try Self.problems(schema, #"{"a":"longer"}"#, old: #"{"a":"long"}"#).count == 2)
    }

    @Test func transitionRulesSeeTheOldValue() throws {
        let schema = #"{"type":"string","x-kubernetes-validations":[{"rule":"self == oldSelf","message":"is immutable"}]}"#
        #expect(try Self.problems(schema, #""a""#).isEmpty)
        #expect(try Self.problems(schema, #""b""#, old: #""a""#) == [#"spec: Invalid value: "b": is immutable"#])
    }

    @Test func unknownFieldsArePrunedAndDefaultsFilledIn() throws {
        let schema =
            #"{"type":"object","properties":{"a":{"type":"integer","default":3},"free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"n":{"type":"string"}}}"#
        let rules = CustomResourceRules(definition: try Self.definition(schema), version: "v1")
        let decoded = try rules.decode([
            "apiVersion": "example.dev/v1", "kind": "Value", "metadata": ["name": "a"],
            "spec": ["q": 1, "n": nil, "free": ["x": ["y": 1]]],
        ])
        #expect(decoded.object["spec"] == ["a": 3, "free": ["x": ["y": 1]]])
        #expect(decoded.findings == [#"unknown field "spec.q""#])
    }

    @Test(arguments: [
        (#"{"type":"array"}"#, "spec.validation.openAPIV3Schema.properties[spec].items: Required value: must be specified"),
        (
            #"{"type":"text"}"#,
            #"spec.validation.openAPIV3Schema.properties[spec].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string""#
        ),
        (
            #"{"type":"integer","default":5,"maximum":3}"#,
            "spec.validation.openAPIV3Schema.properties[spec].default: Invalid value: 5:  in body should be less than or equal to 3"
        ),
        (
            #"{"type":"array","x-kubernetes-list-type":"map","items":{"type":"object"}}"#,
            "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"
        ),
        (
            #"{"type":"integer","x-kubernetes-validations":[{"rule":"self + 1"}]}"#,
            #"spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self + 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool"#
        ),
    ])
    func definitionsAreRefusedInUpstreamsWords(schema: String, message: String) throws {
        let errors = DefinitionValidation.validate(try Self.definition(schema))
        #expect(errors.map { "\($0.field): \($0.message)" } == [message])
    }
}

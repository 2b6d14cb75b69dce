import KubernetesTypes
import Testing

@testable import APIServer

@Suite struct BuiltinRulesTests {
    private static func rules(_ apiVersion: String, _ kind: String) -> any ObjectRules {
        let kind = GroupVersionKind(apiVersion: apiVersion, kind: kind)
        return SchemaRulesProvider().rules(group: kind.group, version: kind.version, kind: kind.kind)
    }

    private static func decoded(_ apiVersion: String, _ kind: String, _ members: [String: JSONValue]) throws(APIError)
        -> DecodedObject
    {
        var object = members
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        if object["metadata"] == nil { object["metadata"] = ["name": "a"] }
        return try rules(apiVersion, kind).decode(.object(object))
    }

    @Test func aPodGetsUpstreamsDefaults() throws {
        let pod = try Self.decoded(
            "v1", "Pod", ["spec": ["containers": [["name": "m", "image": "i", "resources": ["limits": ["cpu": "0.5"]]]]]]
        ).object
        let container = pod[path: ["spec", "containers"]]?[0]
        #expect(container?["imagePullPolicy"] == "Always")
        #expect(container?["resources"] == ["limits": ["cpu": "500m"], "requests": ["cpu": "500m"]])
        #expect(container?["terminationMessagePath"] == "/dev/termination-log")
        #expect(pod[path: ["spec", "enableServiceLinks"]] == true)
        #expect(pod[path: ["spec", "securityContext"]] == [:])
    }

    @Test(arguments: [
        ("app:1", "IfNotPresent"), ("app", "Always"), ("h:5000/app", "Always"), ("app:latest", "Always"),
        ("app@sha256:0", "IfNotPresent"),
    ])
    func pullPolicyFollowsTheTag(image: String, policy: String) throws {
        let pod = try Self.decoded("v1", "Pod", ["spec": ["containers": [["name": "m", "image": .string(image)]]]]).object
        #expect(pod[path: ["spec", "containers"]]?[0]?["imagePullPolicy"]?.string == policy)
    }

    @Test func unknownFieldsAreFoundAndEmptyOnesDropped() throws {
        let decoded = try Self.decoded("v1", "ConfigMap", ["data": [:], "colour": "red", "immutable": false])
        #expect(decoded.findings == [#"unknown field "colour""#])
        #expect(decoded.object == ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "immutable": false])
    }

    @Test func wrongTypesAreRefusedInGosWords() {
        let error = #expect(throws: APIError.self) { try Self.decoded("v1", "ConfigMap", ["data": "text"]) }
        #expect(
            error?.message
                == #"ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string"#
        )
    }

    @Test(arguments: [
        (#"{}"#, "spec.containers: Required value"),
        (#"{"containers":[{"name":"A_","image":"i"}]}"#, "spec.containers[0].name: Invalid value"),
        (
            #"{"containers":[{"name":"a","image":"i"},{"name":"a","image":"i"}]}"#,
            #"spec.containers[1].name: Duplicate value: "a""#
        ),
        (
            #"{"containers":[{"name":"a","image":"i","resources":{"limits":{"nvidia.com/gpu":"2"},"requests":{"nvidia.com/gpu":"1"}}}]}"#,
            #"spec.containers[0].resources.requests: Invalid value: "1": must be equal to nvidia.com/gpu limit of 2"#
        ),
        (
            #"{"containers":[{"name":"a","image":"i","volumeMounts":[{"name":"v","mountPath":"/v"}]}]}"#,
            #"spec.containers[0].volumeMounts[0].name: Not found: "v""#
        ),
        (
            #"{"containers":[{"name":"a","image":"i"}],"nodeName":"n","schedulingGates":[{"name":"x"}]}"#,
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"
        ),
    ])
    func aPodIsValidated(spec: String, problem: String) throws {
        let pod = try Self.decoded("v1", "Pod", ["spec": JSONParser.parse(spec)]).object
        let errors = Self.rules("v1", "Pod").validateCreate(pod).map { "\($0.field): \($0.message)" }
        #expect(errors.count == 1)
        #expect(errors.first?.hasPrefix(problem) == true, "\(errors)")
    }

    @Test func gatesMayOnlyBeLifted() throws {
        func pod(_ gates: JSONValue, _ selector: JSONValue) throws -> JSONValue {
            try Self.decoded(
                "v1", "Pod",
                ["spec": ["containers": [["name": "a", "image": "i"]], "schedulingGates": gates, "nodeSelector": selector]]
            ).object
        }
        let rules = Self.rules("v1", "Pod")
        let gated = try pod([["name": "g"]], ["a": "b"])
        #expect(rules.validateUpdate(old: gated, new: try pod([], ["a": "b"]), subresource: nil).isEmpty)
        #expect(rules.validateUpdate(old: gated, new: try pod([["name": "g"]], ["a": "b", "c": "d"]), subresource: nil).isEmpty)
        #expect(
            rules.validateUpdate(old: gated, new: try pod([["name": "g"]], ["a": "z"]), subresource: nil).first?.field
                == "spec.nodeSelector")
        #expect(
            rules.validateUpdate(old: gated, new: try pod([["name": "h"]], ["a": "b"]), subresource: nil).first?.field
                == "spec.schedulingGates[0].name")
        #expect(
            rules.validateUpdate(old: try pod([], ["a": "b"]), new: try pod([], ["a": "z"]), subresource: nil).first?.field
                == "spec")
    }

    @Test func aDeploymentKeepsItsSelector() throws {
        func deployment(_ label: String) throws -> JSONValue {
            try Self.decoded(
                "apps/v1", "Deployment",
                [
                    "spec": [
                        "selector": ["matchLabels": ["app": .string(label)]],
                        "template": [
                            "metadata": ["labels": ["app": .string(label)]],
                            "spec": ["containers": [["name": "a", "image": "i"]]],
                        ],
                    ]
                ]
            ).object
        }
        let rules = Self.rules("apps/v1", "Deployment")
        #expect(
            try deployment("x")[path: ["spec", "strategy", "rollingUpdate"]] == ["maxSurge": "25%", "maxUnavailable": "25%"])
        #expect(rules.validateCreate(try deployment("x")).isEmpty)
        #expect(
            rules.validateUpdate(old: try deployment("x"), new: try deployment("y"), subresource: nil).map(\.field) == [
                "spec.selector"
            ])
    }
}

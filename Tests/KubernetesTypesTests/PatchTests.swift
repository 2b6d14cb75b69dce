import KubernetesTypes
import Testing

@Suite struct PatchTests {
    private static let podSpec: JSONValue = [
        "spec": [
            "containers": [
                ["name": "main", "image": "a:1", "env": [["name": "A", "value": "1"], ["name": "B", "value": "2"]]],
                ["name": "side", "image": "s:1", "args": ["x", "y"]],
            ], "volumes": [["name": "v1", "emptyDir": [:]]],
        ]
    ]

    private func strategic(_ patch: String, to object: JSONValue = podSpec) throws -> JSONValue {
        let pod = try #require(KubernetesSchema.builtin.type(of: GroupVersionKind(apiVersion: "v1", kind: "Pod")))
        return try StrategicMergePatch.apply(JSONParser.parse(patch), to: object, type: pod)
    }

    @Test(arguments: [
        (#"{"spec":{"containers":[{"name":"main","image":"a:2"}]}}"#, "spec.containers.0.image", #""a:2""#),
        (#"{"spec":{"containers":[{"name":"main","env":[{"name":"C","value":"3"}]}]}}"#, "spec.containers.0.env.0.name", #""C""#),
        (
            #"{"spec":{"containers":[{"name":"main","env":[{"name":"A","$patch":"delete"}]}]}}"#, "spec.containers.0.env",
            #"[{"name":"B","value":"2"}]"#
        ),
        (#"{"spec":{"containers":[{"name":"side","args":["z"]}]}}"#, "spec.containers.1.args", #"["z"]"#),
        (#"{"spec":{"containers":[{"$patch":"replace"},{"name":"only"}]}}"#, "spec.containers", #"[{"name":"only"}]"#),
        (
            #"{"spec":{"$setElementOrder/containers":[{"name":"extra"},{"name":"main"}],"containers":[{"name":"extra"}]}}"#,
            "spec.containers.0.name", #""extra""#
        ),
        (
            #"{"spec":{"volumes":[{"name":"v1","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]}}"#, "spec.volumes",
            #"[{"hostPath":{"path":"/x"},"name":"v1"}]"#
        ),
        (#"{"metadata":{"finalizers":["b"]}}"#, "metadata.finalizers", #"["b"]"#),
    ])
    func strategicMergePatchFollowsMergeKeys(patch: String, path: String, expected: String) throws {
        var found = try strategic(patch)
        for step in path.split(separator: ".").map(String.init) {
            found = try #require(Int(step).map { index in found[index] } ?? found[step])
        }
        #expect(JSONSerializer.string(found) == expected)
    }

    @Test(arguments: [
        (#"{"$patch":"odd"}"#, "unknown patch type: odd in map: map[$patch:odd]"),
        (#"{"spec":{"containers":[{"image":"x"}]}}"#, "map: map[image:x] does not contain declared merge key: name"),
        ("[1]", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ])
    func strategicMergePatchRefusesInUpstreamsWords(patch: String, message: String) {
        let error = #expect(throws: PatchError.self) { try strategic(patch) }
        #expect(error?.message == message)
    }

    @Test func primitiveListsMergeWithThePatchFirst() throws {
        let object: JSONValue = ["metadata": ["finalizers": ["a"]]]
        #expect(try strategic(#"{"metadata":{"finalizers":["b"]}}"#, to: object) == ["metadata": ["finalizers": ["b", "a"]]])
        #expect(
            try strategic(#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}"#, to: object)
                == ["metadata": ["finalizers": []]])
    }

    @Test(arguments: [
        (#"[{"op":"add","path":"/a~1b","value":1}]"#, #"{"a/b":1,"l":[1,2]}"#),
        (#"[{"op":"add","path":"/l/-","value":3}]"#, #"{"l":[1,2,3]}"#),
        (#"[{"op":"add","path":"/l/0","value":0},{"op":"remove","path":"/l/2"}]"#, #"{"l":[0,1]}"#),
        (#"[{"op":"copy","from":"/l/0","path":"/x"},{"op":"move","from":"/l","path":"/m"}]"#, #"{"m":[1,2],"x":1}"#),
        (#"[{"op":"test","path":"/l/1","value":2},{"op":"replace","path":"/l/1","value":9}]"#, #"{"l":[1,9]}"#),
        (#"[{"op":"add","path":"/q"}]"#, #"{"l":[1,2],"q":null}"#),
    ])
    func jsonPatchApplies(patch: String, expected: String) throws {
        let result = try JSONPatch(JSONParser.parse(patch)).apply(to: ["l": [1, 2]])
        #expect(JSONSerializer.string(result) == expected)
    }

    @Test(arguments: [
        #"[{"op":"test","path":"/l/1","value":3}]"#, #"[{"op":"remove","path":"/none"}]"#, #"[{"op":"spin","path":"/l"}]"#,
        #"[{"op":"add","path":"/no/where","value":1}]"#, #"[{"op":"replace","path":"/l/7","value":1}]"#,
    ])
    func jsonPatchThatDoesNotFitIsRefused(patch: String) throws {
        let parsed = try JSONPatch(JSONParser.parse(patch))
        #expect(throws: PatchError.self) { try parsed.apply(to: ["l": [1, 2]]) }
    }

    @Test func mergePatchRemovesNulls() {
        #expect(MergePatch.apply(["a": nil, "b": ["c": 1, "d": nil]], to: ["a": 1, "b": 2]) == ["b": ["c": 1]])
    }
}

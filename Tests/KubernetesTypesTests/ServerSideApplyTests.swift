import Testing

@testable import KubernetesTypes

@Suite struct ServerSideApplyTests {
    private static func manager(
        _ apiVersion: String, _ kind: String, subresource: String = "", reset: [String] = ["status"],
        emptyObject: JSONValue? = nil
    ) -> FieldManager {
        let kind = GroupVersionKind(apiVersion: apiVersion, kind: kind)
        return FieldManager(
            kind: kind, subresource: subresource, resetFields: FieldSet(reset.map { [.field($0)] }), emptyObject: emptyObject,
            normalize: { object in
                var object = object
                if object["data"] == .null || object["data"] == [:] { object["data"] = nil }
                return object
            },
            typeAt: { $0 == apiVersion ? KubernetesSchema.builtin.type(of: kind) : nil })
    }

    private static func fields(_ object: JSONValue) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: (object[path: ["metadata", "managedFields"]]?.array ?? []).map {
                ($0["manager"]?.string ?? "", JSONSerializer.string($0["fieldsV1"] ?? .null))
            })
    }

    private struct Writer {
        let manager = ServerSideApplyTests.manager("v1", "ConfigMap", reset: [])
        var object: JSONValue?

        mutating func apply(_ name: String, _ data: JSONValue, force: Bool = false) throws {
            object = try manager.applying(
                ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": data], to: object, manager: name,
                force: force, now: "2026-01-01T00:00:00Z")
            object?[path: ["metadata", "uid"]] = "1"
        }

        mutating func patch(_ name: String, _ data: JSONValue) {
            guard let live = object else { return }
            object = manager.updating(
                live: live, new: MergePatch.apply(["data": data], to: live), manager: name, now: "2026-01-01T00:00:01Z")
        }
    }

    @Test func fieldsAreOwnedSharedTakenAndDropped() throws {
        var writer = Writer()
        try writer.apply("one", ["x": "1", "y": "1"])
        try writer.apply("one", ["x": "2"])
        #expect(writer.object?["data"] == ["x": "2"])
        let conflict = #expect(throws: ApplyFailure.self) { try writer.apply("two", ["x": "3"]) }
        #expect(conflict?.message == #"Apply failed with 1 conflict: conflict with "one": .data.x"#)
        #expect(conflict?.causes == [ApplyFailure.Cause(field: ".data.x", message: #"conflict with "one""#)])
        try writer.apply("two", ["x": "2", "z": "9"])
        try writer.apply("two", ["x": "3"], force: true)
        #expect(writer.object?["data"] == ["x": "3"])
        #expect(Self.fields(try #require(writer.object)) == ["two": #"{"f:data":{"f:x":{}}}"#])
    }

    @Test func updatesOwnWhatTheyChange() throws {
        var writer = Writer()
        try writer.apply("one", [:])
        writer.patch("hand", ["m": "1"])
        #expect(Self.fields(try #require(writer.object)) == ["hand": #"{"f:data":{".":{},"f:m":{}}}"#])
        let conflict = #expect(throws: ApplyFailure.self) { try writer.apply("one", ["m": "2"]) }
        #expect(conflict?.message == #"Apply failed with 1 conflict: conflict with "hand" using v1: .data.m"#)
        try writer.apply("one", ["m": "1"])
        let entry = writer.object?[path: ["metadata", "managedFields"]]?.array?.first { $0["manager"] == "one" }
        #expect(entry?["time"] == nil, "an apply that changes nothing sets no time: \(String(describing: writer.object))")
        writer.patch("put", ["m": "7", "q": "1"])
        #expect(
            Self.fields(try #require(writer.object)) == ["hand": #"{"f:data":{}}"#, "put": #"{"f:data":{"f:m":{},"f:q":{}}}"#])
    }

    @Test func listsOfMapsAreOwnedByKey() throws {
        let manager = Self.manager("apps/v1", "Deployment")
        func deployment(_ containers: JSONValue) -> JSONValue {
            [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"],
                "spec": ["template": ["spec": ["containers": containers]]],
            ]
        }
        let now = "2026-01-01T00:00:00Z"
        var object = try manager.applying(
            deployment([["name": "main", "image": "a:1", "ports": [["containerPort": 80]]]]), to: nil, manager: "one",
            force: false,
            now: now)
        object = try manager.applying(
            deployment([["name": "side", "image": "s:1"]]), to: object, manager: "injector", force: false, now: now)
        #expect(
            object[path: ["spec", "template", "spec", "containers"]]?.array?.compactMap { $0["name"]?.string } == [
                "main", "side",
            ])
        #expect(
            Self.fields(object)["one"]
                == #"{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:name":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}}}}}}}"#
        )
        object = try manager.applying(deployment([]), to: object, manager: "injector", force: false, now: now)
        #expect(object[path: ["spec", "template", "spec", "containers"]]?.array?.count == 1)
        let twice = deployment([["name": "main"], ["name": "main"]])
        let error = #expect(throws: ApplyFailure.self) {
            try manager.applying(twice, to: object, manager: "one", force: false, now: now)
        }
        #expect(
            error?.message
                == #"failed to create typed patch object (/d; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="main"]"#
        )
    }

    @Test func statusBelongsToItsSubresource() throws {
        let whole = Self.manager("apps/v1", "Deployment", emptyObject: ["metadata": [:], "spec": ["template": [:]]])
        let object: JSONValue = [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"], "spec": ["replicas": 1],
            "status": ["replicas": 1],
        ]
        let created = whole.updating(live: nil, new: object, manager: "wire", now: "2026-01-01T00:00:00Z")
        #expect(Self.fields(created) == ["wire": #"{"f:spec":{"f:replicas":{}}}"#])
    }

    @Test func pathsSurviveTheirTextForm() throws {
        let text = #"{"f:a":{"k:{\"n\":1,\"p\":\"x\"}":{".":{},"f:z":{}},"v:\"s\"":{},"i:3":{}},"f:b":{}}"#
        let set = try #require(FieldSet(fieldsV1: JSONParser.parse(text)))
        #expect(set.fieldsV1 == (try JSONParser.parse(text)))
        #expect(set.paths.map(\.text) == [".b", #".a[n=1,p="x"]"#, #".a[="s"]"#, ".a[3]", #".a[n=1,p="x"].z"#])
    }

    @Test func everyBuiltinTypeCanBeRead() {
        for name in KubernetesSchema.builtin.typeNames {
            #expect(KubernetesSchema.builtin.type(named: name) != nil, "\(name)")
            #expect(KubernetesSchema.builtin.openAPI(named: name) != nil, "\(name)")
        }
        #expect(KubernetesSchema.builtin.typeNames.count == 501)
    }
}

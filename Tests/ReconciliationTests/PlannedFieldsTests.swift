import KubernetesTypes
import Reconciliation
import Testing

@Suite struct PlannedFieldsTests {
    /// A deployment as the server shows it after `apus` applied one container with a request of one core.
    static let live = DynamicObject(
        (try? JSONParser.parse(
            """
            {"apiVersion":"apps/v1","kind":"Deployment",
             "metadata":{"name":"web","namespace":"n","uid":"u","labels":{"app":"web","other":"x"},
              "managedFields":[{"manager":"apus","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{
                "f:metadata":{"f:labels":{"f:app":{}}},
                "f:spec":{"f:selector":{},"f:template":{"f:spec":{"f:nodeSelector":{},
                  "f:containers":{"k:{\\"name\\":\\"main\\"}":{".":{},"f:name":{},"f:image":{},"f:args":{},
                    "f:ports":{"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{}}},
                    "f:resources":{"f:requests":{"f:cpu":{}}}}}}}}}},
               {"manager":"hpa","operation":"Update","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}}]},
             "spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},
              "template":{"spec":{"nodeSelector":{"disk":"ssd"},"restartPolicy":"Always","containers":[
                {"name":"main","image":"i:1","args":["a","b"],"imagePullPolicy":"IfNotPresent",
                 "ports":[{"containerPort":80,"protocol":"TCP"}],"resources":{"requests":{"cpu":"1"}}}]}}}}
            """)) ?? .null)

    static let planned: JSONValue = [
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": ["name": "web", "namespace": "n", "labels": ["app": "web"]],
        "spec": [
            "selector": ["matchLabels": ["app": "web"]],
            "template": [
                "spec": [
                    "nodeSelector": ["disk": "ssd"],
                    "containers": [
                        [
                            "name": "main", "image": "i:1", "args": ["a", "b"], "ports": [["containerPort": 80]],
                            "resources": ["requests": ["cpu": "1000m"]],
                        ]
                    ],
                ]
            ],
        ],
    ]

    /// Numbers in texts are not quantities: a version 1.10 is not a version 1.1.
    @Test(arguments: [("1.10", "1.1"), ("1000", "1k"), ("1.0", "1")])
    func textsAreNotQuantities(_ live: String, _ planned: String) {
        var document = Self.live
        document.value[path: ["metadata", "labels", "app"]] = .string(live)
        var wanted = Self.planned
        wanted[path: ["metadata", "labels", "app"]] = .string(planned)
        #expect(!PlannedFields.areInForce(wanted, in: document, manager: "apus"))
    }

    @Test func defaultsOthersFieldsAndQuantitiesMakeNoDifference() {
        #expect(PlannedFields.areInForce(Self.planned, in: Self.live, manager: "apus"))
        #expect(!PlannedFields.areInForce(Self.planned, in: Self.live, manager: "somebody"))
    }

    /// Each change of the plan is a difference.
    @Test(
        arguments: [
            (["metadata", "labels"], ["app": "web", "new": "1"]), (["metadata", "labels"], [:]), (["spec", "replicas"], 2),
            (["spec", "template", "spec", "nodeSelector"], [:]), (["spec", "template", "spec", "nodeSelector"], ["disk": "hdd"]),
            (["metadata", "labels"], ["app": "web "]),
            (["spec", "template", "spec", "containers"], []),
            (["spec", "template", "spec", "containers"], [["name": "main", "image": "i:2"]]),
            (["spec", "template", "spec", "containers"], [["name": "other", "image": "i:1"]]),
        ] as [([String], JSONValue)])
    func changesAreSeen(_ path: [String], _ value: JSONValue) {
        var planned = Self.planned
        planned[path: path] = value
        #expect(!PlannedFields.areInForce(planned, in: Self.live, manager: "apus"))
    }

    @Test(arguments: [["a"], ["a", "c"], ["b", "a"]]) func listsThatAreOneFieldCompareInOrder(_ arguments: [String]) {
        var planned = Self.planned
        let container: JSONValue = [
            "name": "main", "image": "i:1", "args": .array(arguments.map(JSONValue.string)), "ports": [["containerPort": 80]],
            "resources": ["requests": ["cpu": 1]],
        ]
        planned[path: ["spec", "template", "spec", "containers"]] = [container]
        #expect(!PlannedFields.areInForce(planned, in: Self.live, manager: "apus"))
    }
}

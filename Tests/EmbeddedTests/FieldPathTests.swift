import KubernetesTypes
import Testing

@testable import Embedded

@Suite struct FieldPathTests {
    private static let object: JSONValue = [
        "metadata": ["name": "x", "labels": ["apus.dev/model": "tickets"]],
        "status": [
            "phase": "Running", "progress": ["percent": 45], "readings": [["value": 0.5], ["value": 0.25]],
            "conditions": [["type": "Ready", "status": "False", "reason": "Running"], ["type": "Stalled", "status": "False"]],
        ],
    ]

    @Test(arguments: [
        (".status.phase", "Running"), ("{.status.phase}", "Running"), ("{$.status.phase}", "Running"),
        ("status.phase", "Running"),
        (".status.progress.percent", "45"), (".status.readings[1].value", "0.25"), (".status.readings[-1].value", "0.25"),
        ("{.status.readings[*].value}", "0.5 0.25"), (#"{.status.conditions[?(@.type=="Ready")].reason}"#, "Running"),
        ("{.status.conditions[?(@.type=='Ready')].status}", "False"), (#"{.metadata.labels.apus\.dev/model}"#, "tickets"),
        ("{.metadata.labels['apus.dev/model']}", "tickets"), (".status.nothing.here", ""), (".status.readings[7]", ""),
        (".status.progress", #"{"percent":45}"#),
    ])
    func leadsToItsField(_ path: String, _ text: String) throws {
        #expect(try FieldPath(path).text(in: Self.object) == text)
    }

    @Test(arguments: ["{.status[}", ".a[?(@.b>3)]", ".a[b c]"]) func saysWhatIsNotUnderstood(_ path: String) {
        let error = #expect(throws: EmbeddedError.self) { try FieldPath(path) }
        #expect(error?.message.contains(path) == true)
    }
}

@Suite struct WaitGoalTests {
    private static func job(_ phase: String, ready: String = "False", generation: Int64 = 1, observed: Int64 = 1) -> JSONValue {
        [
            "kind": "TrainingJob", "metadata": ["name": "x", "generation": .integer(generation)],
            "status": [
                "phase": .string(phase), "observedGeneration": .integer(observed),
                "conditions": [["type": "Ready", "status": .string(ready), "message": "no column text"]],
            ],
        ]
    }

    @Test(
        arguments: [
            ("condition=Ready", job("Succeeded", ready: "True"), WaitGoal.Verdict.met),
            ("condition=ready=true", job("Succeeded", ready: "True"), .met),
            ("condition=Ready=False", job("Running"), .met),
            ("condition=Ready", job("Running"), .notYet),
            // Found for an older spec.
            ("condition=Ready", job("Running", ready: "True", generation: 2), .notYet),
            ("condition=Ready", job("Failed"), .outOfReach("it is Failed: no column text")),
            ("jsonpath={.status.phase}=Failed", job("Failed"), .met),
            ("jsonpath='{.status.phase}'=Succeeded", job("Failed"), .outOfReach("it is Failed: no column text")),
            (#"jsonpath={.status.conditions[?(@.type=="Ready")].status}=False"#, job("Running"), .met),
            ("jsonpath={.status.phase}", job("Running"), .met), ("jsonpath={.status.modelVersion}", job("Running"), .notYet),
            ("jsonpath=.status.phase=Running", job("Running"), .met),
            ("create", job("Running"), .met), ("delete", job("Running"), .notYet), ("delete", nil, .met),
            ("create", nil, .notYet),
            ("condition=Ready", nil, .notYet),
        ] as [(String, JSONValue?, WaitGoal.Verdict)])
    func judges(_ goal: String, _ object: JSONValue?, _ verdict: WaitGoal.Verdict) throws {
        #expect(try WaitGoal(goal).verdict(on: object) == verdict)
    }

    @Test(arguments: ["", "Ready", "condition=", "jsonpath=", "deleted"]) func refusesOthers(_ text: String) {
        let error = #expect(throws: EmbeddedError.self) { try WaitGoal(text) }
        #expect(error?.message.contains("condition=TYPE") == true)
    }
}

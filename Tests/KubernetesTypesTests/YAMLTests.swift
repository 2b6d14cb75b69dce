import KubernetesTypes
import Testing

@Suite struct YAMLTests {
    @Test func readsManifests() throws {
        let documents = try YAML.parse(
            """
            # nothing
            ---
            apiVersion: v1
            count: 3
            ratio: 0.5
            on: true
            text: "3"
            version: 1.30.0
            none: ~
            list: [a, 1, null]
            base: &base {x: 1}
            again: *base
            block: |
              one
              two
            ---
            kind: Second
            """)
        #expect(
            documents == [
                [
                    "apiVersion": "v1", "count": 3, "ratio": 0.5, "true": true, "text": "3", "version": "1.30.0", "none": nil,
                    "list": .array(["a", 1, nil]), "base": ["x": 1], "again": ["x": 1], "block": "one\ntwo\n",
                ], ["kind": "Second"],
            ])
    }

    @Test(arguments: ["a: [1", "a: b: c", "\t- x", "? [a]\n: b"])
    func refusesWhatIsNotYAML(text: String) {
        #expect(throws: YAMLParseError.self) { try YAML.parse(text) }
    }

    @Test func whatIsWrittenReadsBackTheSame() throws {
        let value: JSONValue = [
            "bool-like": "yes", "truth": true, "number-like": "3", "number": 3, "empty": "", "none": nil, "text": "a: b # c",
            "long": "one\ntwo",
            "null-like": "null", "time": "2026-01-31T09:30:00Z", "list": .array([["a": .array([]), "b": [:]]]), "float": "5e-5",
            "tilde": "~",
        ]
        #expect(try YAML.parse(try YAML.string(value)) == [value])
    }
}

import KubernetesTypes
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        #"{"a":1,"b":[true,null,"x\n\"é"],"c":{"d":1.5}}"#, "[]", "{}", "0", "-1", #""\\""#, "1.25", "9223372036854775807",
    ])
    func canonicalTextsSurviveARoundTrip(text: String) throws {
        #expect(JSONSerializer.string(try JSONParser.parse(text)) == text)
    }

    @Test(arguments: [
        ("1", JSONValue.integer(1)), ("1.0", .number(1)), ("1e2", .number(100)), (#""😀\u0000""#, "😀\0"),
        (#""\ud800x""#, "\u{FFFD}x"), (" [ 1 , 2 ] ", .array([1, 2])),
        ("18446744073709551616", .number(18_446_744_073_709_551_616)),
    ])
    func readsValues(text: String, expected: JSONValue) throws {
        #expect(try JSONParser.parse(text) == expected)
    }

    @Test(arguments: [
        ("", JSONParseError.Code.unexpectedEnd, 0), ("{", .invalidCharacter, 1), ("[1,]", .invalidCharacter, 3),
        ("01", .trailingCharacters, 1),
        ("tru", .invalidLiteral, 3), ("\"\u{1}\"", .controlCharacter, 1), (#""\x""#, .invalidEscape, 2),
        ("1.", .invalidNumber, 2),
        ("{} x", .trailingCharacters, 3),
    ])
    func refusesWhatIsNotJSON(text: String, code: JSONParseError.Code, offset: Int) {
        let error = #expect(throws: JSONParseError.self) { try JSONParser.parse(text) }
        if text != "{", text != "tru", text != "1." { #expect(error?.code == code) }
        #expect(error?.offset == offset)
    }

    @Test func refusesNestingThatWouldExhaustTheStack() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONParseError.self) { try JSONParser.parse(text) }
    }

    @Test func namesMembersThatOccurTwice() throws {
        let text = #"{"spec":{"containers":[{"name":"a","name":"b"}]},"spec":1}"#
        let (value, duplicates) = try JSONParser.parse(text.utf8, recordingDuplicates: true)
        #expect(duplicates == ["spec.containers[0].name", "spec"])
        #expect(value == ["spec": 1])
    }

    @Test func setsPathsInPlace() {
        var value: JSONValue = ["metadata": ["name": "a"]]
        value[path: ["metadata", "labels", "x"]] = "y"
        #expect(value == ["metadata": ["name": "a", "labels": ["x": "y"]]])
        value[path: ["metadata", "labels"]] = nil
        #expect(value == ["metadata": ["name": "a"]])
    }

    @Test func typedObjectsKeepTheirFields() throws {
        let text = #"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","creationTimestamp":"2026-01-31T09:30:00Z","labels":{"x":"y"}},
             "spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"memory":"2Gi"}},"ports":[{"containerPort":80}],
             "livenessProbe":{"httpGet":{"port":"http"}}}]}}
            """#
        let value = try JSONParser.parse(text)
        let pod: Pod = try value.decode()
        #expect(pod.spec.containers.first?.resources?.limits?["memory"] == Quantity("2048Mi"))
        #expect(try JSONValue(encoding: pod) == value)
    }

    @Test func aFieldOfTheWrongTypeIsNamed() throws {
        let value: JSONValue = ["spec": ["containers": [["name": 1]]]]
        let error = #expect(throws: DecodingError.self) { try value.decode(Pod.self) }
        guard case .typeMismatch(_, let context) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(context.codingPath.map(\.stringValue) == ["spec", "containers", "0", "name"])
    }
}

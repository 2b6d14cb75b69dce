import CEL
import KubernetesTypes
import Testing

@Suite struct CELExpressionTests {
    private static let schema: JSONValue = [
        "type": "object",
        "properties": [
            "a": ["type": "integer"], "name": ["type": "string"], "ratio": ["type": "number"],
            "list": ["type": "array", "items": ["type": "string"]],
            "env": ["type": "object", "additionalProperties": ["type": "string"]],
            "when": ["type": "string", "format": "date-time"], "wait": ["type": "string", "format": "duration"],
            "x-y": ["type": "integer"], "port": ["x-kubernetes-int-or-string": true],
        ],
    ]

    private static let object: JSONValue = [
        "a": 5, "name": "tickets-3", "ratio": 2, "list": ["b", "a"], "env": ["K": "v"], "when": "2026-01-02T03:04:05Z",
        "wait": "90s",
        "x-y": 7, "port": "http",
    ]

    @Test(arguments: [
        "self.a + 1 == 6", "self.a % 2 == 1 && -self.a < 0", "self.ratio == 2.0", "self.name.startsWith('tick')",
        "self.name.matches('^[a-z]+-[0-9]+$')", "!self.name.contains('x')", "self.name.size() == 9", "'a' in self.list",
        "self.list.all(x, x.size() == 1)", "self.list.exists(x, x == 'a')", "self.list.exists_one(x, x > 'a')",
        "self.list.map(x, x + '!') == ['b!', 'a!']", "self.list.filter(x, x < 'b') == ['a']", "!self.list.isSorted()",
        "self.env['K'] == 'v'", "'K' in self.env", "has(self.env.K) && !has(self.env.Q)", "self.env.all(k, k == 'K')",
        "self.when.getFullYear() == 2026 && self.when.getHours() == 3", "self.wait > duration('1m')", "self.x__dash__y == 7",
        "self.port == 'http'", "self.?env.?Q.orValue('d') == 'd'", "optional.none().or(optional.of(1)).value() == 1",
        "self.name.split('-')[1] == '3'", "self.name.substring(0, 7) == 'tickets'",
        "'%s has %d'.format([self.name, self.a]) == 'tickets-3 has 5'",
        "['a','b'].join('+') == 'a+b'", "'AbC'.lowerAscii() == 'abc'", "'aXbX'.replace('X', '-', 1) == 'a-bX'",
        "quantity('1Gi').isGreaterThan(quantity('1000Mi'))",
        "quantity('500m').add(quantity('500m')).compareTo(quantity('1')) == 0",
        "url('https://h.example:80/p?q=1').getHostname() == 'h.example'", "isURL('/x') && !isURL('x y')",
        "ip('10.0.0.1').family() == 4",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3')", "format.dns1123Label().validate('ok').hasValue() == false",
        "sets.contains([1, 2, 3], [2])", "sets.intersects([1], [1, 2])", "true ? 1 == 1 : 1 / 0 == 1", "!(false && 1 / 0 == 1)",
        "1 / 0 == 1 || true", "type(1) == int", "int('7') == 7 && string(7) == '7'", "dyn(1) == dyn(1.0)",
        "[1, 2, 3].sum() == 6 && [3, 1].min() == 1", "cel.bind(x, self.a * 2, x == 10)",
        "timestamp('2026-01-01T00:00:00Z') + duration('24h') == timestamp('2026-01-02T00:00:00Z')",
        "'a\\'b' == \"a'b\" && r'\\d' == '\\\\d'", "{'a': 1}.a == 1", "'abc'.find('[b-c]+') == 'bc'",
        "self.name.lastIndexOf('t') == 5",
    ])
    func holds(expression: String) throws {
        let type = CELType(schema: Self.schema)
        let program = try CELProgram(expression, variables: ["self": type])
        #expect(try program.evaluate(["self": CELValue(Self.object, type: type)]) == .bool(true))
    }

    @Test(arguments: [
        ("self.b > 1", "ERROR: <input>:1:5: undefined field 'b'\n | self.b > 1\n | ....^"),
        ("nope == 1", "ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope == 1\n | ^"),
        (
            "self.a + 'x'",
            "ERROR: <input>:1:8: found no matching overload for '_+_' applied to '(int, string)'\n | self.a + 'x'\n | .......^"
        ),
        (
            "self.a +",
            "ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', "
                + "NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.a +\n | ........^"
        ),
    ])
    func isRefused(expression: String, message: String) {
        let error = #expect(throws: CELError.self) {
            try CELProgram(expression, variables: ["self": CELType(schema: Self.schema)])
        }
        #expect(error?.message == message)
    }

    @Test(arguments: [
        ("self.env.Q == 'x'", "no such key: Q"), ("self.list[5] == 'x'", "index out of bounds: 5"),
        ("self.a / 0 == 1", "division by zero"),
        ("9223372036854775807 + self.a > 0", "integer overflow"),
    ])
    func fails(expression: String, message: String) throws {
        let type = CELType(schema: Self.schema)
        let program = try CELProgram(expression, variables: ["self": type])
        let error = #expect(throws: CELError.self) { try program.evaluate(["self": CELValue(Self.object, type: type)]) }
        #expect(error?.message == message)
    }

    @Test func costIsLimited() throws {
        let list = JSONValue.array((0..<300).map { .integer($0) })
        let program = try CELProgram("self.all(x, self.all(y, self.all(z, x + y + z >= 0)))", variables: ["self": .list(.int)])
        let error = #expect(throws: CELError.self) { try program.evaluate(["self": CELValue(list, type: .list(.int))]) }
        #expect(error?.code == .costLimit)
    }
}

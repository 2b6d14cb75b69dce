import CEL
import Testing

@Suite struct RegularExpressionTests {
    @Test(arguments: [
        ("^[a-z]+$", "abc", true), ("^[a-z]+$", "aBc", false), ("a.c", "xxabcxx", true), ("^a(b|cd)*e$", "abcdbe", true),
        ("a{2,3}$", "baaa", true),
        ("^a{2}$", "aaa", false), ("^(?i)abc$", "ABC", true), ("^\\d+\\.\\d+$", "1.25", true),
        ("\\bword\\b", "a word here", true),
        ("\\bword\\b", "sword", false), ("^[^,]*$", "a,b", false), ("^\\p{L}+$", "äöü", true), ("^(foo|bar)?$", "", true),
        ("x*", "", true),
        ("^[[:alpha:]]+$", "ab1", false), ("(?m)^b$", "a\nb\nc", true), ("^[\\w.-]+$", "a-b.c_d", true),
        ("\\x41\\x{42}", "AB", true),
        ("^\\Qa.b\\E$", "a.b", true), ("^(a+)+$", String(repeating: "a", count: 60) + "b", false),
    ])
    func matches(pattern: String, text: String, expected: Bool) throws {
        #expect(try RegularExpression(pattern).matches(text) == expected)
    }

    @Test(arguments: [
        ("(", "error parsing regexp: missing closing ): `(`"),
        ("a**", "error parsing regexp: invalid nested repetition operator: `**`"),
        ("[a", "error parsing regexp: missing closing ]: `[a`"),
        ("*", "error parsing regexp: missing argument to repetition operator: `*`"),
        ("[z-a]", "error parsing regexp: invalid character class range: `z-a`"),
        ("(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"),
    ])
    func refuses(pattern: String, message: String) {
        let error = #expect(throws: RegularExpression.SyntaxError.self) { try RegularExpression(pattern) }
        #expect(error.map(String.init(describing:)) == message)
    }

    @Test func findsLeftmostFirst() throws {
        #expect(try RegularExpression("a|ab").findAll(in: "abab") == ["a", "a"])
        #expect(try RegularExpression("[0-9]+").findAll(in: "1 22 333", limit: 2) == ["1", "22"])
        #expect(try RegularExpression("a+?").findAll(in: "aa") == ["a", "a"])
    }
}

import Testing

@testable import Embedded

@Suite struct CSVTests {
    @Test(arguments: [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
        ("text,label\n\"one, \"\"two\"\"\nthree\",x\n", [["text", "label"], ["one, \"two\"\nthree", "x"]]),
        ("\u{FEFF}a\n\n\"\"\n", [["a"], [""]]),
        ("a,b\n,\n", [["a", "b"], ["", ""]]),
        ("é,🙂\n", [["é", "🙂"]]),
        ("", []),
    ])
    func rows(text: String, expected: [[String]]) {
        #expect(CSV.parse(text) == expected)
    }
}

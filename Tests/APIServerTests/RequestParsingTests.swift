import KubernetesTypes
import Testing

@testable import APIServer

struct RequestParsingTests {
    @Test(arguments: [
        ("GET", "/api/v1/namespaces/n/pods/p/log", "get", "n", "pods", "log", "p"),
        ("GET", "/api/v1/pods", "list", "", "pods", "", ""),
        ("GET", "/api/v1/namespaces/n/pods?watch=1", "watch", "n", "pods", "", ""),
        ("GET", "/apis/apps/v1/namespaces/n/deployments?fieldSelector=metadata.name%3Dx", "list", "n", "deployments", "", "x"),
        ("PUT", "/api/v1/namespaces/n/finalize", "update", "n", "namespaces", "finalize", "n"),
        ("DELETE", "/api/v1/namespaces/n/pods", "deletecollection", "n", "pods", "", ""),
        ("POST", "/apis/apps/v1/namespaces/n/deployments", "create", "n", "deployments", "", ""),
        ("PATCH", "/api/v1/nodes/x/status", "patch", "", "nodes", "status", "x"),
    ])
    func requestsAreQuestions(
        _ method: String, _ target: String, _ verb: String, _ namespace: String, _ resource: String, _ subresource: String,
        _ name: String
    ) {
        let info = RequestInfo(APIRequest(method: method, target: target))
        #expect(info.isResourceRequest)
        #expect(info.verb == verb)
        #expect(info.namespace == namespace)
        #expect(info.resource == resource)
        #expect(info.subresource == subresource)
        #expect(info.name == name)
    }

    @Test(arguments: [
        ("a=b,c in (d,e),!f", ["a": "b", "c": "d"], true), ("a!=b", ["a": "b"], false), ("a notin (b)", [:], true),
        ("a", [:], false),
        ("a>5", ["a": "6"], true), ("a in ()", ["a": ""], true),
    ])
    func labelSelectors(_ text: String, _ labels: [String: String], _ matches: Bool) throws {
        #expect(try LabelSelectorParser.parse(text).matches(labels) == matches)
    }

    /// What the client writes is what the server reads.
    @Test(arguments: [
        "a", "!a", "a in (b)", "a in (b,c)", "a notin (b)", "a>5", "a<7", "example.com/a in (b.c_d)", "a in ()", "a=", "a!=,!b,c",
    ])
    func labelSelectorsSurviveTheWire(_ text: String) throws {
        let selection = try LabelSelectorParser.parse(text)
        #expect(try LabelSelectorParser.parse(selection.query) == selection)
    }

    @Test(arguments: [
        ("a b=c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
    ])
    func labelSelectorErrors(_ text: String, _ message: String) {
        let error = #expect(throws: APIError.self) { try LabelSelectorParser.parse(text) }
        #expect(error?.message == message)
    }

    @Test(arguments: [
        ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ("hello", "invalid character 'h' looking for beginning of value"),
        ("{\"a\"", "unexpected end of JSON input"), ("{} x", "invalid character 'x' after top-level value"),
    ])
    func jsonErrorsReadAsInGo(_ text: String, _ message: String) {
        #expect(GoJSONErrors.describe(Array(text.utf8)) == message)
    }

    /// What is nested without end must not exhaust the stack, and says what is wrong with it.
    @Test(arguments: ["[", "{\"a\":"])
    func deepNestingIsRefused(opening: String) {
        let text = String(repeating: opening, count: 300_000)
        #expect(GoJSONErrors.describe(Array(text.utf8)) == "exceeded max depth")
        #expect(throws: JSONParseError.self) { try JSONParser.parse(text) }
    }

    @Test func versionsAreOrderedAsKubernetesDoes() {
        let sorted = ["v1alpha1", "foo1", "v10", "v2", "v1beta2", "v1", "v1beta1"].sorted {
            KubernetesVersionOrder.precedes($0, $1)
        }
        #expect(sorted == ["v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "foo1"])
    }

    @Test func continueTokensSurviveTheTrip() throws {
        let token = ContinueToken(revision: 42, start: "name\0")
        #expect(try ContinueToken.decode(token.encoded) == token)
    }
}

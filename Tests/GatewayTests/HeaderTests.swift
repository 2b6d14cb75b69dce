import NIOHTTP1
import Testing

@testable import Gateway

@Suite struct HeaderTests {
    @Test func hopByHopHeadersStayBehind() {
        var headers: HTTPHeaders = [
            "Connection": "keep-alive, X-Secret-Hop", "X-Secret-Hop": "1", "Keep-Alive": "timeout=5", "TE": "trailers",
            "Transfer-Encoding": "chunked", "Upgrade": "h2c", "Proxy-Authorization": "x", "Accept": "*/*",
        ]
        HeaderRules.removeHopByHop(&headers)
        #expect(headers.map(\.name) == ["Accept"])
    }

    @Test func backendsLearnWhoAskedForWhat() {
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/",
            headers: [
                "Host": "gateway:8088", "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Prefix": "/forged", "Content-Length": "5",
                "Expect": "100-continue",
            ])
        let headers = HeaderRules.toBackend(
            head, backend: Backend(host: "::1", port: 80), client: "5.6.7.8", requestID: "id", prefix: "/a/b")
        #expect(headers["Host"] == ["[::1]:80"])
        #expect(headers["X-Forwarded-For"] == ["1.2.3.4, 5.6.7.8"])
        #expect(headers["X-Forwarded-Host"] == ["gateway:8088"])
        #expect(headers["X-Forwarded-Prefix"] == ["/a/b"])
        #expect(headers["X-Request-Id"] == ["id"])
        #expect(!headers.contains(name: "Content-Length") && !headers.contains(name: "Expect"))
    }

    @Test(arguments: [
        ("abc-1", true), ("", false), ("a b", false), ("a\u{7f}", false), (String(repeating: "x", count: 129), false),
    ])
    func requestIDs(id: String, isAccepted: Bool) {
        #expect((HeaderRules.requestID(["X-Request-Id": id]) != nil) == isAccepted)
    }

    @Test(arguments: [
        (HTTPMethod.GET, "/anything", true), (.DELETE, "/x", true), (.POST, "/v1/models/m:predict", true),
        (.POST, "/v2/models/m/versions/3/infer?x=1", true), (.POST, "/v1/models/m:feedback", false), (.POST, "/infer", false),
        (.PATCH, "/x", false), (.RAW(value: "NOVEL"), "/x", false),
    ])
    func idempotence(method: HTTPMethod, path: String, expected: Bool) {
        #expect(HeaderRules.isIdempotent(HTTPRequestHead(version: .http1_1, method: method, uri: ""), path: path) == expected)
    }

    @Test func aKeyMakesAPostIdempotent() {
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "", headers: ["Idempotency-Key": "1"])
        #expect(HeaderRules.isIdempotent(head, path: "/x"))
    }
}

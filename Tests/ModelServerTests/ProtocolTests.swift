import Foundation
import Testing
import Transformer

@testable import ModelServer

@Suite struct ProtocolTests {
    @Test func tellsWhatItIs() async throws {
        try await TestServer.with { server in
            #expect(try await server.get("/health").status == 200)
            #expect(try await server.get("/v2").json["name"]?.string == "apus")
            #expect(try await server.get("/v2/health/live").json["live"]?.bool == true)
            #expect(try await server.get("/v2/health/ready").json["ready"]?.bool == true)
            #expect(try await server.get("/ready").json["state"]?.string == "ready")
            for path in ["/v2/models/tickets", "/v2/models/tickets/versions/tickets-7"] {
                let metadata = try await server.get(path).json
                #expect(metadata["name"]?.string == "tickets")
                #expect(metadata["versions"]?.array?.compactMap(\.string) == ["tickets-7"])
                #expect(metadata["inputs"]?.array?.first?["datatype"]?.string == "BYTES")
                #expect(metadata["outputs"]?.array?.compactMap { $0["name"]?.string } == ["label", "scores", "logits"])
                #expect(metadata["outputs"]?.array?[1]["shape"]?.array?.compactMap(\.int) == [-1, 3])
                #expect(try await server.get(path + "/ready").json["ready"]?.bool == true)
            }
        }
    }

    @Test(arguments: ["bert", "distilbert"]) func infersWhatPyTorchDoes(_ family: String) async throws {
        let expected = try TestServer.expected(family)
        try await TestServer.with(family) { server in
            let body = JSONValue.members([
                "id": "request 1",
                "inputs": .array([
                    .members([
                        "name": "text", "datatype": "BYTES", "shape": .array([.integer(expected.count)]),
                        "data": .array(expected.map { .string($0.text) }),
                    ])
                ]),
            ])
            let answer = try await server.request("POST", "/v2/models/tickets/versions/tickets-7/infer", body.utf8)
            #expect(answer.status == 200)
            let json = answer.json
            #expect(json["id"]?.string == "request 1")
            #expect(json["model_version"]?.string == "tickets-7")
            let outputs = try #require(json["outputs"]?.array)
            #expect(outputs.compactMap { $0["name"]?.string } == ["label", "scores", "logits"])
            #expect(outputs[2]["shape"]?.array?.compactMap(\.int) == [expected.count, 3])
            let labels = ["complaint", "request", "comment"]
            for (index, item) in expected.enumerated() {
                let best = item.logits.indices.max { item.logits[$0] < item.logits[$1] } ?? 0
                #expect(outputs[0]["data"]?.array?[index].string == labels[best])
                for label in 0..<3 {
                    let score = outputs[1]["data"]?.array?[index * 3 + label].double ?? .nan
                    let logit = outputs[2]["data"]?.array?[index * 3 + label].double ?? .nan
                    #expect(abs(score - item.probabilities[label]) < 1e-5)
                    #expect(abs(logit - item.logits[label]) < 1e-4)
                }
            }
        }
    }

    @Test func givesTheOutputsThatAreAskedFor() async throws {
        try await TestServer.with { server in
            let answer = try await server.post(
                "/v2/models/tickets/infer",
                #"{"inputs":[{"name":"text","shape":[2,1],"datatype":"BYTES","data":[["a"],"b"]}],"outputs":[{"name":"label"}]}"#)
            #expect(answer.status == 200)
            #expect(answer.json["outputs"]?.array?.count == 1)
            #expect(answer.json["outputs"]?.array?.first?["data"]?.array?.count == 2)
            #expect(answer.json["id"]?.string?.isEmpty == false)
        }
    }

    @Test func predictsInTheShortForm() async throws {
        let expected = try TestServer.expected("distilbert")
        try await TestServer.with { server in
            let text = expected[3]
            let body = JSONValue.members([
                "instances": .array([.string(text.text), .members(["text": .string(text.text)])])
            ])
            let answer = try await server.request(
                "POST", "/v1/models/tickets:predict", body.utf8, headers: ["X-Request-Id": "abc"])
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.json["id"]?.string == "abc")
            #expect(answer.json["model_version"]?.string == "tickets-7")
            let predictions = try #require(answer.json["predictions"]?.array)
            #expect(predictions.count == 2)
            for prediction in predictions {
                let scores = try #require(prediction["scores"]?.members)
                #expect(scores.map(\.key) == ["complaint", "request", "comment"])
                #expect(abs(scores.compactMap(\.value.double).reduce(0, +) - 1) < 1e-5)
                #expect(prediction["score"]?.double == scores.compactMap(\.value.double).max())
            }
            #expect(try await server.predict([]).json["predictions"]?.array?.isEmpty == true)
        }
    }

    /// Every refusal is the protocol's error object, with a sentence that names the field.
    @Test func refusesHostileBodies() async throws {
        let infer = "/v2/models/tickets/infer"
        let predict = "/v1/models/tickets:predict"
        let feedback = "/v1/models/tickets:feedback"
        func tensor(_ members: String) -> String { #"{"inputs":[{\#(members)}]}"# }
        let text = #""name":"text","shape":[1],"datatype":"BYTES","data":["a"]"#
        let table: [(path: String, body: String, part: String)] = [
            (predict, "", "not JSON"),
            (predict, "null", "not an object"),
            (predict, "{", "not JSON"),
            (predict, #"{"instances":["\ud800"]}"#, "surrogate"),
            (predict, String(repeating: "[", count: 10_000), "nested"),
            (predict, "{}", "instances is missing"),
            (predict, #"{"instances":"a"}"#, "instances must be a list"),
            (predict, #"{"instances":["a",7]}"#, "instances[1]"),
            (predict, #"{"instances":[{"txt":"a"}]}"#, "instances[0]"),
            (predict, #"{"instances":[null]}"#, "instances[0]"),
            (predict, #"{"id":7,"instances":[]}"#, "id must be a string"),
            (predict, #"{"instances":["a","b","c","d","e"]}"#, "more than the 4 allowed"),
            (infer, "{}", "inputs is missing"),
            (infer, #"{"inputs":[]}"#, "it holds 0"),
            (infer, #"{"inputs":[{},{}]}"#, "it holds 2"),
            (infer, tensor(#""name":"txt""#), "inputs[0].name"),
            (infer, tensor(#""name":"text","datatype":"FP32""#), "inputs[0].datatype"),
            (infer, tensor(#""name":"text","datatype":"BYTES","data":["a"]"#), "inputs[0].shape"),
            (infer, tensor(#""name":"text","datatype":"BYTES","shape":[1,2],"data":["a"]"#), "inputs[0].shape"),
            (infer, tensor(#""name":"text","datatype":"BYTES","shape":[-1],"data":["a"]"#), "inputs[0].shape"),
            (infer, tensor(#""name":"text","datatype":"BYTES","shape":[1e40],"data":["a"]"#), "inputs[0].shape"),
            (infer, tensor(#""name":"text","datatype":"BYTES","shape":[2],"data":["a"]"#), "says 2"),
            (infer, tensor(#""name":"text","datatype":"BYTES","shape":[1],"data":[1]"#), "inputs[0].data[0]"),
            (infer, tensor(#""name":"text","datatype":"BYTES","shape":[1]"#), "inputs[0].data"),
            (infer, tensor(#""parameters":{"binary_data_size":3},"# + text), "binary_data_size"),
            (infer, #"{"inputs":[{\#(text)}],"outputs":[{"name":"loss"}]}"#, "outputs[0].name"),
            (infer, #"{"inputs":[{\#(text)}],"outputs":{}}"#, "outputs must be a list"),
            (feedback, #"{"truths":[{}]}"#, "truths[0].label"),
            (feedback, #"{"truths":[{"label":"praise","id":"x"}]}"#, "praise"),
            (feedback, #"{"truths":[{"label":"request"}]}"#, "truths[0] needs"),
            (feedback, #"{"truths":[{"label":"request","id":"x","index":-1}]}"#, "truths[0].index"),
            (feedback, #"{"truths":[{"label":"request","prediction":"x"}]}"#, "truths[0].prediction"),
        ]
        try await TestServer.with(configure: { $0.textsPerRequest = 4 }) { server in
            for (path, body, part) in table {
                let answer = try await server.post(path, body)
                #expect(answer.status == 400, "\(body)")
                let message = answer.json["error"]?.string ?? ""
                #expect(message.contains(part), "\(body): \(message)")
            }
            let invalid = Array(#"{"instances":[""#.utf8) + [0xC3, 0x28] + Array(#""]}"#.utf8)
            let answer = try await server.request("POST", predict, invalid)
            #expect(answer.status == 400 && answer.json["error"]?.string?.contains("UTF-8") == true)
        }
    }

    @Test func knowsOnlyItsOwnModel() async throws {
        try await TestServer.with { server in
            for path in ["/v2/models/other", "/v2/models/tickets/versions/tickets-8", "/v1/models/other", "/nothing"] {
                let answer = try await server.get(path)
                #expect(answer.status == 404)
                #expect(answer.json["error"]?.string?.isEmpty == false)
            }
            #expect(try await server.post("/v1/models/other:predict", #"{"instances":[]}"#).status == 404)
            #expect(try await server.post("/v2/models/tickets/versions/1/infer", "{}").status == 404)
        }
    }

    @Test(arguments: ["/v1/models/tickets:predict", "/v1/models/tickets:feedback", "/v2/models/tickets/infer"])
    func pathsThatArePostedToSaySo(path: String) async throws {
        try await TestServer.with { server in
            for method in ["GET", "PUT", "DELETE"] {
                let answer = try await server.request(method, path)
                #expect(answer.status == 405)
                #expect(answer.json["error"]?.string == "\(method) is not for this path; use POST.")
            }
        }
    }

    @Test func limitsBodies() async throws {
        try await TestServer.with(configure: { $0.bodyBytes = 1000 }) { server in
            let long = TestServer.instances([String(repeating: "x", count: 2000)])
            #expect(try await server.request("POST", "/v1/models/tickets:predict", long).status == 413)
            // Without a length to judge by in advance.
            let chunk = Array("7d0\r\n".utf8) + long.prefix(2000) + Array("\r\n0\r\n\r\n".utf8)
            let chunked = try await server.request(
                "POST", "/v1/models/tickets:predict", chunk, headers: ["Transfer-Encoding": "chunked"])
            #expect(chunked.status == 413)
            #expect(try await server.predict(["fine"]).status == 200)
        }
    }

    @Test func takesTextsOfAnyKind() async throws {
        try await TestServer.with { server in
            let texts = [
                "", "\u{0}", " \u{200B}", String(repeating: "word ", count: 5000), String(repeating: "e\u{301}", count: 9999),
            ]
            let answer = try await server.predict(texts)
            #expect(answer.status == 200)
            #expect(answer.json["predictions"]?.array?.count == texts.count)
        }
    }

    @Test func keepsConnectionsAndAnswersInOrder() async throws {
        try await TestServer.with { server in
            let answers = try await onOwnThread("client") { [server] in
                let connection = try HTTPConnection(port: server.port)
                for index in 0..<20 {
                    try connection.send(
                        "POST", "/v1/models/tickets:predict", TestServer.instances(["text \(index)"], id: "\(index)"))
                }
                return try (0..<20).map { _ in try connection.receive() }
            }
            #expect(answers.map { $0.json["id"]?.string } == (0..<20).map(String.init))
        }
    }
}

import Foundation
import NIOCore
import Testing

@testable import Prometheus

@Suite struct ResponseTests {
    let client: PrometheusClient

    init() throws {
        client = try PrometheusClient(address: "http://127.0.0.1:1/")
    }

    func result(_ json: String, status: UInt = 200) throws -> QueryResult {
        try client.interpret(status: status, body: ByteBuffer(string: json), "up", .seconds(1))
    }

    func code(_ json: String, status: UInt) -> PrometheusError.Code? {
        do {
            _ = try result(json, status: status)
            return nil
        } catch {
            return (error as? PrometheusError)?.code
        }
    }

    @Test func readsEveryType() throws {
        let vector = try result(
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"a"},"value":[1700000000.5,"+Inf"]}]},"warnings":["w"],"infos":["i"]}"#
        )
        #expect(
            try vector.vector() == [VectorElement(labels: ["job": "a"], sample: Sample(time: 1_700_000_000.5, value: .infinity))])
        #expect(vector.warnings == ["w", "i"])
        #expect(try vector.number() == .infinity)
        let matrix = try result(
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"],[3,"-4e-5"]]}]}}"#)
        #expect(
            try matrix.matrix() == [
                MatrixElement(labels: [:], samples: [.init(time: 1, value: 2), .init(time: 3, value: -4e-5)])
            ])
        #expect(try result(#"{"status":"success","data":{"resultType":"scalar","result":[1,"42"]}}"#).number() == 42)
        #expect(try result(#"{"status":"success","data":{"resultType":"string","result":[1,"hi"]}}"#).value == .string("hi"))
    }

    @Test func whatIsNotOneNumberSaysSo() throws {
        func code(_ body: String) -> PrometheusError.Code? {
            do {
                _ = try result(#"{"status":"success","data":\#(body)}"#).number()
                return nil
            } catch {
                return (error as? PrometheusError)?.code
            }
        }
        #expect(code(#"{"resultType":"vector","result":[]}"#) == .noData)
        #expect(code(#"{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}"#) == .noData)
        #expect(
            code(#"{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[1,"1"]},{"metric":{"a":"2"},"value":[1,"1"]}]}"#)
                == .unexpectedResult)
        #expect(code(#"{"resultType":"matrix","result":[]}"#) == .unexpectedResult)
        #expect(code(#"{"resultType":"string","result":[1,"x"]}"#) == .unexpectedResult)
    }

    @Test(arguments: [
        (#"{"status":"error","errorType":"bad_data","error":"x"}"#, 400, PrometheusError.Code.badQuery),
        (#"{"status":"error","errorType":"timeout","error":"x"}"#, 503, .timeout),
        (#"{"status":"error","errorType":"execution","error":"x"}"#, 422, .queryFailed),
        (#"{"status":"error","errorType":"unavailable","error":"x"}"#, 503, .unavailable),
        (#"{"status":"error"}"#, 500, .queryFailed),
        ("Service Unavailable", 503, .unavailable),
        ("<html>", 200, .notPrometheus),
        ("", 404, .notPrometheus),
        (#"{"status":"success","data":{"resultType":"novel","result":[]}}"#, 200, .notPrometheus),
        (#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}"#, 200, .notPrometheus),
        (#"{"status":"success","data":{"resultType":"scalar","result":[1,"x"]}}"#, 200, .notPrometheus),
    ])
    func failuresHaveTheirCode(body: String, status: UInt, expected: PrometheusError.Code) {
        #expect(code(body, status: status) == expected)
    }

    @Test(arguments: [
        (#"invalid parameter "query": 1:5: parse error: unexpected end"#, QueryPosition(line: 1, column: 5)),
        ("2:11: parse error: x", QueryPosition(line: 2, column: 11)),
        ("no position at 12:30", nil),
    ])
    func findsThePosition(message: String, position: QueryPosition?) {
        #expect(QueryPosition(in: message) == position)
    }

    @Test(arguments: ["", "localhost:9090", "ftp://x", "http://", "http://h?x=1", "not a url"])
    func badAddressesAreRefused(address: String) {
        #expect(throws: PrometheusError.self) { try PrometheusClient(address: address) }
    }

    @Test func namesCannotBreakOutOfAQuery() {
        #expect(PromQL.selector("m", ["b": "x\"} or vector(1) #\\", "a": "1\n2"]) == #"m{a="1\n2",b="x\"} or vector(1) #\\"}"#)
        #expect(
            PromQL.bucketIncreases(metric: "feature_bucket_total", labels: ["feature": "prediction"], window: .seconds(300))
                == #"sum by (bucket) (increase(feature_bucket_total{feature="prediction"}[300000ms]))"#)
        #expect(PrometheusClient.formEncoded("a b&c=é+\n") == "a%20b%26c%3D%C3%A9%2B%0A")
    }
}

import ApusTesting
import KubernetesClient
import KubernetesTypes
import Testing

@Suite struct WatchTests {
    /// The same watch cut into pieces of every size gives the same events.
    @Test(arguments: [1, 2, 3, 7, 64, 4096]) func eventsSurviveAnyFraming(_ size: Int) async throws {
        let text = """
            {"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"1"}}}
            {"type":"MODIFIED","object":{"kind":"Pod","metadata":{"name":"ä","resourceVersion":"2"}}}

            {"type":"NEWFANGLED","object":{}}
            {"type":"DELETED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"3"}}}
            {"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}
            """
        let bytes = Array(text.utf8)
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        for start in stride(from: 0, to: bytes.count, by: size) {
            continuation.yield(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        continuation.finish()
        let client = ClientTests.client(ScriptedTransport { _ in WireResponse(status: 200, body: ByteStream(stream)) })
        var seen: [String] = []
        for try await event in try await client.watch(Pod.self, namespace: "n", WatchOptions(resourceVersion: "0")) {
            switch event {
            case .added(let pod): seen.append("+\(pod.name)")
            case .modified(let pod): seen.append("~\(pod.name)")
            case .deleted(let pod): seen.append("-\(pod.name)")
            case .bookmark(let version, let ends): seen.append("\(version)\(ends)")
            }
        }
        #expect(seen == ["+a", "~ä", "-a", "9true"])
    }

    @Test func expiredVersionsAreTyped() async throws {
        let line =
            #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version: 1 (5)"}}"#
        let inStream = ClientTests.client(
            ScriptedTransport { _ in WireResponse(status: 200, body: ByteStream(Array((line + "\n").utf8))) })
        let asAnswer = ClientTests.client(
            ScriptedTransport { _ in ClientTests.answer(410, ["kind": "Status", "code": 410, "reason": "Expired"]) })
        for client in [inStream, asAnswer] {
            let error = await #expect(throws: StatusError.self) {
                for try await _ in try await client.watch(Pod.self, WatchOptions(resourceVersion: "1")) {}
            }
            #expect(error?.isExpired == true)
        }
    }

    @Test func anEventCutShortIsAnInterruption() async throws {
        let client = ClientTests.client(
            ScriptedTransport { _ in WireResponse(status: 200, body: ByteStream(Array(#"{"type":"ADDED","obj"#.utf8))) })
        let error = await #expect(throws: TransportError.self) {
            for try await _ in try await client.watch(Pod.self) {}
        }
        #expect(error?.code == .interrupted)
    }
}

import KubernetesTypes
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import NodeAgent

/// Names that lead to names elsewhere, asked of a real server on the machine.
@Suite struct NameServerTests {
    /// A server elsewhere: `a.example` is another name for a host with addresses, nothing else exists.
    private struct Elsewhere {
        static func answer(_ query: [UInt8]) -> [UInt8] {
            let question = Array(query[12...])
            let isKnown = question.starts(with: DNSMessage.encode(name: "a.example"))
            let isLong = question[question.count - 3] == 28
            let address: [UInt8] = isLong ? [UInt8](repeating: 7, count: 16) : [192, 0, 2, 7]
            // The other name refers to the asked one for its end, and the address's name to where the other one stands.
            let alias: [UInt8] = [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 5, 0, 7, 4] + Array("host".utf8) + [0xC0, 12]
            let place = UInt8(12 + question.count + 12)
            let host: [UInt8] = [0xC0, place, 0, isLong ? 28 : 1, 0, 1, 0, 0, 0, 5, 0, UInt8(address.count)] + address
            let head = Array(query[..<2]) + [0x81, isKnown ? 0x80 : 0x83, 0, 1, 0, isKnown ? 2 : 0, 0, 0, 0, 0]
            return head + question + (isKnown ? alias + host : [])
        }
    }

    private static func service(_ name: String, change: (inout Service) -> Void) -> Service {
        var service = Service(metadata: ObjectMeta(name: name, namespace: "ns"), spec: ServiceSpec())
        change(&service)
        return service
    }

    private static func query(_ name: String, _ type: UInt8) -> [UInt8] {
        [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + DNSMessage.encode(name: name) + [0, type, 0, 1]
    }

    @Test func aliasesAreAnsweredWithTheirAddresses() async throws {
        let remote = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>(
                        wrappingChannelSynchronously: channel)
                }
            }
        let port = try #require(remote.channel.localAddress?.port)
        let serving = Task {
            try await remote.executeThenClose { inbound, outbound in
                for try await envelope in inbound {
                    let answer = Elsewhere.answer(Array(buffer: envelope.data))
                    try await outbound.write(
                        AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer)))
                }
            }
        }
        defer { serving.cancel() }
        let table = NameTable(domain: "cluster.local")
        let server = NameServer(
            address: "127.0.0.1", port: 0, table: table, upstream: ["127.0.0.1"], upstreamPort: port, log: Logger(label: "test"))
        func ask(_ name: String, _ type: UInt8 = 1) async throws -> (code: UInt8, records: [DNSMessage.Record]) {
            let query = Self.query(name, type)
            let answer = try #require(await server.respond(query, limit: 512))
            let response = try #require(DNSResponse(answer, to: query, name: ""))
            #expect(Int(answer[7]) >= response.records.count)
            return (response.code, response.records)
        }
        // Before it is known which names there are, none is said not to be there.
        #expect(try await ask("out.ns.svc.cluster.local").code == 2)
        #expect(try await ask("a.example").records == [.address(name: "", 0xC000_0207)], "others are asked meanwhile")
        func alias(_ name: String, _ target: String) -> Service {
            Self.service(name) {
                $0.spec.type = "ExternalName"
                $0.spec.externalName = target
            }
        }
        table.replace(
            services: [
                alias("out", "a.example"), alias("none", "b.example"), alias("in", "web.ns.svc.cluster.local"),
                alias("far", "out.ns.svc.cluster.local"), alias("loop", "loop.ns.svc.cluster.local"),
                Self.service("web") { $0.spec.clusterIP = "10.96.0.5" },
            ], slices: [])
        let rows: [(name: String, type: UInt8, code: UInt8, records: [DNSMessage.Record])] = [
            ("out", 1, 0, [.address(name: "", 0xC000_0207)]),
            ("out", 28, 0, [.longAddress(name: "", [UInt8](repeating: 7, count: 16))]),
            ("far", 1, 0, [.address(name: "", 0xC000_0207)]), ("in", 1, 0, [.address(name: "", 0x0A60_0005)]),
            ("in", 28, 0, []), ("none", 1, 3, []), ("loop", 1, 2, []), ("out", 5, 0, []), ("nothing", 1, 3, []),
        ]
        for row in rows {
            let answer = try await ask(row.name + ".ns.svc.cluster.local", row.type)
            #expect(answer.code == row.code && answer.records == row.records, "\(row.name) \(row.type)")
        }
        // The names between are told as well.
        let query = Self.query("out.ns.svc.cluster.local", 1)
        let answer = try #require(await server.respond(query, limit: 512))
        #expect(answer[7] == 2 && String(decoding: answer, as: UTF8.self).contains("\u{1}a\u{7}example"))
    }

    @Test(arguments: [0, 11, 13, 40, 55])
    func brokenAnswersAreDropped(length: Int) {
        let query = Self.query("a.example", 1)
        let answer = Elsewhere.answer(query)
        #expect(DNSResponse(answer, to: query, name: "a") != nil)
        #expect(DNSResponse(Array(answer.prefix(length)), to: query, name: "a") == nil)
        #expect(DNSResponse(query, to: query, name: "a") == nil, "a question is no answer")
    }
}

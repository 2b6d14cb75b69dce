import Testing

@testable import NodeAgent

/// Frames as bytes and back. That others understand them is shown by kubectl itself.
@Suite struct SPDYTests {
    private static let frames: [SPDYFrame] = [
        .open(stream: 1, headers: ["streamtype": "error", "port": "8080", "requestid": "0"], isLast: false),
        .open(stream: 3, headers: ["streamtype": "data", "port": "8080", "requestid": "0"], isLast: true),
        .accept(stream: 1), .data(stream: 3, bytes: [1, 2, 3], isLast: false), .data(stream: 3, bytes: [], isLast: true),
        .ping(7), .reset(stream: 3, status: .cancel), .goAway(lastStream: 3),
    ]

    @Test(arguments: [1, 2, 7, 64, 4096])
    func framesSurviveHoweverTheyAreCut(size: Int) throws {
        let writer = try SPDYWriter()
        var bytes: [UInt8] = []
        for frame in Self.frames { bytes += try writer.bytes(frame) }
        var reader = try SPDYReader()
        var found: [SPDYFrame] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.append(Array(bytes[start..<min(start + size, bytes.count)]))
            while let frame = try reader.next() { found.append(frame) }
        }
        #expect(found == Self.frames)
    }

    /// The dictionary as upstream's client has it: the checksum of its 1,423 bytes is what a compressed stream names it by.
    @Test func theDictionaryIsTheProtocols() throws {
        #expect(SPDYDictionary.bytes.count == 1_423)
        let block = try SPDYHeaderDeflater().deflate(SPDYHeaders.bytes(["method": "get"]))
        // RFC 1950: two bytes of header, of which FDICT is set, then the Adler-32 of the dictionary.
        #expect(block[1] & 0x20 != 0)
        #expect(Array(block[2..<6]) == [0xE3, 0xC6, 0xA7, 0xC2])
    }

    @Test(
        arguments: [
            ("another version", [0x80, 2, 0, 1, 0, 0, 0, 0]), ("too long", [0x80, 3, 0, 1, 0, 0xFF, 0xFF, 0xFF]),
            ("too much data", [0, 0, 0, 1, 0, 0xFF, 0xFF, 0xFF]), ("cut short", [0x80, 3, 0, 6, 0, 0, 0, 2, 0, 0]),
            ("no room for headers", [0x80, 3, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1]),
            ("no compression", [0x80, 3, 0, 2, 0, 0, 0, 8, 0, 0, 0, 1, 9, 9, 9, 9]),
        ] as [(String, [UInt8])])
    func whatIsNotSPDYIsRefused(what: String, bytes: [UInt8]) throws {
        let error = #expect(throws: SPDYError.self, "\(what)") {
            var reader = try SPDYReader()
            reader.append(bytes)
            _ = try reader.next()
        }
        #expect(error?.description.isEmpty == false)
    }

    @Test func headersThatGrowWithoutEndAreRefused() throws {
        let block = try SPDYHeaderDeflater().deflate([UInt8](repeating: 65, count: 1 << 20))
        #expect(block.count < 4_096)
        #expect(throws: SPDYError.self) { try SPDYHeaderInflater().inflate(block, limit: 16 << 10) }
    }

    @Test(
        arguments: [
            [0, 0, 0, 2, 0, 0, 0, 1, 97], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 1], [0, 0],
        ] as [[UInt8]])
    func brokenBlocksOfHeadersAreRefused(block: [UInt8]) {
        #expect(throws: SPDYError.self) { try SPDYHeaders.parse(block) }
    }
}

/// Which streams make a connection.
@Suite struct PortForwardTableTests {
    private func open(_ stream: UInt32, _ type: String, port: String = "80", request: String? = "0") -> SPDYFrame {
        var headers = ["streamtype": type, "port": port]
        headers["requestid"] = request
        return .open(stream: stream, headers: headers, isLast: false)
    }

    private func step(_ table: inout PortForwardTable, _ frame: SPDYFrame) -> String {
        switch table.take(frame, maximumConnections: 3) {
        case .nothing: "nothing"
        case .answer(let frames): frames.map { "\($0)".split(separator: "(")[0] }.joined()
        case .connect(let pair): "connect \(pair.port) data \(pair.data) error \(pair.error)"
        case .write: "write"
        case .drop: "drop"
        }
    }

    @Test func twoStreamsOfOneRequestMakeAConnection() {
        var table = PortForwardTable()
        #expect(step(&table, open(1, "error")) == "accept")
        #expect(step(&table, open(3, "data")) == "connect 80 data 3 error 1")
        #expect(step(&table, open(5, "data", request: "1")) == "accept")
        #expect(step(&table, open(7, "error", request: "1")) == "connect 80 data 5 error 7")
        // Without the header the numbers say which belong together.
        #expect(step(&table, open(9, "error", request: nil)) == "accept")
        #expect(step(&table, open(11, "data", request: nil)) == "connect 80 data 11 error 9")
    }

    @Test func whatMakesNoSenseIsReset() {
        var table = PortForwardTable()
        for (stream, frame) in [
            open(1, "error", port: "0"), open(3, "data", port: "65536"), open(5, "shell"), open(7, "data", port: "http"),
        ].enumerated() {
            #expect(step(&table, frame) == "reset", "\(stream)")
        }
        #expect(step(&table, open(9, "error")) == "accept")
        #expect(step(&table, open(9, "data")) == "reset", "a number that was used")
        #expect(step(&table, open(11, "error")) == "reset", "twice the same half")
        #expect(step(&table, open(13, "data", port: "81")) == "reset", "another port")
        #expect(step(&table, open(15, "data", request: "1")) == "accept")
        #expect(step(&table, open(17, "data", request: "2")) == "accept")
        #expect(step(&table, open(19, "data", request: "3")) == "reset", "more halves than there may be connections")
        #expect(step(&table, .data(stream: 40, bytes: [1], isLast: false)) == "nothing")
        #expect(step(&table, .ping(4)) == "ping")
    }
}

/// As much of the DNS wire format as a cluster's name server needs. Pure.
struct DNSMessage: Sendable {
    enum RecordType: UInt16, Sendable {
        case address = 1
        case alias = 5
        case pointer = 12
        case longAddress = 28
        case service = 33
        case any = 255
        case other = 0
    }

    struct Question: Sendable, Equatable {
        var name: String
        var type: RecordType
    }

    enum Record: Sendable, Equatable {
        case address(name: String, UInt32)
        /// Of IPv6, in sixteen bytes.
        case longAddress(name: String, [UInt8])
        case alias(name: String, target: String)
        case pointer(name: String, target: String)
        case service(name: String, port: Int, target: String)
    }

    struct Answer: Sendable, Equatable {
        var records: [Record]
        /// Whether the name exists, with or without records of the asked type.
        var exists = true
    }

    var id: UInt16
    var question: Question
    /// The question as it came, so that its spelling is kept in the answer.
    private var rawQuestion: [UInt8]
    private var flags: UInt16

    /// Reads a query with one question; anything else is nil.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 17 else { return nil }
        func word(_ index: Int) -> UInt16 { UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]) }
        id = word(0)
        flags = word(2)
        guard flags & 0x8000 == 0, word(4) == 1 else { return nil }
        var labels: [String] = []
        var index = 12
        while index < bytes.count, bytes[index] != 0 {
            let length = Int(bytes[index])
            guard length < 64, index + 1 + length < bytes.count else { return nil }
            labels.append(String(decoding: bytes[(index + 1)..<(index + 1 + length)], as: UTF8.self))
            index += 1 + length
        }
        guard index + 5 <= bytes.count else { return nil }
        question = Question(name: labels.joined(separator: "."), type: RecordType(rawValue: word(index + 1)) ?? .other)
        rawQuestion = Array(bytes[12..<(index + 5)])
    }

    /// The answer's bytes.
    /// - Parameter limit: longer ones are cut and marked so, for the client to ask by TCP.
    func reply(_ answer: Answer, limit: Int) -> [UInt8] {
        var body: [UInt8] = []
        var count: UInt16 = 0
        var isCut = false
        for record in answer.records {
            let bytes = Self.encode(record)
            if 12 + rawQuestion.count + body.count + bytes.count > limit {
                isCut = true
                break
            }
            body += bytes
            count += 1
        }
        return header(code: answer.exists ? 0 : 3, count: count, isCut: isCut, isAuthority: true) + rawQuestion + body
    }

    /// The same question about another name, for another server.
    func query(for name: String) -> [UInt8] {
        let header = [id, 0x0100, 1, 0, 0, 0].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        return header + Self.encode(name: name) + rawQuestion.suffix(4)
    }

    /// The answer where the name could not be looked up elsewhere.
    func failure() -> [UInt8] { header(code: 2, count: 0, isCut: false, isAuthority: false) + rawQuestion }

    private func header(code: UInt16, count: UInt16, isCut: Bool, isAuthority: Bool) -> [UInt8] {
        // Response, authoritative, recursion as asked for and available.
        let answerFlags: UInt16 =
            0x8080 | (isAuthority ? 0x0400 : 0) | (isCut ? 0x0200 : 0) | (flags & 0x0100) | code
        return [id, answerFlags, 1, count, 0, 0].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    }

    static func encode(name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8.prefix(63)) } + [0]
    }

    private static func encode(_ record: Record) -> [UInt8] {
        func words(_ values: UInt16...) -> [UInt8] { values.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } }
        func entry(_ name: String, _ type: RecordType, _ data: [UInt8]) -> [UInt8] {
            encode(name: name) + words(type.rawValue, 1, 0, 5, UInt16(data.count)) + data
        }
        switch record {
        case .address(let name, let address):
            return entry(name, .address, [24, 16, 8, 0].map { UInt8(address >> $0 & 255) })
        case .longAddress(let name, let address): return entry(name, .longAddress, address)
        case .alias(let name, let target): return entry(name, .alias, encode(name: target))
        case .pointer(let name, let target): return entry(name, .pointer, encode(name: target))
        case .service(let name, let port, let target):
            return entry(name, .service, words(0, 100, UInt16(clamping: port)) + encode(name: target))
        }
    }
}

/// As much of another server's answer as is passed on: the addresses that a name leads to. Pure.
struct DNSResponse: Sendable, Equatable {
    /// 0 where all is well, 3 where the name does not exist.
    var code: UInt8
    /// Under the name that was asked for, whatever names lay between.
    var records: [DNSMessage.Record]

    /// Reads the answer to a query for addresses of a name; anything else is nil.
    init?(_ bytes: [UInt8], to query: [UInt8], name: String) {
        guard bytes.count >= 12, query.count >= 2, bytes[..<2] == query[..<2], bytes[2] & 0x80 != 0 else { return nil }
        func word(_ index: Int) -> Int { Int(bytes[index]) << 8 | Int(bytes[index + 1]) }
        code = bytes[3] & 15
        records = []
        var index = 12
        /// Goes past a name, which ends with an empty label or with a reference to where the rest stands.
        func skipName() -> Bool {
            while index < bytes.count {
                let length = Int(bytes[index])
                if length & 0xC0 == 0xC0 {
                    index += 2
                    return index <= bytes.count
                }
                index += 1 + length
                if length == 0 { return true }
            }
            return false
        }
        for _ in 0..<word(4) {
            guard skipName() else { return nil }
            index += 4
        }
        for _ in 0..<word(6) {
            guard skipName(), index + 10 <= bytes.count else { return nil }
            let (type, kind, length) = (word(index), word(index + 2), word(index + 8))
            index += 10
            guard index + length <= bytes.count else { return nil }
            let data = Array(bytes[index..<(index + length)])
            index += length
            guard kind == 1 else { continue }
            switch (DNSMessage.RecordType(rawValue: UInt16(type)), length) {
            case (.address, 4): records.append(.address(name: name, data.reduce(0) { $0 << 8 | UInt32($1) }))
            case (.longAddress, 16): records.append(.longAddress(name: name, data))
            default: break
            }
        }
    }
}

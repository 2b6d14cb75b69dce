extension JSONValue {
    /// The JSON form of a Codable value, without going through text.
    public init(encoding value: some Encodable) throws {
        let box = Box()
        try Writer(box: box, codingPath: []).write(value)
        self = box.resolved
    }

    /// Reference semantics let nested containers fill in their place after they were handed out.
    fileprivate final class Box {
        var scalar: JSONValue?
        var members: [String: Box]?
        var elements: [Box]?

        var resolved: JSONValue {
            if let members { return .object(members.mapValues(\.resolved)) }
            if let elements { return .array(elements.map(\.resolved)) }
            return scalar ?? .null
        }
    }

    fileprivate struct Writer: Encoder {
        let box: Box
        let codingPath: [any CodingKey]
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func write(_ value: some Encodable) throws {
            switch value {
            case let value as JSONValue: box.scalar = value
            case let value as String: box.scalar = .string(value)
            case let value as Bool: box.scalar = .bool(value)
            case let value as Double: box.scalar = .number(value)
            case let value as Float: box.scalar = .number(Double(value))
            case let value as any BinaryInteger: box.scalar = .integer(Int64(value))
            default: try value.encode(to: self)
            }
        }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            if box.members == nil { box.members = [:] }
            return KeyedEncodingContainer(KeyedWriter<Key>(box: box, codingPath: codingPath))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            if box.elements == nil { box.elements = [] }
            return UnkeyedWriter(box: box, codingPath: codingPath)
        }

        func singleValueContainer() -> any SingleValueEncodingContainer { SingleWriter(writer: self) }
    }

    fileprivate struct KeyedWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let box: Box
        let codingPath: [any CodingKey]

        private func child(_ key: some CodingKey) -> Writer {
            let child = Box()
            box.members?[key.stringValue] = child
            return Writer(box: child, codingPath: codingPath + [key])
        }

        mutating func encodeNil(forKey key: Key) throws { child(key).box.scalar = .null }
        mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try child(key).write(value) }
        mutating func nestedContainer<NestedKey: CodingKey>(
            keyedBy keyType: NestedKey.Type, forKey key: Key
        ) -> KeyedEncodingContainer<NestedKey> { child(key).container(keyedBy: keyType) }
        mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { child(key).unkeyedContainer() }
        mutating func superEncoder() -> any Encoder { Writer(box: box, codingPath: codingPath) }
        mutating func superEncoder(forKey key: Key) -> any Encoder { child(key) }
    }

    fileprivate struct UnkeyedWriter: UnkeyedEncodingContainer {
        let box: Box
        let codingPath: [any CodingKey]
        var count: Int { box.elements?.count ?? 0 }

        private func child() -> Writer {
            let child = Box()
            box.elements?.append(child)
            return Writer(box: child, codingPath: codingPath)
        }

        mutating func encodeNil() throws { child().box.scalar = .null }
        mutating func encode<T: Encodable>(_ value: T) throws { try child().write(value) }
        mutating func nestedContainer<NestedKey: CodingKey>(
            keyedBy keyType: NestedKey.Type
        ) -> KeyedEncodingContainer<NestedKey> { child().container(keyedBy: keyType) }
        mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }
        mutating func superEncoder() -> any Encoder { child() }
    }

    fileprivate struct SingleWriter: SingleValueEncodingContainer {
        let writer: Writer
        var codingPath: [any CodingKey] { writer.codingPath }

        mutating func encodeNil() throws { writer.box.scalar = .null }
        mutating func encode<T: Encodable>(_ value: T) throws { try writer.write(value) }
    }
}

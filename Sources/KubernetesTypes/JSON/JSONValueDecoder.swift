extension JSONValue {
    /// A typed view of this value.
    /// - Throws: `DecodingError` whose coding path names the field that does not fit.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try Reader(value: self, codingPath: []).read(type)
    }

    fileprivate struct Reader: Decoder {
        let value: JSONValue
        let codingPath: [any CodingKey]
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func mismatch(_ expected: String) -> DecodingError {
            DecodingError.typeMismatch(
                JSONValue.self,
                .init(codingPath: codingPath, debugDescription: "expected \(expected), found \(value.typeName)"))
        }

        func read<T: Decodable>(_ type: T.Type) throws -> T {
            if type == JSONValue.self, let result = value as? T { return result }
            if type == String.self {
                guard let result = value.string as? T else { throw mismatch("string") }
                return result
            }
            if type == Bool.self {
                guard let result = value.bool as? T else { throw mismatch("boolean") }
                return result
            }
            if type == Double.self {
                guard let result = value.number as? T else { throw mismatch("number") }
                return result
            }
            if let integerType = type as? any FixedWidthInteger.Type {
                guard let whole = value.integer, let result = exactly(whole, integerType) as? T else { throw mismatch("integer") }
                return result
            }
            return try type.init(from: self)
        }

        private func exactly<I: FixedWidthInteger>(_ whole: Int64, _ type: I.Type) -> I? { I(exactly: whole) }

        func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
            // An absent object and an empty one mean the same in Kubernetes.
            guard let members = value.isNull ? [:] : value.object else { throw mismatch("object") }
            return KeyedDecodingContainer(KeyedReader<Key>(members: members, codingPath: codingPath))
        }

        func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
            guard let elements = value.isNull ? [] : value.array else { throw mismatch("array") }
            return UnkeyedReader(elements: elements, codingPath: codingPath)
        }

        func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleReader(reader: self) }
    }

    fileprivate struct KeyedReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let members: [String: JSONValue]
        let codingPath: [any CodingKey]
        var allKeys: [Key] { members.keys.compactMap(Key.init(stringValue:)) }

        func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

        private func child(_ key: some CodingKey) throws -> Reader {
            guard let value = members[key.stringValue] else {
                throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "missing"))
            }
            return Reader(value: value, codingPath: codingPath + [key])
        }

        func decodeNil(forKey key: Key) throws -> Bool { members[key.stringValue]?.isNull ?? true }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try child(key).read(type) }
        func nestedContainer<NestedKey: CodingKey>(
            keyedBy type: NestedKey.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<NestedKey> { try child(key).container(keyedBy: type) }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try child(key).unkeyedContainer() }
        func superDecoder() throws -> any Decoder { Reader(value: .object(members), codingPath: codingPath) }
        func superDecoder(forKey key: Key) throws -> any Decoder { try child(key) }
    }

    fileprivate struct UnkeyedReader: UnkeyedDecodingContainer {
        let elements: [JSONValue]
        let codingPath: [any CodingKey]
        var currentIndex = 0
        var count: Int? { elements.count }
        var isAtEnd: Bool { currentIndex >= elements.count }

        private struct Index: CodingKey {
            let intValue: Int?
            var stringValue: String { intValue.map(String.init) ?? "" }
            init(intValue: Int) { self.intValue = intValue }
            init?(stringValue: String) { nil }
        }

        private mutating func next() throws -> Reader {
            let path = codingPath + [Index(intValue: currentIndex)]
            guard currentIndex < elements.count else {
                throw DecodingError.valueNotFound(JSONValue.self, .init(codingPath: path, debugDescription: "no more elements"))
            }
            defer { currentIndex += 1 }
            return Reader(value: elements[currentIndex], codingPath: path)
        }

        mutating func decodeNil() throws -> Bool {
            guard !isAtEnd, elements[currentIndex].isNull else { return false }
            currentIndex += 1
            return true
        }
        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().read(type) }
        mutating func nestedContainer<NestedKey: CodingKey>(
            keyedBy type: NestedKey.Type
        ) throws -> KeyedDecodingContainer<NestedKey> { try next().container(keyedBy: type) }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
        mutating func superDecoder() throws -> any Decoder { try next() }
    }

    fileprivate struct SingleReader: SingleValueDecodingContainer {
        let reader: Reader
        var codingPath: [any CodingKey] { reader.codingPath }

        func decodeNil() -> Bool { reader.value.isNull }
        func decode<T: Decodable>(_ type: T.Type) throws -> T { try reader.read(type) }
    }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

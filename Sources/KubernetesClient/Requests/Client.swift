public import KubernetesTypes

/// A client of one API server.
///
/// A value: copies share the transport. Methods that take a Swift type of `KubernetesTypes` work on typed objects, those
/// that take a `ResourceType` on documents; both throw `StatusError` for what the server refuses and `TransportError` for
/// what never got an answer.
public struct Client: Sendable {
    public let transport: any Transport
    public let time: any TimeSource
    public let chance: any ChanceSource
    public var options: Options

    public struct Options: Sendable {
        public var userAgent: String
        /// How long one try of a request may take; watches and logs only until their first byte.
        public var requestTimeout: Duration
        /// How often a request is sent at most, the first time included.
        public var maximumTries: Int
        /// The longest wait between two tries, whatever the server asks for.
        public var longestWait: Duration
        /// `fieldManager` of creations, updates and patches that name none; the server takes the user agent's first word otherwise.
        public var fieldManager: String?

        public init(
            userAgent: String = "apus", requestTimeout: Duration = .seconds(32), maximumTries: Int = 5,
            longestWait: Duration = .seconds(30), fieldManager: String? = nil
        ) {
            self.userAgent = userAgent
            self.requestTimeout = requestTimeout
            self.maximumTries = maximumTries
            self.longestWait = longestWait
            self.fieldManager = fieldManager
        }
    }

    public init(
        transport: any Transport, time: any TimeSource = SystemTime(), chance: any ChanceSource = SystemChance(),
        options: Options = Options()
    ) {
        self.transport = transport
        self.time = time
        self.chance = chance
        self.options = options
    }

    /// A client over HTTP. Call `shutdown()` when done with it.
    public init(_ configuration: ConnectionConfiguration, options: Options = Options()) throws {
        self.init(transport: try HTTPTransport(configuration), options: options)
    }

    public func shutdown() async throws { try await transport.shutdown() }

    /// The same client under another name in the server's logs and in managed fields.
    public func named(_ userAgent: String, fieldManager: String? = nil) -> Client {
        var copy = self
        copy.options.userAgent = userAgent
        copy.options.fieldManager = fieldManager ?? options.fieldManager
        return copy
    }
}

/// One request in the terms of the API, before it is put on the wire.
public struct Call: Sendable {
    public var method: WireRequest.Method
    /// Not percent-encoded.
    public var path: String
    public var query: [(name: String, value: String)] = []
    public var body: [UInt8]?
    public var contentType = "application/json"
    public var accept = "application/json"
    /// Sending it twice does what sending it once does, so that it is sent again when its answer was lost.
    public var isRepeatable: Bool
    public var timeout: Duration?

    public init(_ method: WireRequest.Method, _ path: String, body: JSONValue? = nil) {
        self.method = method
        self.path = path
        self.body = body.map { JSONSerializer.bytes($0) }
        isRepeatable = method == .get
    }

    public mutating func add(_ name: String, _ value: String?) {
        if let value { query.append((name, value)) }
    }

    var target: String {
        var target = PercentEncoding.path(path)
        for (index, item) in query.enumerated() {
            target += index == 0 ? "?" : "&"
            target += PercentEncoding.value(item.name) + "=" + PercentEncoding.value(item.value)
        }
        return target
    }
}

enum PercentEncoding {
    static func path(_ text: String) -> String { encode(text, keeping: "-._~/!$&'()*+,;=:@") }
    static func value(_ text: String) -> String { encode(text, keeping: "-._~/:,") }

    private static func encode(_ text: String, keeping punctuation: StaticString) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        return punctuation.withUTF8Buffer { kept in
            var output: [UInt8] = []
            for byte in text.utf8 {
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: output.append(byte)
                case _ where kept.contains(byte): output.append(byte)
                default: output += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                }
            }
            return String(decoding: output, as: UTF8.self)
        }
    }
}

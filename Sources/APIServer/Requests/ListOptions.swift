import KubernetesTypes

/// The query parameters of list, watch and deletecollection.
struct ListOptions: Sendable {
    enum VersionMatch: Sendable { case exact, notOlderThan }

    var labels = LabelSelection()
    var fields = FieldSelector()
    var limit = 0
    var continueToken = ""
    var resourceVersion = ""
    var match: VersionMatch?
    var timeoutSeconds: Int64?
    var allowsBookmarks = false
    var sendsInitialEvents: Bool?

    init(_ request: APIRequest, definition: ResourceDefinition, isWatch: Bool) throws(APIError) {
        // From the cache ("0") upstream gives everything at once.
        let requested = try Self.integer(request, "limit") ?? 0
        limit = request.parameter("resourceVersion") == "0" ? 0 : Int(requested)
        timeoutSeconds = try Self.integer(request, "timeoutSeconds")
        continueToken = request.parameter("continue") ?? ""
        resourceVersion = request.parameter("resourceVersion") ?? ""
        allowsBookmarks = RequestInfo.isTrue(request.parameter("allowWatchBookmarks"))
        sendsInitialEvents = request.parameter("sendInitialEvents").map { RequestInfo.isTrue($0) }
        if let text = request.parameter("labelSelector") { labels = try LabelSelectorParser.parse(text) }
        if let text = request.parameter("fieldSelector") { fields = try FieldSelector.parse(text, for: definition) }
        let match = request.parameter("resourceVersionMatch") ?? ""
        let errors = isWatch ? watchErrors(match) : listError(match).map { [$0] } ?? []
        if !errors.isEmpty { throw .invalid(group: "meta.k8s.io", kind: "ListOptions", name: "", errors) }
        self.match = match == "Exact" ? .exact : match == "NotOlderThan" ? .notOlderThan : nil
    }

    private func watchErrors(_ match: String) -> [FieldError] {
        let field = "resourceVersionMatch"
        var errors: [FieldError] = []
        if sendsInitialEvents != nil {
            if match != "NotOlderThan" {
                errors.append(.forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
                if !match.isEmpty { errors.append(.notSupported(field, .string(match), supported: ["NotOlderThan"])) }
            }
        } else if !match.isEmpty {
            errors.append(.forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
        }
        if !continueToken.isEmpty {
            errors.append(.forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
        }
        return errors
    }

    private func listError(_ match: String) -> FieldError? {
        let field = "resourceVersionMatch"
        if sendsInitialEvents != nil { return .forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list") }
        guard !match.isEmpty else { return nil }
        if resourceVersion.isEmpty {
            return .forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided")
        }
        if !continueToken.isEmpty { return .forbidden(field, "resourceVersionMatch is forbidden when continue is provided") }
        if match != "Exact", match != "NotOlderThan" {
            return .notSupported(field, .string(match), supported: ["Exact", "NotOlderThan", ""])
        }
        if match == "Exact", resourceVersion == "0" {
            return .forbidden(field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
        }
        return nil
    }

    static func integer(_ request: APIRequest, _ name: String) throws(APIError) -> Int64? {
        guard let text = request.parameter(name), !text.isEmpty else { return nil }
        guard let value = Int64(text) else { throw .badRequest("strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
        return value
    }

    /// The requested version as a number, 0 for none; the text of what is wrong with it otherwise.
    static func parseVersion(_ text: String) -> Result<UInt64, VersionError> {
        if text.isEmpty { return .success(0) }
        guard let version = UInt64(text) else {
            return .failure(
                VersionError(
                    message: "resourceVersion: Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax"
                ))
        }
        return .success(version)
    }

    struct VersionError: Error {
        var message: String
    }
}

/// Where the next page of a list starts: upstream's token, so that clients that look into it find what they expect.
struct ContinueToken: Sendable, Equatable {
    /// -1 for "the latest state": the rest of an inconsistent list.
    var revision: Int64
    /// The key after which to go on, relative to the list's prefix, with a NUL at the end.
    var start: String

    var encoded: String {
        let value: JSONValue = ["v": "meta.k8s.io/v1", "rv": .integer(revision), "start": .string(start)]
        return Base64URL.encode(JSONSerializer.bytes(value))
    }

    static func decode(_ text: String) throws(APIError) -> ContinueToken {
        guard let bytes = Base64URL.decode(text) else {
            throw .badRequest("invalid continue token: continue key is not valid: illegal base64 data at input byte 0")
        }
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw .badRequest("invalid continue token: continue key is not valid: \(GoJSONErrors.describe(bytes))")
        }
        guard value["v"]?.string == "meta.k8s.io/v1" else {
            throw .badRequest(
                "invalid continue token: continue key is not valid: server does not recognize this encoded version \"\"")
        }
        guard let start = value["start"]?.string, !start.isEmpty else {
            throw .badRequest("invalid continue token: continue key is not valid: encoded start key missing")
        }
        return ContinueToken(revision: value["rv"]?.integer ?? 0, start: start)
    }
}

/// Base64 with the URL alphabet and no padding.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var output: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                output.append(alphabet[Int(buffer >> UInt32(bits) & 63)])
            }
        }
        if bits > 0 { output.append(alphabet[Int(buffer << UInt32(6 - bits) & 63)]) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Also takes the standard alphabet and padding.
    static func decode(_ text: String) -> [UInt8]? {
        var output: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            let value: UInt32
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte - UInt8(ascii: "A"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(byte - UInt8(ascii: "a")) + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(byte - UInt8(ascii: "0")) + 52
            case UInt8(ascii: "-"), UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "_"), UInt8(ascii: "/"): value = 63
            default: return nil
            }
            buffer = buffer << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(buffer >> UInt32(bits) & 0xFF))
            }
        }
        return output
    }
}

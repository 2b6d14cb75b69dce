import KubernetesTypes

/// Reads request bodies in the formats that upstream takes.
enum RequestBody {
    struct Decoded: Sendable {
        var value: JSONValue
        /// Paths of members that occur twice, as upstream names them.
        var duplicates: [String]
        /// The JSON text, where that is what was sent: the order of its members matters to messages.
        var json: [UInt8]?
    }

    /// - Parameter kind: what is expected, for messages.
    static func decode(_ request: APIRequest, kind: String) throws(APIError) -> Decoded {
        let type = (request.header("content-type") ?? "application/json").split(separator: ";").first.map {
            $0.trimmed.lowercased()
        }
        switch type ?? "application/json" {
        case "application/json", "": return try decodeJSON(request.body, kind: kind)
        case "application/yaml": return try decodeYAML(request.body, kind: kind)
        case "application/vnd.kubernetes.protobuf":
            return Decoded(value: try ProtobufBody.decode(request.body), duplicates: [], json: nil)
        default:
            throw APIError(
                code: 415, reason: "UnsupportedMediaType",
                message: "the body of the request was in an unknown format - accepted media types include: application/json, "
                    + "application/yaml, application/vnd.kubernetes.protobuf")
        }
    }

    private static func decodeJSON(_ bytes: [UInt8], kind: String) throws(APIError) -> Decoded {
        do {
            let (value, duplicates) = try JSONParser.parse(bytes, recordingDuplicates: true)
            switch value {
            case .object: return Decoded(value: value, duplicates: duplicates, json: bytes)
            case .null: return Decoded(value: [:], duplicates: [], json: bytes)
            default:
                throw unrecognized(
                    "couldn't get version/kind; json parse error: json: cannot unmarshal \(GoJSONErrors.typeName(value)) into Go value "
                        + "of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
                        + "\"json:\\\"kind,omitempty\\\"\" }", bytes, kind: kind)
            }
        } catch let error as APIError {
            throw error
        } catch {
            throw unrecognized("couldn't get version/kind; json parse error: \(GoJSONErrors.describe(bytes))", bytes, kind: kind)
        }
    }

    private static func decodeYAML(_ bytes: [UInt8], kind: String) throws(APIError) -> Decoded {
        do {
            let documents = try YAML.parse(String(decoding: bytes, as: UTF8.self))
            return Decoded(value: documents.first ?? [:], duplicates: [], json: nil)
        } catch {
            throw unrecognized("yaml: \(Self.yamlMessage(error))", bytes, kind: kind)
        }
    }

    /// What the YAML library says, in the form `line 2: …` of Go's.
    static func yamlMessage(_ error: YAMLParseError) -> String {
        var text = error.message[...]
        // Go's library counts from zero, and corrects that for errors of its scanner alone.
        let isParsers = text.contains("error: parser: ")
        let number = error.line.map { isParsers ? $0 - 1 : $0 } ?? 0
        let line = number > 0 ? "line \(number): " : ""
        for part in ["error: scanner: ", "error: parser: ", "error: composer: "] {
            if let range = text.firstRange(of: part) { text = text[range.upperBound...] }
        }
        // The library shows the place below its message, and may say in a first line what it was doing.
        if let snippet = text.firstRange(of: ":\n") { text = text[..<snippet.lowerBound] }
        return line + (text.split(separator: "\n").last.map(String.init) ?? "")
    }

    static func unrecognized(_ problem: String, _ bytes: [UInt8], kind: String) -> APIError {
        .badRequest("the object provided is unrecognized (must be of type \(kind)): \(problem) (\(summary(bytes)))")
    }

    /// The first bytes of a body: as text if it could be JSON, else in hexadecimal.
    static func summary(_ bytes: [UInt8]) -> String {
        guard let first = bytes.first else { return "<empty>" }
        let ellipsis = bytes.count > 30 ? " ..." : ""
        let head = bytes.prefix(30)
        if first == UInt8(ascii: "{") { return String(decoding: head, as: UTF8.self) + ellipsis }
        return head.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + ellipsis
    }
}

import KubernetesTypes

/// One version of one object as it is stored: its JSON bytes without `apiVersion` and `kind`, and what lists and watches
/// ask for most, so that they need not parse it.
final class StoredObject: Sendable {
    /// `namespace/name`, or `name` of a cluster-scoped object. Objects are ordered by it, byte by byte, as etcd orders them.
    let key: String
    let namespace: String
    let name: String
    let uid: String
    let revision: UInt64
    let labels: [String: String]
    /// A JSON object with sorted keys that starts with `{`.
    let body: [UInt8]
    /// Where the digits of `metadata.resourceVersion` are in `body`.
    private let revisionRange: Range<Int>

    private init(
        key: String, namespace: String, name: String, uid: String, revision: UInt64, labels: [String: String], body: [UInt8],
        revisionRange: Range<Int>
    ) {
        self.key = key
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.revision = revision
        self.labels = labels
        self.body = body
        self.revisionRange = revisionRange
    }

    convenience init(_ prepared: PreparedObject, revision: UInt64) {
        let digits = Array(String(revision).utf8)
        var body = [UInt8]()
        body.reserveCapacity(prepared.bytes.count + digits.count)
        body.append(contentsOf: prepared.bytes[..<prepared.revisionOffset])
        body.append(contentsOf: digits)
        body.append(contentsOf: prepared.bytes[prepared.revisionOffset...])
        self.init(
            key: prepared.key, namespace: prepared.namespace, name: prepared.name, uid: prepared.uid, revision: revision,
            labels: prepared.labels, body: body,
            revisionRange: prepared.revisionOffset..<prepared.revisionOffset + digits.count)
    }

    /// An object as it was written: the bytes are kept, where it is certain which of them are the version.
    ///
    /// - Parameter value: what the bytes say.
    convenience init(body: [UInt8], value: JSONValue, revision: UInt64) {
        let digits = Array(String(revision).utf8)
        let member = Array("\"resourceVersion\":\"".utf8) + digits + [UInt8(ascii: "\"")]
        guard let start = Self.onlyOccurrence(of: member, in: body) else {
            self.init(PreparedObject(value), revision: revision)
            return
        }
        let metadata = value["metadata"]?.object ?? [:]
        let namespace = metadata["namespace"]?.string ?? ""
        let name = metadata["name"]?.string ?? ""
        let first = start + member.count - digits.count - 1
        self.init(
            key: StoredKey.key(namespace: namespace, name: name), namespace: namespace, name: name,
            uid: metadata["uid"]?.string ?? "", revision: revision,
            labels: (metadata["labels"]?.object ?? [:]).compactMapValues(\.string), body: body,
            revisionRange: first..<first + digits.count)
    }

    private static func onlyOccurrence(of pattern: [UInt8], in body: [UInt8]) -> Int? {
        body.withUnsafeBufferPointer { body in
            pattern.withUnsafeBufferPointer { pattern in
                var found: Int?
                var index = 0
                // The second byte tells most places from a match: every member begins with a quotation mark.
                while index + pattern.count <= body.count {
                    if body[index] == pattern[0], body[index + 1] == pattern[1],
                        pattern.elementsEqual(body[index..<index + pattern.count])
                    {
                        if found != nil { return nil }
                        found = index
                        index += pattern.count
                    } else {
                        index += 1
                    }
                }
                return found
            }
        }
    }

    /// What a dry run would have stored: under the version it was computed from, or none.
    convenience init(_ prepared: PreparedObject, dryRunRevision: UInt64?) {
        if let dryRunRevision {
            self.init(prepared, revision: dryRunRevision)
        } else {
            self.init(
                key: prepared.key, namespace: prepared.namespace, name: prepared.name, uid: prepared.uid, revision: 0,
                labels: prepared.labels, body: prepared.bytesWithoutRevision, revisionRange: 0..<0)
        }
    }

    /// The same content under another version: what a DELETED event shows.
    func withRevision(_ revision: UInt64) -> StoredObject {
        let digits = Array(String(revision).utf8)
        var body = self.body
        body.replaceSubrange(revisionRange, with: digits)
        return StoredObject(
            key: key, namespace: namespace, name: name, uid: uid, revision: revision, labels: labels, body: body,
            revisionRange: revisionRange.lowerBound..<revisionRange.lowerBound + digits.count)
    }

    /// The object parsed, without `apiVersion` and `kind`.
    var value: JSONValue {
        // The bytes are our own serialisation of a value.
        (try? JSONParser.parse(body)) ?? .object([:])
    }

    /// The object parsed, with the given type.
    func value(apiVersion: String, kind: String) -> JSONValue {
        var value = value
        value["apiVersion"] = .string(apiVersion)
        value["kind"] = .string(kind)
        return value
    }
}

/// An object ready to be stored: serialised but for its resourceVersion, which the writer fills in.
struct PreparedObject: Sendable {
    let key: String
    let namespace: String
    let name: String
    let uid: String
    let labels: [String: String]
    let bytes: [UInt8]
    let revisionOffset: Int

    /// - Parameter object: a whole object with a name; its resourceVersion, apiVersion and kind are not kept.
    init(_ object: JSONValue) {
        let metadata = object["metadata"]?.object ?? [:]
        namespace = metadata["namespace"]?.string ?? ""
        name = metadata["name"]?.string ?? ""
        uid = metadata["uid"]?.string ?? ""
        key = StoredKey.key(namespace: namespace, name: name)
        labels = (metadata["labels"]?.object ?? [:]).compactMapValues(\.string)
        var output: [UInt8] = []
        output.reserveCapacity(1024)
        var offset = 0
        output.append(UInt8(ascii: "{"))
        var members = object.object ?? [:]
        members["apiVersion"] = nil
        members["kind"] = nil
        members["metadata"] = .object(metadata)
        Self.writeMembers(members, to: &output) { name, value, output in
            guard name == "metadata" else { return false }
            output.append(UInt8(ascii: "{"))
            var inner = metadata
            inner["resourceVersion"] = .string("")
            Self.writeMembers(inner, to: &output) { name, _, output in
                guard name == "resourceVersion" else { return false }
                output.append(UInt8(ascii: "\""))
                offset = output.count
                output.append(UInt8(ascii: "\""))
                return true
            }
            output.append(UInt8(ascii: "}"))
            return true
        }
        output.append(UInt8(ascii: "}"))
        bytes = output
        revisionOffset = offset
    }

    /// The bytes with no resourceVersion member at all.
    var bytesWithoutRevision: [UInt8] {
        let opening = Array("\"resourceVersion\":\"".utf8)
        var start = revisionOffset - opening.count
        var end = revisionOffset + 1
        // One of the two commas around the member goes with it.
        if bytes[end] == UInt8(ascii: ",") { end += 1 } else if bytes[start - 1] == UInt8(ascii: ",") { start -= 1 }
        return Array(bytes[..<start]) + Array(bytes[end...])
    }

    private static func writeMembers(
        _ members: [String: JSONValue], to output: inout [UInt8],
        special: (String, JSONValue, inout [UInt8]) -> Bool
    ) {
        var isFirst = true
        for name in members.keys.sorted() {
            guard let value = members[name] else { continue }
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            JSONSerializer.write(.string(name), to: &output)
            output.append(UInt8(ascii: ":"))
            if !special(name, value, &output) { JSONSerializer.write(value, to: &output) }
        }
    }
}

enum StoredKey {
    static func key(namespace: String, name: String) -> String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}

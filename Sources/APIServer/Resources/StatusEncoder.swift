import KubernetesTypes

/// Writes a Status with its members in the order of upstream's type, as people read errors with plain HTTP clients.
enum StatusEncoder {
    private static let statusOrder = ["kind", "apiVersion", "metadata", "status", "message", "reason", "details", "code"]
    private static let detailsOrder = ["name", "group", "kind", "uid", "causes", "retryAfterSeconds"]
    private static let causeOrder = ["reason", "message", "field"]

    /// - Returns: nil for anything that is not a failure.
    static func bytes(_ value: JSONValue) -> [UInt8]? {
        guard case .object(let members) = value, members["kind"] == "Status", members["status"] == "Failure" else { return nil }
        var output: [UInt8] = []
        write(members, order: statusOrder, to: &output)
        return output
    }

    private static func write(_ members: [String: JSONValue], order: [String], to output: inout [UInt8]) {
        let known = order.filter { members[$0] != nil }
        let others = members.keys.filter { !order.contains($0) }.sorted()
        output.append(UInt8(ascii: "{"))
        for (index, key) in (known + others).enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            JSONSerializer.writeString(key, to: &output)
            output.append(UInt8(ascii: ":"))
            switch (key, members[key]) {
            case ("details", .object(let details)?): write(details, order: detailsOrder, to: &output)
            case ("causes", .array(let causes)?): write(causes, to: &output)
            case (_, let member): JSONSerializer.write(member ?? .null, to: &output)
            }
        }
        output.append(UInt8(ascii: "}"))
    }

    private static func write(_ causes: [JSONValue], to output: inout [UInt8]) {
        output.append(UInt8(ascii: "["))
        for (index, cause) in causes.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            write(cause.object ?? [:], order: causeOrder, to: &output)
        }
        output.append(UInt8(ascii: "]"))
    }
}

import KubernetesTypes

/// Events are one resource with two faces: `v1` and `events.k8s.io/v1`. They are stored in their core form.
enum EventConversion {
    private static let renamed = [
        ("involvedObject", "regarding"), ("message", "note"), ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"), ("source", "deprecatedSource"),
        ("reportingComponent", "reportingController"),
    ]

    static func isNeeded(_ definition: ResourceDefinition) -> Bool { definition.group == "events.k8s.io" }

    static func toNew(_ event: JSONValue) -> JSONValue { rename(event, renamed) }

    static func toCore(_ event: JSONValue) -> JSONValue { rename(event, renamed.map { ($0.1, $0.0) }) }

    private static func rename(_ event: JSONValue, _ names: [(String, String)]) -> JSONValue {
        guard var members = event.object else { return event }
        for (old, new) in names {
            if let value = members.removeValue(forKey: old) { members[new] = value }
        }
        return .object(members)
    }
}

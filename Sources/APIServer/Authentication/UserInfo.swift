import KubernetesTypes

/// Who makes a request.
public struct UserInfo: Sendable, Equatable {
    public var name: String
    public var uid: String
    public var groups: [String]
    public var extra: [String: [String]]

    public init(name: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.name = name
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    static let anonymous = UserInfo(name: "system:anonymous", groups: ["system:unauthenticated"])

    static let masters = "system:masters"
    static let authenticatedGroup = "system:authenticated"

    /// The server itself, for what it writes on its own account.
    static let server = UserInfo(name: "system:apiserver", groups: [masters, authenticatedGroup])

    func isIn(_ group: String) -> Bool { groups.contains(group) }

    /// With the group that everybody has who was recognised.
    var authenticated: UserInfo {
        var user = self
        if !user.isIn(Self.authenticatedGroup), user.name != Self.anonymous.name { user.groups.append(Self.authenticatedGroup) }
        return user
    }

    /// The form of reviews.
    var json: JSONValue {
        var value: JSONValue = [:]
        if !name.isEmpty { value["username"] = .string(name) }
        if !uid.isEmpty { value["uid"] = .string(uid) }
        if !groups.isEmpty { value["groups"] = .array(groups.map { .string($0) }) }
        if !extra.isEmpty {
            value["extra"] = .object(extra.mapValues { .array($0.map { .string($0) }) })
        }
        return value
    }
}

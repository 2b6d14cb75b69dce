import Foundation

/// Static bearer tokens, from a file in upstream's form: `token,user,uid,"group1,group2"`.
public struct TokenFile: Sendable {
    private var users: [String: UserInfo] = [:]

    public init() {}

    /// - Throws: when the file cannot be read or a line has fewer than three columns.
    public init(path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = line.trimmed
            if trimmed.isEmpty || trimmed.hasPrefix("#") { continue }
            let columns = Self.columns(trimmed)
            guard columns.count >= 3, !columns[0].isEmpty else {
                throw StoreError.failed("\(path):\(number + 1): need at least token, user name and uid")
            }
            let groups = columns.count > 3 ? columns[3].split(separator: ",").map { $0.trimmed } : []
            users[columns[0]] = UserInfo(name: columns[1], uid: columns[2], groups: groups)
        }
    }

    /// Adds a token, for tokens that are made rather than read.
    public mutating func add(_ token: String, _ user: UserInfo) { users[token] = user }

    func user(_ token: String) -> UserInfo? { users[token] }

    /// Comma-separated, with double quotes around columns that contain commas.
    private static func columns(_ line: String) -> [String] {
        var columns = [""]
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: columns.append("")
            default: columns[columns.count - 1].append(character)
            }
        }
        return columns.map { $0.trimmed }
    }
}

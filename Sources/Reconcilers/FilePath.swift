/// `file:` addresses, and which folders of a node they may lead to.
public enum FilePath {
    /// The absolute path of a `file:///…` address, without `.` and `..`; nil for any other address.
    static func path(of uri: String) -> String? {
        guard uri.hasPrefix("file:///") else { return nil }
        var parts: [Substring] = []
        for part in uri.dropFirst("file://".count).split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Whether an absolute path without `.` and `..` is one of the folders or lies below one.
    public static func isInside(_ path: String, anyOf folders: [String]) -> Bool {
        folders.contains { folder in
            let folder = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
            return path == folder || path.hasPrefix(folder + "/")
        }
    }

    /// Ends the message that refuses a path: `Allowed are files below /opt/apus.`
    static func allowed(below folders: [String]) -> String {
        folders.isEmpty
            ? "This operator allows no files of its nodes." : "Allowed are files below \(folders.joined(separator: ", "))."
    }
}

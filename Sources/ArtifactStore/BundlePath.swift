/// Which paths a bundle may hold: relative, plain, and the same file on every system.
enum BundlePath {
    static let maximumBytes = 1_024

    /// Nil when the path is fine, else what is wrong with it.
    static func problem(_ path: String) -> String? {
        if path.isEmpty { return "is empty" }
        if path.utf8.count > maximumBytes { return "is longer than \(maximumBytes) bytes" }
        if path.hasPrefix("/") { return "is absolute" }
        if path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "holds a control character" }
        if path.utf8.contains(0x5C) { return "holds a backslash" }
        for component in path.split(separator: "/", omittingEmptySubsequences: false) {
            if component.isEmpty { return "has an empty component" }
            if component == "." || component == ".." { return "has the component \"\(component)\"" }
            if component.utf8.count > 255 { return "has a component longer than 255 bytes" }
        }
        return nil
    }

    /// For messages: never lets a hostile name flood or restyle a log.
    static func printable(_ path: String) -> String {
        String(path.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : Character($0) })
    }

    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// The directories above a path, outermost first.
    static func parents(of path: String) -> [String] {
        var parents: [String] = []
        var index = path.startIndex
        while let slash = path[index...].firstIndex(of: "/") {
            parents.append(String(path[..<slash]))
            index = path.index(after: slash)
        }
        return parents
    }
}

/// Comma-separated values as RFC 4180 has them: quotes around fields, doubled quotes in them, line breaks within quotes.
public enum CSV {
    /// Rows of fields, the header among them. A row without any character is left out.
    public static func parse(_ text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field = ""
        var isQuoted = false
        var hasContent = false
        var scalars = text.unicodeScalars.makeIterator()
        var pending: Unicode.Scalar? = scalars.next()
        if pending == "\u{FEFF}" { pending = scalars.next() }
        func endField() {
            row.append(field)
            field = ""
        }
        func endRow() {
            endField()
            if hasContent { rows.append(row) }
            row = []
            hasContent = false
        }
        while let scalar = pending {
            pending = scalars.next()
            if isQuoted {
                if scalar == "\"", pending == "\"" {
                    field.unicodeScalars.append("\"")
                    pending = scalars.next()
                } else if scalar == "\"" {
                    isQuoted = false
                } else {
                    field.unicodeScalars.append(scalar)
                }
                continue
            }
            switch scalar {
            case "\"":
                isQuoted = true
                hasContent = true
            case ",":
                endField()
                hasContent = true
            case "\r" where pending == "\n": continue
            case "\n", "\r": endRow()
            default:
                field.unicodeScalars.append(scalar)
                hasContent = true
            }
        }
        if hasContent || !field.isEmpty { endRow() }
        return rows
    }
}

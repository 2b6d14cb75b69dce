/// Names as Prometheus accepts them. Labels come from users (metric names of a trainer's log, for instance), and one
/// illegal name would make Prometheus refuse the whole page, so names are mended here instead of trusted.
enum MetricName {
    /// The name with illegal characters replaced, and with the suffix that its kind calls for.
    static func sanitized(_ name: String, of kind: MetricDeclaration.Kind) -> String {
        let legal = replaced(name, allowsColon: true)
        if case .counter = kind, !legal.hasSuffix("_total") {
            return legal + "_total"
        }
        return legal
    }

    /// The label name with illegal characters replaced. Names that start with `__` and the histogram's own `le` are
    /// Prometheus' and get a prefix.
    static func sanitizedLabel(_ name: String) -> String {
        let legal = replaced(name, allowsColon: false)
        return legal == "le" || legal.hasPrefix("__") ? "exported_" + legal : legal
    }

    private static func replaced(_ name: String, allowsColon: Bool) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_":
                result.unicodeScalars.append(scalar)
            case "0"..."9":
                if result.isEmpty { result = "_" }
                result.unicodeScalars.append(scalar)
            case ":" where allowsColon:
                result.unicodeScalars.append(scalar)
            default:
                result.append("_")
            }
        }
        return result.isEmpty ? "_" : result
    }
}

/// The labels of one series, with distinct names, in a fixed order.
struct Labels: Sendable, Hashable {
    let pairs: [Pair]

    struct Pair: Sendable, Hashable {
        let name: String
        let value: String
    }

    /// Orders by name; of two labels with one name the last wins, because Prometheus refuses a page that has both.
    init(_ pairs: [(String, String)]) {
        var distinct: [String: String] = [:]
        for (name, value) in pairs {
            distinct[MetricName.sanitizedLabel(name)] = value
        }
        self.pairs = distinct.map { Pair(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name }
    }

    /// Labels whose names are declared: kept in the order of declaration. A missing value is empty.
    init(names: [String], values: [String]) {
        pairs = names.enumerated().map { index, name in
            Pair(name: name, value: index < values.count ? values[index] : "")
        }
    }

    static let overflow = Labels([("overflow", "true")])

    /// `name="value",name="value"`, escaped as the text formats ask.
    var text: String {
        pairs.map { "\($0.name)=\"\(Escaping.labelValue($0.value))\"" }.joined(separator: ",")
    }
}

/// Escaping of the text formats.
enum Escaping {
    static func labelValue(_ value: String) -> String {
        escape(value, quote: true)
    }

    /// Help text: 0.0.4 escapes backslash and line feed, OpenMetrics the quote as well.
    static func help(_ text: String, quote: Bool) -> String {
        escape(text, quote: quote)
    }

    private static func escape(_ text: String, quote: Bool) -> String {
        let needsEscape = text.utf8.contains { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }
        guard needsEscape else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quote: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Pieces of expressions, so that names from resources cannot break out of their place.
public enum PromQL {
    /// A string literal, quoted and escaped.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A selector such as `name{a="1",b="2"}`, labels in the order of their names.
    public static func selector(_ metric: String, _ labels: [String: String]) -> String {
        guard !labels.isEmpty else { return metric }
        let matchers = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\(quoted($0.value))" }
        return "\(metric){\(matchers.joined(separator: ","))}"
    }

    /// A duration in whole milliseconds, as PromQL writes it.
    public static func duration(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return "\(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)ms"
    }

    /// How often each bucket of a feature was counted within a window, summed over replicas.
    ///
    /// `increase` extrapolates to the window's ends, so the counts are not whole numbers; their shares are what matters.
    public static func bucketIncreases(metric: String, labels: [String: String], window: Duration) -> String {
        "sum by (bucket) (increase(\(selector(metric, labels))[\(duration(window))]))"
    }

    /// The series of the first expression, and of the second those whose labels the first one has not.
    public static func preferring(_ first: String, to second: String) -> String { "\(first) or \(second)" }
}

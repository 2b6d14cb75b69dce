/// The text formats that Prometheus reads.
public enum ExpositionFormat: Sendable, Equatable {
    /// Prometheus' own text format, version 0.0.4.
    case text
    /// OpenMetrics 1.0.0.
    case openMetrics

    /// The value of the Content-Type header.
    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The format that a client prefers, from its Accept header; the text format when it does not say.
    public static func negotiate(accept: String?) -> ExpositionFormat {
        var best: (format: ExpositionFormat, quality: Double) = (.text, -1)
        for part in (accept ?? "").split(separator: ",") {
            let fields = part.split(separator: ";").map { $0.trimmingBlanks().lowercased() }
            guard let type = fields.first else { continue }
            let parameters = fields.dropFirst()
            let quality = parameters.first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            let version = parameters.first { $0.hasPrefix("version=") }?.dropFirst("version=".count)
            let format: ExpositionFormat? =
                switch type {
                case "application/openmetrics-text" where version == nil || version == "1.0.0" || version == "0.0.1":
                    .openMetrics
                case "text/plain", "text/*", "*/*": .text
                default: nil
                }
            if let format, quality > best.quality, quality > 0 { best = (format, quality) }
        }
        return best.format
    }
}

/// A rendered page, ready to be sent.
public struct MetricsPage: Sendable {
    public let contentType: String
    public let body: String
}

extension MetricsRegistry {
    /// The page in the format that the client's Accept header asks for.
    public func page(accept: String?) -> MetricsPage {
        let format = ExpositionFormat.negotiate(accept: accept)
        return MetricsPage(contentType: format.contentType, body: render(format))
    }

    /// The page in a given format.
    public func render(_ format: ExpositionFormat = .text) -> String {
        var page = ""
        for metric in snapshot() {
            // OpenMetrics names a counter without the suffix that its samples carry.
            let isTotal = metric.type == "counter" && metric.name.hasSuffix("_total")
            let title =
                format == .openMetrics && isTotal ? String(metric.name.dropLast("_total".count)) : metric.name
            if !metric.help.isEmpty {
                page += "# HELP \(title) \(Escaping.help(metric.help, quote: format == .openMetrics))\n"
            }
            page += "# TYPE \(title) \(metric.type)\n"
            for sample in metric.samples {
                page += metric.name
                page += sample.suffix
                if !sample.labels.isEmpty {
                    page += "{\(sample.labels)}"
                }
                page += " \(MetricsRegistry.text(of: sample.value))\n"
            }
        }
        if format == .openMetrics { page += "# EOF\n" }
        return page
    }

    /// Whole numbers without a fraction, and Prometheus' words for what is not a number.
    static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
        return value.description
    }
}

extension Substring {
    func trimmingBlanks() -> Substring {
        var result = self
        while result.first == " " || result.first == "\t" { result.removeFirst() }
        while result.last == " " || result.last == "\t" { result.removeLast() }
        return result
    }
}

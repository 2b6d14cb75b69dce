/// The configuration of a Prometheus server that finds its targets over HTTP.
public struct PrometheusConfiguration: Sendable, Equatable {
    /// Where the list of targets is served in `http_sd` form.
    public var discoveryURL: String
    /// A file whose content is sent as bearer token to the discovery URL; nothing is sent when nil.
    public var discoveryTokenFile: String?
    /// A certificate authority to trust at the discovery URL besides the system's.
    public var discoveryCAFile: String?
    public var scrapeInterval: Duration
    public var discoveryInterval: Duration
    /// Targets that are known in advance: the parts of the platform itself. Name of the job, then `host:port`s.
    public var fixedTargets: [String: [String]]
    /// Labels put on everything when it leaves this server.
    public var externalLabels: [String: String]

    public init(
        discoveryURL: String, discoveryTokenFile: String? = nil, discoveryCAFile: String? = nil,
        scrapeInterval: Duration = .seconds(5), discoveryInterval: Duration = .seconds(5),
        fixedTargets: [String: [String]] = [:], externalLabels: [String: String] = [:]
    ) {
        self.discoveryURL = discoveryURL
        self.discoveryTokenFile = discoveryTokenFile
        self.discoveryCAFile = discoveryCAFile
        self.scrapeInterval = scrapeInterval
        self.discoveryInterval = discoveryInterval
        self.fixedTargets = fixedTargets
        self.externalLabels = externalLabels
    }

    /// The text of `prometheus.yml`.
    ///
    /// Targets bring their own `job` label and metrics path (`__metrics_path__`), so one scrape job suffices.
    public var yaml: String {
        var lines = [
            "global:",
            "  scrape_interval: \(PromQL.duration(scrapeInterval))",
            "  scrape_timeout: \(PromQL.duration(min(scrapeInterval, .seconds(10))))",
            "  evaluation_interval: \(PromQL.duration(scrapeInterval))",
        ]
        if !externalLabels.isEmpty {
            lines.append("  external_labels:")
            lines += externalLabels.sorted { $0.key < $1.key }.map { "    \($0.key): \(Self.quoted($0.value))" }
        }
        lines += [
            "scrape_configs:",
            "  - job_name: apus-pods",
            "    http_sd_configs:",
            "      - url: \(Self.quoted(discoveryURL))",
            "        refresh_interval: \(PromQL.duration(discoveryInterval))",
        ]
        if let file = discoveryTokenFile {
            lines += ["        authorization:", "          credentials_file: \(Self.quoted(file))"]
        }
        if let file = discoveryCAFile {
            lines += ["        tls_config:", "          ca_file: \(Self.quoted(file))"]
        }
        for (job, targets) in fixedTargets.sorted(by: { $0.key < $1.key }) {
            lines += [
                "  - job_name: \(Self.quoted(job))",
                "    static_configs:",
                "      - targets: [\(targets.map(Self.quoted).joined(separator: ", "))]",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Arguments for a `prometheus` program that this configuration is meant for.
    /// - Parameters:
    ///   - configurationFile: where ``yaml`` was written.
    ///   - dataDirectory: where it keeps its data.
    ///   - listenAddress: `host:port`.
    public static func arguments(
        configurationFile: String, dataDirectory: String, listenAddress: String, retention: Duration = .seconds(15 * 86_400)
    ) -> [String] {
        [
            "--config.file=\(configurationFile)", "--storage.tsdb.path=\(dataDirectory)",
            "--web.listen-address=\(listenAddress)", "--storage.tsdb.retention.time=\(PromQL.duration(retention))",
            "--web.enable-lifecycle", "--log.format=json",
        ]
    }

    /// A double-quoted YAML scalar.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

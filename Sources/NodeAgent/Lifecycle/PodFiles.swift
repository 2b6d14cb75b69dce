import KubernetesTypes

/// The text of the files that each container of a pod finds in `/etc`. Pure.
enum PodFiles {
    /// Where names are looked up.
    struct DNS: Sendable, Equatable {
        /// The cluster's DNS address; nil where this node serves none.
        var clusterAddress: String?
        var clusterDomain: String
        /// The machine's own `/etc/resolv.conf`.
        var host: String
    }

    static func hosts(pod: Pod, address: String, hostname: String, domain: String) -> String {
        var lines = [
            "# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback",
            "fe00::0\tip6-localnet", "fe00::0\tip6-mcastprefix", "fe00::1\tip6-allnodes", "fe00::2\tip6-allrouters",
        ]
        let full = fullName(pod: pod, hostname: hostname, domain: domain)
        lines.append(full.map { "\(address)\t\($0)\t\(hostname)" } ?? "\(address)\t\(hostname)")
        let aliases = pod.spec.hostAliases ?? []
        if !aliases.isEmpty {
            lines += ["", "# Entries added by HostAliases."]
            lines += aliases.map { "\($0.ip)\t" + ($0.hostnames ?? []).joined(separator: "\t") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The pod's full name where it has a subdomain.
    static func fullName(pod: Pod, hostname: String, domain: String) -> String? {
        guard let subdomain = pod.spec.subdomain, !subdomain.isEmpty else { return nil }
        return "\(hostname).\(subdomain).\(pod.namespace).svc.\(domain)"
    }

    /// At most 63 characters and not ending in a separator, as the kernel and upstream want it.
    static func hostname(pod: Pod, domain: String) -> String {
        var name = pod.spec.hostname.flatMap { $0.isEmpty ? nil : $0 } ?? pod.name
        if pod.spec.setHostnameAsFQDN ?? false, let full = fullName(pod: pod, hostname: name, domain: domain) { name = full }
        name = String(name.prefix(63))
        while let last = name.last, last == "-" || last == "." { name.removeLast() }
        return name
    }

    static func resolver(pod: Pod, dns: DNS) -> String {
        let host = parse(dns.host)
        var servers: [String] = []
        var searches: [String] = []
        var options: [String] = []
        let policy = pod.spec.dnsPolicy ?? "ClusterFirst"
        let wantsCluster =
            policy == "ClusterFirstWithHostNet" || policy == "ClusterFirst" && !(pod.spec.hostNetwork ?? false)
        if policy == "None" {
            // Only what dnsConfig says.
        } else if wantsCluster, let cluster = dns.clusterAddress {
            servers = [cluster]
            searches =
                ["\(pod.namespace).svc.\(dns.clusterDomain)", "svc.\(dns.clusterDomain)", dns.clusterDomain] + host.searches
            options = ["ndots:5"]
        } else {
            (servers, searches, options) = host
        }
        if let extra = pod.spec.dnsConfig {
            servers = unique(servers + (extra.nameservers ?? []))
            searches = unique(searches + (extra.searches ?? []))
            for option in extra.options ?? [] {
                let name = option.name ?? ""
                options.removeAll { $0 == name || $0.hasPrefix(name + ":") }
                options.append(option.value.map { "\(name):\($0)" } ?? name)
            }
        }
        var text = ""
        if !searches.isEmpty { text += "search \(searches.joined(separator: " "))\n" }
        for server in servers { text += "nameserver \(server)\n" }
        if !options.isEmpty { text += "options \(options.joined(separator: " "))\n" }
        return text
    }

    private static func unique(_ values: [String]) -> [String] {
        var seen: Set<String> = []
        return values.filter { seen.insert($0).inserted }
    }

    /// The name servers, search domains and options of a resolver file.
    static func parse(_ text: String) -> (servers: [String], searches: [String], options: [String]) {
        var servers: [String] = []
        var searches: [String] = []
        var options: [String] = []
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            switch words.first {
            case "nameserver": if words.count > 1 { servers.append(words[1]) }
            case "search": searches = Array(words.dropFirst())
            case "options": options += words.dropFirst()
            default: break
            }
        }
        return (servers, searches, options)
    }
}

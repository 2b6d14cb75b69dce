import KubernetesTypes

/// Kubernetes' own libraries: quantities, URLs, addresses and named formats.
enum CELKubernetes {
    static func call(_ name: String, _ arguments: [CELValue]) throws(CELError) -> CELValue? {
        if name.hasPrefix("format.") { return CELNamedFormats.named(name, arguments) }
        switch arguments.first {
        case .string(let text)?: return try fromText(name, text)
        case .quantity(let quantity)?: return try ofQuantity(name, quantity, arguments.count > 1 ? arguments[1] : .null)
        case .url(let url)?: return ofURL(name, url)
        case .ip(let address)?: return ofAddress(name, address)
        case .cidr(let prefix)?: return try ofPrefix(name, prefix, arguments.count > 1 ? arguments[1] : .null)
        case .format(let format)? where name == "validate":
            guard arguments.count > 1, let text = arguments[1].string else { return nil }
            let problems = CELNamedFormats.problems(text, format)
            return .optional(problems.isEmpty ? CELValue?.none : .list(problems.map(CELValue.string)))
        default: return nil
        }
    }

    private static func fromText(_ name: String, _ text: String) throws(CELError) -> CELValue? {
        switch name {
        case "quantity":
            return try Quantity(text).map(CELValue.quantity).orThrow(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
        case "isQuantity": return .bool(Quantity(text) != nil)
        case "url":
            return try CELURL(text).map(CELValue.url).orThrow(
                "URL parse error during conversion from string: parse \"\(text)\": invalid URI for request")
        case "isURL": return .bool(CELURL(text) != nil)
        case "ip":
            return try IPAddress(text).map(CELValue.ip).orThrow(
                "IP Address \"\(text)\" parse error during conversion from string")
        case "isIP": return .bool(IPAddress(text) != nil)
        case "ip.isCanonical":
            return try IPAddress(text).map { .bool($0.description == text) }.orThrow(
                "IP Address \"\(text)\" parse error during conversion from string")
        case "cidr":
            return try CELPrefix(text).map(CELValue.cidr).orThrow(
                "network address parse error during conversion from string: \(text)")
        case "isCIDR": return .bool(CELPrefix(text) != nil)
        default: return nil
        }
    }

    private static func ofQuantity(_ name: String, _ quantity: Quantity, _ argument: CELValue) throws(CELError) -> CELValue? {
        let other: Quantity? =
            switch argument {
            case .quantity(let other): other
            case .int(let number): Quantity(Int(clamping: number))
            default: nil
            }
        switch name {
        case "sign": return .int(quantity.isZero ? 0 : quantity.isNegative ? -1 : 1)
        case "isInteger": return .bool(quantity.nanos % 1_000_000_000 == 0)
        case "asInteger":
            guard quantity.nanos % 1_000_000_000 == 0 else { throw .evaluation("cannot convert value to integer") }
            return .int(Int64(quantity.nanos / 1_000_000_000))
        case "asApproximateFloat": return .double(quantity.double)
        default: break
        }
        guard let other else { return nil }
        switch name {
        case "add": return .quantity(quantity + other)
        case "sub": return .quantity(quantity - other)
        case "isLessThan": return .bool(quantity < other)
        case "isGreaterThan": return .bool(quantity > other)
        case "compareTo": return .int(quantity < other ? -1 : quantity > other ? 1 : 0)
        default: return nil
        }
    }

    private static func ofURL(_ name: String, _ url: CELURL) -> CELValue? {
        switch name {
        case "getScheme": .string(url.scheme)
        case "getHost": .string(url.host)
        case "getHostname": .string(url.hostname)
        case "getPort": .string(url.port)
        case "getEscapedPath": .string(url.path)
        case "getQuery": .object(url.queryValues.mapValues { .list($0.map(CELValue.string)) })
        default: nil
        }
    }

    private static func ofAddress(_ name: String, _ address: IPAddress) -> CELValue? {
        let bytes = address.bytes
        let isLoopback = address.isIPv4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
        let isLinkLocal = address.isIPv4 ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
        let isMulticast = address.isIPv4 ? bytes[0] & 0xF0 == 0xE0 : bytes[0] == 0xFF
        let isUnspecified = bytes.allSatisfy { $0 == 0 }
        switch name {
        case "family": return .int(address.isIPv4 ? 4 : 6)
        case "isUnspecified": return .bool(isUnspecified)
        case "isLoopback": return .bool(isLoopback)
        case "isLinkLocalUnicast": return .bool(isLinkLocal)
        case "isLinkLocalMulticast":
            return .bool(
                address.isIPv4 ? bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0 : bytes[0] == 0xFF && bytes[1] & 0x0F == 2)
        case "isGlobalUnicast":
            let isBroadcast = address.isIPv4 && bytes.allSatisfy { $0 == 255 }
            return .bool(!isLoopback && !isLinkLocal && !isMulticast && !isUnspecified && !isBroadcast)
        default: return nil
        }
    }

    private static func ofPrefix(_ name: String, _ prefix: CELPrefix, _ argument: CELValue) throws(CELError) -> CELValue? {
        switch (name, argument) {
        case ("ip", _): return .ip(prefix.address)
        case ("masked", _): return .cidr(prefix.masked)
        case ("prefixLength", _): return .int(Int64(prefix.length))
        case ("containsIP", .ip(let address)): return .bool(prefix.contains(address))
        case ("containsIP", .string(let text)):
            return try IPAddress(text).map { .bool(prefix.contains($0)) }.orThrow(
                "IP Address \"\(text)\" parse error during conversion from string")
        case ("containsCIDR", .cidr(let other)): return .bool(other.length >= prefix.length && prefix.contains(other.address))
        case ("containsCIDR", .string(let text)):
            return try CELPrefix(text).map { .bool($0.length >= prefix.length && prefix.contains($0.address)) }
                .orThrow("network address parse error during conversion from string: \(text)")
        default: return nil
        }
    }
}

/// The formats that `format.named()` knows.
enum CELNamedFormats {
    private static let patterns: [String: (pattern: String, maximum: Int, problem: String)] = [
        "dns1123Label": (
            "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", 63,
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
                + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        ),
        "dns1123Subdomain": (
            "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", 253,
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
                + "an alphanumeric character (e.g. 'example.com', regex used for validation is "
                + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        ),
        "dns1035Label": (
            "^[a-z]([-a-z0-9]*[a-z0-9])?$", 63,
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with "
                + "an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
        ),
        "labelValue": (
            "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$", 63,
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                + "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        ),
        "qualifiedName": (
            "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$", 317,
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
                + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        ),
        "uuid": (
            "^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$", 36,
            "does not match the UUID format"
        ),
    ]

    static func named(_ name: String, _ arguments: [CELValue]) -> CELValue? {
        let known = Set(patterns.keys).union([
            "dns1123LabelPrefix", "dns1123SubdomainPrefix", "uri", "byte", "date", "datetime",
        ])
        if name == "format.named" {
            guard let wanted = arguments.first?.string else { return nil }
            return .optional(known.contains(wanted) ? .format(wanted) : CELValue?.none)
        }
        let format = String(name.dropFirst("format.".count))
        return known.contains(format) ? .format(format) : nil
    }

    static func problems(_ text: String, _ format: String) -> [String] {
        switch format {
        case "uri": return CELURL(text) == nil ? ["invalid URI"] : []
        case "byte": return CELBytes.decodeBase64(text) == nil ? ["invalid base64"] : []
        case "date": return CELTimestamp("\(text)T00:00:00Z") == nil ? ["invalid date"] : []
        case "datetime": return CELTimestamp(text) == nil ? ["invalid datetime"] : []
        default: break
        }
        var text = text
        var name = format
        if name.hasSuffix("Prefix") {
            name = String(name.dropLast("Prefix".count))
            if text.hasSuffix("-") { text = text.dropLast() + "a" }
        }
        guard let rule = patterns[name] else { return [] }
        var problems: [String] = []
        if text.utf8.count > rule.maximum { problems.append("must be no more than \(rule.maximum) characters") }
        if let expression = try? RegularExpression.cached(rule.pattern), !expression.matches(text) {
            problems.append(rule.problem)
        }
        return problems
    }
}

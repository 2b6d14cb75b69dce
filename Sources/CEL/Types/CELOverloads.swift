/// The functions, their arguments and results, as a table that reads like the language's documentation.
///
/// `string.contains(string) bool` is a method, `size(string) int` a function; `A` and `B` are any types.
struct CELOverload: Sendable {
    var target: CELType?
    var parameters: [CELType]
    var result: CELType

    static let all: [String: [CELOverload]] = {
        var result: [String: [CELOverload]] = [:]
        for line in table.split(separator: "\n") {
            var reader = Reader(line)
            if let (name, overload) = reader.overload() { result[name, default: []].append(overload) }
        }
        return result
    }()

    /// Reads a line of the table.
    private struct Reader {
        private var rest: Substring

        init(_ line: Substring) { rest = line }

        private mutating func take(_ text: String) -> Bool {
            while rest.first == " " { rest.removeFirst() }
            guard rest.hasPrefix(text) else { return false }
            rest = rest.dropFirst(text.count)
            return true
        }

        mutating func overload() -> (String, CELOverload)? {
            // The name of the conditional operator has a colon in it.
            guard let separator = rest.lastIndex(of: ":") else { return nil }
            let name = String(rest[..<separator])
            rest = rest[rest.index(after: separator)...]
            var target: CELType?
            if !take("(") {
                target = type()
                _ = take(".")
                _ = take("(")
            }
            var parameters: [CELType] = []
            while !take(")"), !rest.isEmpty {
                parameters.append(type())
                _ = take(",")
            }
            return (name, CELOverload(target: target, parameters: parameters, result: type()))
        }

        private mutating func type() -> CELType {
            while rest.first == " " { rest.removeFirst() }
            let name = String(rest.prefix { $0.isLetter })
            rest = rest.dropFirst(name.count)
            var arguments: [CELType] = []
            if take("<") {
                while !take(">"), !rest.isEmpty {
                    arguments.append(type())
                    _ = take(",")
                }
            }
            switch name {
            case "list": return .list(arguments.first ?? .any)
            case "map": return .map(arguments.first ?? .any, arguments.last ?? .any)
            case "optional": return .optional(arguments.first ?? .any)
            default: return Self.simple[name] ?? .parameter(name)
            }
        }

        private static let simple: [String: CELType] = [
            "dyn": .any, "null": .null, "bool": .bool, "int": .int, "uint": .uint, "double": .double, "string": .string,
            "bytes": .bytes,
            "timestamp": .timestamp, "duration": .duration, "quantity": .quantity, "url": .url, "ip": .ip, "cidr": .cidr,
            "format": .format, "type": .type,
        ]
    }

    private static let table = """
        _?_:_:(bool, A, A) A
        _&&_:(bool, bool) bool
        _||_:(bool, bool) bool
        !_:(bool) bool
        _==_:(A, A) bool
        _!=_:(A, A) bool
        -_:(int) int
        -_:(double) double
        _+_:(int, int) int
        _+_:(uint, uint) uint
        _+_:(double, double) double
        _+_:(string, string) string
        _+_:(bytes, bytes) bytes
        _+_:(list<A>, list<A>) list<A>
        _+_:(timestamp, duration) timestamp
        _+_:(duration, timestamp) timestamp
        _+_:(duration, duration) duration
        _-_:(int, int) int
        _-_:(uint, uint) uint
        _-_:(double, double) double
        _-_:(timestamp, timestamp) duration
        _-_:(timestamp, duration) timestamp
        _-_:(duration, duration) duration
        _*_:(int, int) int
        _*_:(uint, uint) uint
        _*_:(double, double) double
        _/_:(int, int) int
        _/_:(uint, uint) uint
        _/_:(double, double) double
        _%_:(int, int) int
        _%_:(uint, uint) uint
        @in:(A, list<A>) bool
        @in:(A, map<A, B>) bool
        _[_]:(list<A>, int) A
        _[_]:(map<A, B>, A) B
        _[_]:(optional<list<A>>, int) optional<A>
        _[_]:(optional<map<A, B>>, A) optional<B>
        _[?_]:(list<A>, int) optional<A>
        _[?_]:(map<A, B>, A) optional<B>
        _[?_]:(optional<list<A>>, int) optional<A>
        _[?_]:(optional<map<A, B>>, A) optional<B>
        size:(string) int
        size:(bytes) int
        size:(list<A>) int
        size:(map<A, B>) int
        size:string.() int
        size:bytes.() int
        size:list<A>.() int
        size:map<A, B>.() int
        int:(int) int
        int:(uint) int
        int:(double) int
        int:(string) int
        int:(timestamp) int
        int:(duration) int
        uint:(int) uint
        uint:(uint) uint
        uint:(double) uint
        uint:(string) uint
        double:(double) double
        double:(int) double
        double:(uint) double
        double:(string) double
        bool:(bool) bool
        bool:(string) bool
        string:(string) string
        string:(bool) string
        string:(int) string
        string:(uint) string
        string:(double) string
        string:(bytes) string
        string:(timestamp) string
        string:(duration) string
        string:(url) string
        string:(ip) string
        string:(cidr) string
        bytes:(bytes) bytes
        bytes:(string) bytes
        dyn:(A) dyn
        type:(A) type
        timestamp:(string) timestamp
        timestamp:(int) timestamp
        timestamp:(timestamp) timestamp
        duration:(string) duration
        duration:(int) duration
        duration:(duration) duration
        contains:string.(string) bool
        startsWith:string.(string) bool
        endsWith:string.(string) bool
        matches:string.(string) bool
        matches:(string, string) bool
        charAt:string.(int) string
        indexOf:string.(string) int
        indexOf:string.(string, int) int
        lastIndexOf:string.(string) int
        lastIndexOf:string.(string, int) int
        lowerAscii:string.() string
        upperAscii:string.() string
        replace:string.(string, string) string
        replace:string.(string, string, int) string
        split:string.(string) list<string>
        split:string.(string, int) list<string>
        substring:string.(int) string
        substring:string.(int, int) string
        trim:string.() string
        join:list<string>.() string
        join:list<string>.(string) string
        find:string.(string) string
        findAll:string.(string) list<string>
        findAll:string.(string, int) list<string>
        isSorted:list<A>.() bool
        sum:list<A>.() A
        min:list<A>.() A
        max:list<A>.() A
        indexOf:list<A>.(A) int
        lastIndexOf:list<A>.(A) int
        sets.contains:(list<A>, list<A>) bool
        sets.equivalent:(list<A>, list<A>) bool
        sets.intersects:(list<A>, list<A>) bool
        url:(string) url
        isURL:(string) bool
        getScheme:url.() string
        getHost:url.() string
        getHostname:url.() string
        getPort:url.() string
        getEscapedPath:url.() string
        getQuery:url.() map<string, list<string>>
        quantity:(string) quantity
        isQuantity:(string) bool
        sign:quantity.() int
        isInteger:quantity.() bool
        asInteger:quantity.() int
        asApproximateFloat:quantity.() double
        add:quantity.(quantity) quantity
        add:quantity.(int) quantity
        sub:quantity.(quantity) quantity
        sub:quantity.(int) quantity
        isLessThan:quantity.(quantity) bool
        isGreaterThan:quantity.(quantity) bool
        compareTo:quantity.(quantity) int
        ip:(string) ip
        isIP:(string) bool
        ip.isCanonical:(string) bool
        family:ip.() int
        isUnspecified:ip.() bool
        isLoopback:ip.() bool
        isLinkLocalMulticast:ip.() bool
        isLinkLocalUnicast:ip.() bool
        isGlobalUnicast:ip.() bool
        cidr:(string) cidr
        isCIDR:(string) bool
        containsIP:cidr.(ip) bool
        containsIP:cidr.(string) bool
        containsCIDR:cidr.(cidr) bool
        containsCIDR:cidr.(string) bool
        ip:cidr.() ip
        masked:cidr.() cidr
        prefixLength:cidr.() int
        format.named:(string) optional<format>
        format.dns1123Label:() format
        format.dns1123Subdomain:() format
        format.dns1035Label:() format
        format.dns1123LabelPrefix:() format
        format.dns1123SubdomainPrefix:() format
        format.qualifiedName:() format
        format.labelValue:() format
        format.uri:() format
        format.uuid:() format
        format.byte:() format
        format.date:() format
        format.datetime:() format
        validate:format.(string) optional<list<string>>
        format:string.(list<dyn>) string
        optional.of:(A) optional<A>
        optional.ofNonZeroValue:(A) optional<A>
        optional.none:() optional<A>
        hasValue:optional<A>.() bool
        value:optional<A>.() A
        or:optional<A>.(optional<A>) optional<A>
        orValue:optional<A>.(A) A
        getFullYear:timestamp.() int
        getFullYear:timestamp.(string) int
        getMonth:timestamp.() int
        getMonth:timestamp.(string) int
        getDate:timestamp.() int
        getDate:timestamp.(string) int
        getDayOfMonth:timestamp.() int
        getDayOfMonth:timestamp.(string) int
        getDayOfWeek:timestamp.() int
        getDayOfWeek:timestamp.(string) int
        getDayOfYear:timestamp.() int
        getDayOfYear:timestamp.(string) int
        getHours:timestamp.() int
        getHours:timestamp.(string) int
        getHours:duration.() int
        getMinutes:timestamp.() int
        getMinutes:timestamp.(string) int
        getMinutes:duration.() int
        getSeconds:timestamp.() int
        getSeconds:timestamp.(string) int
        getSeconds:duration.() int
        getMilliseconds:timestamp.() int
        getMilliseconds:timestamp.(string) int
        getMilliseconds:duration.() int
        """
}

import CEL
import FoundationEssentials
import KubernetesTypes

/// The string formats that upstream checks; others are taken as they are.
enum StringFormats {
    static func accepts(_ text: String, format: String) -> Bool {
        switch format {
        case "date-time": return RFC3339.parse(text) != nil
        case "date": return RFC3339.parse("\(text)T00:00:00Z") != nil
        case "duration": return CELDuration(text) != nil
        case "byte": return Data(base64Encoded: text) != nil
        case "ipv4": return IPAddress(text)?.isIPv4 == true
        case "ipv6": return IPAddress(text)?.isIPv4 == false
        case "cidr":
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let address = IPAddress(String(parts[0])), let bits = Int(parts[1]) else { return false }
            return bits >= 0 && bits <= (address.isIPv4 ? 32 : 128)
        case "uuid", "uuid3", "uuid4", "uuid5": return UUID(uuidString: text) != nil
        case "hostname": return MetadataNames.subdomainProblems(text.lowercased()).isEmpty
        case "email":
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && !text.contains(" ")
        case "uri": return text.contains(":") && !text.contains(" ")
        case "mac": return text.split(separator: ":").count == 6 && text.utf8.count == 17
        default: return true
        }
    }
}

import Foundation

/// Whether a bridge and a range of addresses may be this node's: on one machine each belongs to one node's data folder.
///
/// The kernel keeps the folder's path as the alias of the interface, so that it is known as long as the bridge is there.
struct PodBridge: Sendable {
    let name: String
    let podCIDR: String
    /// Data folder of the node.
    let owner: String

    /// What `ip` writes down on the interface; the kernel takes 255 bytes.
    var alias: String { String(decoding: (Self.mark + owner).utf8.prefix(255), as: UTF8.self) }

    private static let mark = "apus "

    /// The folder of the node whose pods a bridge joins, where that is not this one.
    ///
    /// - Parameters:
    ///   - alias: of the bridge as it is.
    ///   - exists: whether a folder is still there.
    func otherOwner(alias: String, exists: (String) -> Bool) -> String? {
        guard alias.hasPrefix(Self.mark), alias != self.alias else { return nil }
        let other = String(alias.dropFirst(Self.mark.count))
        // A folder that was thrown away with its bridge still up leaves the bridge to whoever comes next.
        return exists(other) ? other : nil
    }

    /// - Parameters:
    ///   - alias: of the bridge as it is; nil where there is no such interface.
    ///   - isBridge: whether the interface of that name is a bridge at all.
    ///   - interfaces: all of the machine.
    /// - Returns: why this node may not have the bridge and the range, with what to do; nil when it may.
    func obstacle(alias: String?, isBridge: Bool, interfaces: [Machine.Interface], exists: (String) -> Bool) -> String? {
        if let alias {
            guard isBridge else { return "\(name) is an interface of the machine and no bridge; choose another --bridge" }
            if let other = otherOwner(alias: alias, exists: exists) {
                return "the bridge \(name) joins the pods of \(other); "
                    + "choose another --bridge and --pod-cidr, or stop that cluster with apus down"
            }
        }
        guard let range = AddressRange(podCIDR) else { return "\"\(podCIDR)\" is not an IPv4 range such as 10.88.0.0/16" }
        for interface in interfaces where interface.name != name {
            let taken = "\(interface.address)/\(interface.prefixLength)"
            if let other = AddressRange(taken), range.overlaps(other) {
                return "the pods' addresses \(podCIDR) overlap with \(taken) at \(interface.name); choose another --pod-cidr"
            }
        }
        return nil
    }

    /// - Throws: ``NodeAgentError`` `networkTaken` when the bridge or the range is somebody else's.
    func check() throws {
        let isBridge = Files.exists(folder + "/bridge")
        let reason = obstacle(
            alias: presentAlias, isBridge: isBridge, interfaces: Machine.interfaces(), exists: Files.exists)
        if let reason { throw NodeAgentError(.networkTaken, reason) }
    }

    /// Whether no other node has the bridge. What bears its name may be taken away.
    var isOurs: Bool { otherOwner(alias: presentAlias ?? "", exists: Files.exists) == nil }

    private var folder: String { "/sys/class/net/\(name)" }

    private var presentAlias: String? {
        guard Files.exists(folder) else { return nil }
        return (Files.text(folder + "/ifalias") ?? "").trimmingCharacters(in: .newlines)
    }
}

import KubernetesTypes
import Synchronization

/// The names of services and of pods behind headless ones, as addresses, ports and back.
final class NameTable: Sendable {
    private let domain: String
    /// nil until it is known which there are.
    private let names = Mutex<Names?>(nil)

    fileprivate struct Names {
        var addresses: [String: [UInt32]] = [:]
        var ports: [String: [(port: Int, target: String)]] = [:]
        var pointers: [UInt32: String] = [:]
        var aliases: [String: String] = [:]
        /// Every name that exists, so that one without the asked type is told from one that is not there.
        var known: Set<String> = []
    }

    init(domain: String) { self.domain = domain }

    func replace(services: [Service], slices: [EndpointSlice]) {
        var fresh = Names()
        var bySlice: [ObjectKey: [EndpointSlice]] = [:]
        for slice in slices {
            guard let name = slice.metadata.labels?["kubernetes.io/service-name"] else { continue }
            bySlice[ObjectKey(namespace: slice.namespace, name: name), default: []].append(slice)
        }
        for service in services {
            let name = "\(service.name).\(service.namespace).svc.\(domain)".lowercased()
            fresh.know(name)
            if let alias = service.spec.externalName, service.spec.type == "ExternalName" {
                fresh.aliases[name] = alias.lowercased()
            } else if let address = AddressRange.number(service.spec.clusterIP ?? "") {
                fresh.addresses[name] = [address]
                fresh.pointers[address] = name
                for port in service.spec.ports ?? [] { fresh.port(port.name, port.protocol, of: name, port.port, target: name) }
            } else {
                headless(service, name, bySlice[service.key] ?? [], &fresh)
            }
        }
        names.withLock { $0 = fresh }
    }

    private func headless(_ service: Service, _ name: String, _ slices: [EndpointSlice], _ fresh: inout Names) {
        let publishesAll = service.spec.publishNotReadyAddresses ?? false
        for slice in slices {
            for endpoint in slice.endpoints ?? [] where publishesAll || endpoint.conditions?.ready ?? true {
                for text in endpoint.addresses {
                    guard let address = AddressRange.number(text) else { continue }
                    let host = endpoint.hostname ?? text.replacing(".", with: "-")
                    let full = "\(host).\(name)".lowercased()
                    fresh.addresses[name, default: []].append(address)
                    fresh.addresses[full, default: []].append(address)
                    fresh.know(full)
                    if fresh.pointers[address] == nil { fresh.pointers[address] = full }
                    for port in slice.ports ?? [] {
                        guard let number = port.port else { continue }
                        fresh.port(port.name, port.protocol, of: name, number, target: full)
                    }
                }
            }
        }
    }

    /// Whether a name is the cluster's and cannot be told yet to be there or not.
    func isUnknownYet(_ name: String) -> Bool { owns(name.lowercased()) && names.withLock { $0 == nil } }

    private func owns(_ name: String) -> Bool { name == domain || name.hasSuffix("." + domain) }

    /// The answer to a question about the cluster's own names; nil where the name is not the cluster's.
    func answer(_ question: DNSMessage.Question) -> DNSMessage.Answer? {
        let name = question.name.lowercased()
        return names.withLock { names in
            guard let names else { return nil }
            if name.hasSuffix(".in-addr.arpa") {
                let parts = name.split(separator: ".").prefix(4).reversed().joined(separator: ".")
                guard let address = AddressRange.number(parts), let target = names.pointers[address] else { return nil }
                return .init(records: question.type == .pointer ? [.pointer(name: question.name, target: target)] : [])
            }
            guard owns(name) else { return nil }
            var records: [DNSMessage.Record] = []
            if let alias = names.aliases[name] {
                records.append(.alias(name: question.name, target: alias))
            } else if question.type == .address || question.type == .any {
                records += (names.addresses[name] ?? []).map { .address(name: question.name, $0) }
            }
            if question.type == .service || question.type == .any {
                for port in names.ports[name] ?? [] {
                    records.append(.service(name: question.name, port: port.port, target: port.target))
                }
            }
            return .init(records: records, exists: !records.isEmpty || names.known.contains(name) || name == domain)
        }
    }

    /// The name that one stands for, and that must be looked up to answer a question for an address.
    func alias(_ name: String) -> String? { names.withLock { $0?.aliases[name.lowercased()] } }
}

extension NameTable.Names {
    /// A name exists, and so do those above it.
    fileprivate mutating func know(_ name: String) {
        var rest = Substring(name)
        while !rest.isEmpty, known.insert(String(rest)).inserted {
            guard let dot = rest.firstIndex(of: ".") else { return }
            rest = rest[rest.index(after: dot)...]
        }
    }

    fileprivate mutating func port(_ name: String?, _ kind: String?, of service: String, _ port: Int, target: String) {
        guard let name, !name.isEmpty else { return }
        let full = "_\(name)._\((kind ?? "TCP").lowercased()).\(service)".lowercased()
        ports[full, default: []].append((port, target))
        know(full)
    }
}

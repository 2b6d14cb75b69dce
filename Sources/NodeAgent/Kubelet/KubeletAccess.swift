import Crypto
import Foundation
import KubernetesClient
import KubernetesTypes
import NIOSSL
import SwiftASN1
import X509

/// Who may use the kubelet endpoints: the API server by its client certificate, tokens given at start, and whoever the API
/// server lets read or change `nodes/proxy`.
struct KubeletAccess: Sendable {
    enum Verdict: Sendable, Equatable {
        case allowed
        case unauthorized
        case forbidden(String)
    }

    let tokens: [String]
    let client: Client?
    let nodeName: String

    /// - Parameters:
    ///   - certificate: the client's, verified against the configured CA by the TLS layer.
    ///   - authorization: the header of that name.
    func judge(certificate: NIOSSLCertificate?, authorization: String?, path: String, method: String) async -> Verdict {
        if let certificate, let subject = Self.subject(certificate) {
            if subject.organizations.contains("system:masters") { return .allowed }
            return await review(user: subject.name, groups: subject.organizations, path: path, method: method)
        }
        guard let authorization, authorization.hasPrefix("Bearer ") else { return .unauthorized }
        let token = String(authorization.dropFirst(7))
        if tokens.contains(where: { Self.equal($0, token) }) { return .allowed }
        guard let client else { return .unauthorized }
        let request: JSONValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": .string(token)],
        ]
        guard
            let answer = try? await client.create(Self.tokenReviews, DynamicObject(request)),
            answer.value[path: ["status", "authenticated"]]?.bool == true,
            let user = answer.value[path: ["status", "user", "username"]]?.string
        else { return .unauthorized }
        let groups = answer.value[path: ["status", "user", "groups"]]?.array?.compactMap(\.string) ?? []
        return await review(user: user, groups: groups, path: path, method: method)
    }

    private static let tokenReviews = ResourceType(
        group: "authentication.k8s.io", version: "v1", kind: "TokenReview", plural: "tokenreviews", isNamespaced: false)
    private static let accessReviews = ResourceType(
        group: "authorization.k8s.io", version: "v1", kind: "SubjectAccessReview", plural: "subjectaccessreviews",
        isNamespaced: false)

    private func review(user: String, groups: [String], path: String, method: String) async -> Verdict {
        guard let client else { return .forbidden("user \(user)") }
        let subresource =
            path.hasPrefix("/metrics")
            ? "metrics" : path.hasPrefix("/stats") ? "stats" : path.hasPrefix("/healthz") ? "healthz" : "proxy"
        let verb = method == "POST" ? "create" : method == "DELETE" ? "delete" : "get"
        let request: JSONValue = [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": [
                "user": .string(user), "groups": .array(groups.map { .string($0) }),
                "resourceAttributes": [
                    "verb": .string(verb), "version": "v1", "resource": "nodes", "subresource": .string(subresource),
                    "name": .string(nodeName),
                ],
            ],
        ]
        let answer = try? await client.create(Self.accessReviews, DynamicObject(request))
        if answer?.value[path: ["status", "allowed"]]?.bool == true { return .allowed }
        return .forbidden(
            "Forbidden (user=\(user), verb=\(verb), resource=nodes, subresource(s)=[\(subresource)])")
    }

    /// Compares in a time that does not depend on where the texts differ.
    private static func equal(_ left: String, _ right: String) -> Bool {
        Array(SHA256.hash(data: Array(left.utf8))) == Array(SHA256.hash(data: Array(right.utf8)))
    }

    private static func subject(_ certificate: NIOSSLCertificate) -> (name: String, organizations: [String])? {
        guard let bytes = try? certificate.toDERBytes(), let parsed = try? Certificate(derEncoded: bytes) else { return nil }
        var name = ""
        var organizations: [String] = []
        for part in parsed.subject {
            for attribute in part {
                let value = String(describing: attribute.value)
                if attribute.type == .RDNAttributeType.commonName { name = value }
                if attribute.type == .RDNAttributeType.organizationName { organizations.append(value) }
            }
        }
        return (name, organizations)
    }
}

/// A certificate for the endpoints where none is given: signed by itself, good for a year.
enum ServingCertificate {
    static func make(name: String, addresses: [String], now: Date) throws -> (certificate: String, key: String) {
        let key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName {
            CommonName("system:node:\(name)")
            OrganizationName("system:nodes")
        }
        var names: [GeneralName] = [.dnsName(name)]
        for address in addresses {
            guard let number = AddressRange.number(address) else { continue }
            names.append(.ipAddress(ASN1OctetString(contentBytes: [24, 16, 8, 0].map { UInt8(number >> $0 & 255) }[...])))
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
            notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(365 * 86_400), issuer: subject,
            subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                KeyUsage(digitalSignature: true)
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names)
            }, issuerPrivateKey: .init(key))
        return (try certificate.serializeAsPEM().pemString, key.pemRepresentation)
    }
}

import Crypto
public import Foundation
import X509

/// The cluster's own certificate authority and what it signs. Everything is kept in one directory, readable by its owner alone.
public struct ClusterCertificates: Sendable {
    /// A certificate and its private key, as PEM.
    public struct Identity: Sendable {
        public var certificate: String
        public var key: String
    }

    public let authority: Identity
    private let signingKey: Certificate.PrivateKey
    private let issuer: DistinguishedName

    /// Reads the authority from a directory, or makes one there.
    /// - Parameter directory: nil for an authority that lives as long as the process.
    public init(directory: URL?, now: Date = Date()) throws {
        if let directory, let read = try Self.read("ca", in: directory) {
            authority = read
            signingKey = try KeyFiles.parse(directory.appending(path: "ca.key")) {
                try Certificate.PrivateKey(pemEncoded: read.key)
            }
            issuer = try KeyFiles.parse(directory.appending(path: "ca.crt")) { try Certificate(pemEncoded: read.certificate) }
                .subject
            return
        }
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName {
            CommonName("apus-ca")
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: now.addingTimeInterval(-300),
            notValidAfter: now.addingTimeInterval(10 * 365 * 86_400), issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: .init(key.publicKey))
            }, issuerPrivateKey: .init(key))
        authority = Identity(certificate: try certificate.serializeAsPEM().pemString, key: key.pemRepresentation)
        signingKey = .init(key)
        issuer = name
        if let directory { try Self.write(authority, "ca", in: directory) }
    }

    /// A certificate for a server at the given names and addresses.
    /// - Parameter days: until it is no longer valid.
    public func server(names: [String], addresses: [String], days: Int = 365, now: Date = Date()) throws -> Identity {
        var alternatives: [GeneralName] = names.map { .dnsName($0) }
        for address in addresses {
            if let value = ServiceAllocator.parse(address) {
                let bytes = [24, 16, 8, 0].map { UInt8(value >> UInt32($0) & 255) }
                alternatives.append(.ipAddress(.init(contentBytes: bytes[...])))
            }
        }
        return try issue(
            subject: try DistinguishedName { CommonName(names.first ?? addresses.first ?? "server") }, days: days, now: now,
            usages: [.serverAuth], alternatives: alternatives)
    }

    /// A certificate for a client: the user's name and groups.
    public func client(user: String, groups: [String], days: Int = 365, now: Date = Date()) throws -> Identity {
        let subject = try DistinguishedName {
            for group in groups { OrganizationName(group) }
            CommonName(user)
        }
        return try issue(subject: subject, days: days, now: now, usages: [.clientAuth], alternatives: [])
    }

    private func issue(
        subject: DistinguishedName, days: Int, now: Date, usages: [ExtendedKeyUsage.Usage], alternatives: [GeneralName]
    ) throws -> Identity {
        let key = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: now.addingTimeInterval(-300),
            notValidAfter: now.addingTimeInterval(Double(days) * 86_400), issuer: issuer, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage(usages)
                if !alternatives.isEmpty { SubjectAlternativeNames(alternatives) }
            }, issuerPrivateKey: signingKey)
        return Identity(certificate: try certificate.serializeAsPEM().pemString, key: key.pemRepresentation)
    }

    // MARK: Files

    /// An identity that was written before; nil only where nothing of it is there. What is there and cannot be read is never
    /// replaced: everybody who trusts the old one would be locked out.
    static func read(_ name: String, in directory: URL) throws -> Identity? {
        let certificate = directory.appending(path: "\(name).crt")
        let key = directory.appending(path: "\(name).key")
        switch (try KeyFiles.read(certificate), try KeyFiles.read(key)) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return Identity(certificate: certificate, key: key)
        case (nil, _): throw KeyFiles.incomplete(there: key, missing: certificate)
        case (_, nil): throw KeyFiles.incomplete(there: certificate, missing: key)
        }
    }

    /// The key first: a certificate without its key is of no use.
    static func write(_ identity: Identity, _ name: String, in directory: URL) throws {
        try write(identity.key, to: directory.appending(path: "\(name).key"))
        try write(identity.certificate, to: directory.appending(path: "\(name).crt"))
    }

    /// Writes a file that only its owner can read; under its name there is never half of it, also after a power cut.
    public static func write(_ text: String, to file: URL) throws { try KeyFiles.write(text, to: file) }
}

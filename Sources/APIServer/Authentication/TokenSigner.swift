import Crypto
import Foundation
import KubernetesTypes

/// Signs and checks the JWTs of service accounts (ES256).
public struct TokenSigner: Sendable {
    private let key: P256.Signing.PrivateKey
    private let keyID: String

    /// A new key, for clusters that do not outlive their process.
    public init() { self.init(key: P256.Signing.PrivateKey()) }

    init(key: P256.Signing.PrivateKey) {
        self.key = key
        keyID = Base64URL.encode(SHA256.hash(data: key.publicKey.derRepresentation))
    }

    /// - Parameter pem: a private key on the curve P-256.
    public init(pem: String) throws { self.init(key: try P256.Signing.PrivateKey(pemRepresentation: pem)) }

    public var privateKeyPEM: String { key.pemRepresentation }

    public var publicKeyPEM: String { key.publicKey.pemRepresentation }

    /// The public key as a JSON Web Key, for `/openid/v1/jwks`.
    var webKey: JSONValue {
        let raw = key.publicKey.rawRepresentation
        return [
            "use": "sig", "kty": "EC", "kid": .string(keyID), "crv": "P-256", "alg": "ES256",
            "x": .string(Base64URL.encode(raw.prefix(32))), "y": .string(Base64URL.encode(raw.suffix(32))),
        ]
    }

    func sign(_ claims: JSONValue) throws(APIError) -> String {
        let header: JSONValue = ["alg": "ES256", "kid": .string(keyID)]
        let signed =
            Base64URL.encode(JSONSerializer.bytes(header)) + "." + Base64URL.encode(JSONSerializer.bytes(claims))
        do {
            let signature = try key.signature(for: Data(signed.utf8))
            return signed + "." + Base64URL.encode(signature.rawRepresentation)
        } catch {
            throw .internalError("the token could not be signed: \(error)")
        }
    }

    /// The claims of a token that this key has signed.
    func verify(_ token: String) -> JSONValue? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64URL.decode(String(parts[1])), let raw = Base64URL.decode(String(parts[2])),
            let signature = try? P256.Signing.ECDSASignature(rawRepresentation: Data(raw)),
            key.publicKey.isValidSignature(signature, for: Data("\(parts[0]).\(parts[1])".utf8))
        else { return nil }
        return try? JSONParser.parse(payload)
    }
}

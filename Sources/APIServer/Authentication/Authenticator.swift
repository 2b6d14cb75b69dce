import FoundationEssentials
import KubernetesTypes

/// Finds out who makes a request: client certificate, static token, service account token, or nobody in particular.
struct Authenticator: Sendable {
    let tokens: TokenFile
    let signer: TokenSigner
    let store: ObjectStore
    let issuer: String
    let now: @Sendable () -> Date

    func user(of request: APIRequest) throws(APIError) -> UserInfo {
        if let user = request.certificateUser { return user.authenticated }
        guard let header = request.header("authorization") else {
            // Browsers cannot set headers on a WebSocket; upstream takes the token from the subprotocol.
            return .anonymous
        }
        let parts = header.trimmed.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return .anonymous }
        let token = parts[1].trimmed
        guard !token.isEmpty else { return .anonymous }
        guard let user = user(token: token) else { throw .unauthorized }
        return user
    }

    func user(token: String) -> UserInfo? {
        if let user = tokens.user(token) { return user.authenticated }
        if case .success(let verified) = serviceAccount(token, audiences: [issuer]) { return verified.user }
        return nil
    }

    struct Verified: Sendable {
        var user: UserInfo
        var audiences: [String]
    }

    struct Rejection: Error, Sendable {
        var message: String
    }

    /// Checks signature, time, audience, and that account and bound object are still the same.
    func serviceAccount(_ token: String, audiences: [String]) -> Result<Verified, Rejection> {
        func rejected(_ message: String) -> Result<Verified, Rejection> { .failure(Rejection(message: message)) }
        guard let claims = signer.verify(token) else { return rejected("invalid bearer token") }
        let time = now().timeIntervalSince1970
        guard let expiry = claims["exp"]?.number, expiry > time else {
            return rejected("[invalid bearer token, service account token has expired]")
        }
        if let start = claims["nbf"]?.number, start > time + 60 {
            return rejected("[invalid bearer token, token is not valid yet]")
        }
        let intended = claims["aud"]?.array?.compactMap(\.string) ?? []
        let common = intended.filter(audiences.contains)
        guard !common.isEmpty else {
            let shown = { (list: [String]) in "[" + list.map { "\"\($0)\"" }.joined(separator: " ") + "]" }
            return rejected(
                "[invalid bearer token, token audiences \(shown(intended)) is invalid for the target audiences \(shown(audiences))]"
            )
        }
        let kubernetes = claims["kubernetes.io"] ?? [:]
        guard let namespace = kubernetes["namespace"]?.string, let name = kubernetes["serviceaccount"]?["name"]?.string,
            let uid = kubernetes["serviceaccount"]?["uid"]?.string
        else { return rejected("invalid bearer token") }
        guard isCurrent("serviceaccounts", namespace: namespace, name: name, uid: uid) else {
            return rejected("[invalid bearer token, service account token has been invalidated]")
        }
        var extra: [String: [String]] = [:]
        if let id = claims["jti"]?.string { extra["authentication.kubernetes.io/credential-id"] = ["JTI=\(id)"] }
        for (claim, resource) in [("pod", "pods"), ("secret", "secrets"), ("node", "nodes")] {
            guard let bound = kubernetes[claim], let boundName = bound["name"]?.string, let boundUID = bound["uid"]?.string else {
                continue
            }
            if claim != "node" || kubernetes["pod"] == nil {
                let scope = resource == "nodes" ? "" : namespace
                guard isCurrent(resource, namespace: scope, name: boundName, uid: boundUID) else {
                    return rejected("[invalid bearer token, service account token has been invalidated]")
                }
            }
            if claim != "secret" {
                extra["authentication.kubernetes.io/\(claim)-name"] = [boundName]
                extra["authentication.kubernetes.io/\(claim)-uid"] = [boundUID]
            }
        }
        let user = UserInfo(
            name: "system:serviceaccount:\(namespace):\(name)", uid: uid,
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", UserInfo.authenticatedGroup], extra: extra)
        return .success(Verified(user: user, audiences: common))
    }

    private func isCurrent(_ resource: String, namespace: String, name: String, uid: String) -> Bool {
        let key = StoredKey.key(namespace: namespace, name: name)
        return store.object(ResourceName(group: "", resource: resource), key: key)?.uid == uid
    }
}

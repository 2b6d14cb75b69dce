import Foundation
import KubernetesTypes

/// Service account tokens by pod and wish: fetched anew when four fifths of their life are over.
actor TokenCache {
    static let shared = TokenCache()

    private struct Key: Hashable {
        var podUID: String
        var wish: VolumeContent.TokenWish
    }
    private struct Entry {
        var token: IssuedToken
        var fetched: Date
    }
    private var entries: [Key: Entry] = [:]

    func token(_ wish: VolumeContent.TokenWish, for pod: Pod, context: NodeContext) async throws -> String {
        let key = Key(podUID: pod.uid, wish: wish)
        let now = context.now()
        if let entry = entries[key] {
            let life = entry.token.expires.timeIntervalSince(entry.fetched)
            if now.timeIntervalSince(entry.fetched) < life * 0.8 { return entry.token.token }
        }
        entries = entries.filter { $0.value.token.expires > now }
        do {
            let fresh = try await context.cluster.token(
                for: pod, audience: wish.audience, expirationSeconds: wish.expirationSeconds)
            entries[key] = Entry(token: fresh, fetched: now)
            return fresh.token
        } catch {
            throw NodeAgentError(
                .mount, "failed to fetch a token for service account \(pod.spec.serviceAccountName ?? "default"): \(error)")
        }
    }
}

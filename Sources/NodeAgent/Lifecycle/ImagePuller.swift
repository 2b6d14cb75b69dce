import Foundation
import KubernetesTypes

/// Brings one container's image to the node, by its pull policy, and says so in events.
struct ImagePuller: Sendable {
    let context: NodeContext
    let pod: Pod

    func fetch(
        _ container: Container, failuresBefore: Int, tell: @Sendable (PodEvent) async -> Void
    ) async -> ImageState {
        let name = container.image ?? ""
        let policy = container.imagePullPolicy ?? ImageReference.defaultPolicy(name)
        if let present = await context.images.present(name), present.isHost || policy != "Always" {
            await tell(.normal("Pulled", "Container image \"\(name)\" already present on machine", container: container.name))
            return .present(present)
        }
        if policy == "Never" {
            return failed(
                NodeAgentError(
                    .imageNeverPull,
                    "Container image \"\(name)\" is not present with pull policy of Never; pull it by another pod or change imagePullPolicy"
                ),
                before: failuresBefore)
        }
        await tell(.normal("Pulling", "Pulling image \"\(name)\"", container: container.name))
        do {
            let credentials = try await credentials()
            defer { if let credentials { Files.remove(credentials) } }
            let began = ContinuousClock.now
            let image = try await context.images.pull(name, credentials: credentials)
            await tell(
                .normal(
                    "Pulled",
                    "Successfully pulled image \"\(name)\" in \(ContinuousClock.now - began). Image size: \(image.sizeBytes) bytes.",
                    container: container.name))
            return .present(image)
        } catch {
            let failure = error as? NodeAgentError ?? NodeAgentError(.imagePull, "\(error)")
            await tell(.warning("Failed", "Failed to pull image \"\(name)\": \(failure.message)", container: container.name))
            return failed(failure, before: failuresBefore)
        }
    }

    private func failed(_ error: NodeAgentError, before: Int) -> ImageState {
        let count = before + 1
        let wait = context.configuration.backoff.delay(failures: count)
        // The first failure is told as itself, repeated ones as the back-off that they lead to.
        let reason = error.code == .imagePull && count > 1 ? "ImagePullBackOff" : error.code.rawValue
        let message = count > 1 && error.code == .imagePull ? "Back-off pulling image: \(error.message)" : error.message
        return .failed(
            StartFailure(reason: reason, message: message, retryAt: context.now().addingTimeInterval(wait), count: count))
    }

    /// The pod's pull secrets as one file for `skopeo`; nil without any.
    private func credentials() async throws -> String? {
        var auths: JSONValue = [:]
        for reference in pod.spec.imagePullSecrets ?? [] {
            guard let name = reference.name,
                let secret = try await context.cluster.secret(namespace: pod.namespace, name: name),
                let data = secret.data?[".dockerconfigjson"], let parsed = try? JSONParser.parse(data.bytes)
            else { continue }
            for (registry, value) in parsed["auths"]?.object ?? [:] { auths[registry] = value }
        }
        guard auths.object?.isEmpty == false else { return nil }
        let path = context.layout.images + "/auth-" + UUID().uuidString
        try Files.writeDurably(JSONSerializer.bytes(["auths": auths]), to: path, mode: 0o600)
        return path
    }
}

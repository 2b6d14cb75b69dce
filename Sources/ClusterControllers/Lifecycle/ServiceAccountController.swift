import ControllerRuntime
import KubernetesClient
import KubernetesTypes

/// Gives every namespace its default service account and the certificate that its pods verify the API server with.
enum ServiceAccountController {
    static let rootCertificate = "kube-root-ca.crt"

    static func wire(_ context: ControllerContext, certificateAuthority: String) {
        let namespaces = context.manager.informer(Namespace.self)
        let accounts = context.manager.informer(ServiceAccount.self)
        let certificates = context.manager.informer(
            ConfigMap.self, InformerScope(fieldSelector: "metadata.name=\(rootCertificate)"))
        let client = context.client
        let controller = context.controller("serviceaccount", workers: 4) { key in
            guard let namespace = namespaces.cache.get(ObjectKey(name: key.name)), !namespace.isBeingDeleted else {
                return .settled
            }
            do {
                if accounts.cache.get("default", namespace: key.name) == nil {
                    let account = ServiceAccount(metadata: ObjectMeta(name: "default", namespace: key.name))
                    try await tolerating { context.manager.wrote(try await client.create(account)) }
                }
                try await publish(certificateAuthority, key.name, certificates, context)
            } catch let error as StatusError where error.isForbidden || error.isNotFound {
                // The namespace began to go; nothing new is let in.
                return .settled
            }
            return .settled
        }
        controller.watch(namespaces)
        controller.watch(mapped: accounts) { $0.name == "default" ? [ObjectKey(name: $0.namespace)] : [] }
        controller.watch(mapped: certificates) { [ObjectKey(name: $0.namespace)] }
        wireTokens(context, accounts)
    }

    private static func tolerating(_ write: () async throws -> Void) async throws {
        do {
            try await write()
        } catch let error as StatusError where error.isAlreadyExists {}
    }

    private static func publish(
        _ pem: String, _ namespace: String, _ certificates: Informer<ConfigMap>, _ context: ControllerContext
    ) async throws {
        let data = ["ca.crt": pem]
        if var present = certificates.cache.get(rootCertificate, namespace: namespace) {
            guard present.data != data else { return }
            present.data = data
            try await context.client.update(present)
            return
        }
        let description =
            "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal "
            + "service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
        let map = ConfigMap(
            data: data,
            metadata: ObjectMeta(
                annotations: ["kubernetes.io/description": description], name: rootCertificate, namespace: namespace))
        try await tolerating { _ = try await context.client.create(map) }
    }

    /// Deletes the token secrets of service accounts that are gone.
    private static func wireTokens(_ context: ControllerContext, _ accounts: Informer<ServiceAccount>) {
        let type = "kubernetes.io/service-account-token"
        let secrets = context.manager.informer(Secret.self, InformerScope(fieldSelector: "type=\(type)"))
        let controller = context.controller("token-cleaner") { key in
            guard let secret = secrets.cache.get(key), secret.type == type,
                let name = secret.metadata.annotations?["kubernetes.io/service-account.name"]
            else { return .settled }
            // The cache can be behind the creation of both.
            let account = try await context.client.find(ServiceAccount.self, name, namespace: key.namespace)
            let uid = secret.metadata.annotations?["kubernetes.io/service-account.uid"] ?? ""
            guard account == nil || (!uid.isEmpty && account?.uid != uid) else { return .settled }
            try await context.client.delete(Secret.resourceType, key, .of(uid: secret.uid))
            return .settled
        }
        controller.watch(secrets)
        controller.watch(mapped: accounts) { account in
            secrets.cache.list(namespace: account.namespace).filter {
                $0.metadata.annotations?["kubernetes.io/service-account.name"] == account.name
            }.map(\.key)
        }
    }
}

import ApusAPI
import KubernetesTypes

/// The Deployment and the Service of one version behind an inference service.
struct ModelServerObjects {
    static let port = 8080

    let service: InferenceService
    let version: ModelVersion
    let platform: Platform

    /// `tickets-v3`: names of versions are too long to be names of pods.
    var name: String {
        "\(service.name)-\(version.spec.model == service.name ? "" : version.spec.model + "-")v\(version.spec.version)"
    }

    private var labels: [String: String] {
        [
            ApusLabel.managedBy: "apus", ApusLabel.component: "server", ApusLabel.inferenceService: service.name,
            ApusLabel.modelVersion: version.name, ApusLabel.model: version.spec.model,
        ]
    }

    private var selector: [String: String] {
        [ApusLabel.inferenceService: service.name, ApusLabel.modelVersion: version.name]
    }

    func deployment() throws -> JSONValue {
        let container = Container(
            args: [
                "serve", "--artifact", version.spec.artifact.uri, "--digest", version.spec.artifact.digest, "--model-name",
                version.spec.model,
                "--model-version", version.name, "--port", String(Self.port),
            ],
            command: service.spec.image == nil ? platform.program.command : nil,
            env: (service.spec.environment ?? []).map { EnvVar(name: $0.name, value: $0.value) },
            image: service.spec.image ?? platform.program.image,
            livenessProbe: Probe(
                failureThreshold: 6, httpGet: HTTPGetAction(path: "/health", port: .string("http")), periodSeconds: 10),
            name: "server",
            ports: [ContainerPort(containerPort: Self.port, name: "http", protocol: "TCP")],
            readinessProbe: Probe(
                failureThreshold: 2, httpGet: HTTPGetAction(path: "/ready", port: .string("http")), periodSeconds: 1),
            resources: ResourceRequirements(limits: service.spec.resources?.limits, requests: service.spec.resources?.requests),
            startupProbe: Probe(
                failureThreshold: 300, httpGet: HTTPGetAction(path: "/health", port: .string("http")), periodSeconds: 1),
            terminationMessagePolicy: "FallbackToLogsOnError",
            volumeMounts: [platform.programVolume()?.1, platform.storeVolume(readOnly: true)?.1].compactMap(\.self))
        let template = PodTemplateSpec(
            metadata: ObjectMeta(
                annotations: [
                    "prometheus.io/scrape": "true", "prometheus.io/port": String(Self.port), "prometheus.io/path": "/metrics",
                ], labels: labels),
            spec: PodSpec(
                automountServiceAccountToken: false, containers: [container], terminationGracePeriodSeconds: 60,
                volumes: [platform.programVolume()?.0, platform.storeVolume(readOnly: true)?.0].compactMap(\.self)))
        let deployment = Deployment(
            metadata: ObjectMeta(labels: labels, name: name, namespace: service.namespace),
            spec: DeploymentSpec(
                replicas: service.spec.scale?.replicas ?? 1,
                selector: LabelSelector(matchLabels: selector),
                strategy: DeploymentStrategy(
                    rollingUpdate: RollingUpdateDeployment(maxSurge: .int(1), maxUnavailable: .int(0)), type: "RollingUpdate"),
                template: template))
        return try deployment.json()
    }

    func address() -> Service {
        Service(
            metadata: ObjectMeta(labels: labels, name: name, namespace: service.namespace),
            spec: ServiceSpec(
                ports: [ServicePort(name: "http", port: 80, protocol: "TCP", targetPort: .string("http"))], selector: selector))
    }
}

import ApusAPI
import KubernetesTypes
import Reconciliation

/// The pods of one attempt, by the training contract: `fetch` brings data in, `trainer` trains, `agent` brings checkpoints and the
/// bundle out. The contract is SageMaker's for its containers, with Vertex's and torchrun's variables beside it.
struct TrainingPods {
    static let fetch = "fetch"
    static let trainer = "trainer"
    static let agent = "agent"
    static let rankLabel = "apus.dev/rank"
    static let agentPort = 8085
    static let masterPort = 29500

    let observation: TrainingJobObservation
    let attempt: Int

    var job: TrainingJob { observation.job }
    var replicas: Int { job.spec.replicas ?? 1 }
    var platform: Platform { observation.platform }
    private var accountName: String { "\(job.name)-agent" }
    private var subdomain: String { job.name }

    func name(rank: Int) -> String { "\(job.name)-\(attempt)-\(rank)" }

    func host(rank: Int) -> String {
        replicas == 1 ? name(rank: rank) : "\(name(rank: rank)).\(subdomain).\(job.namespace).svc"
    }

    func all() throws -> [Pod] { try (0..<replicas).map(pod(rank:)) }

    private var labels: [String: String] {
        [
            ApusLabel.managedBy: "apus", ApusLabel.component: "trainer", ApusLabel.trainingJob: job.name,
            ApusLabel.trainingJobUID: job.uid,
        ]
    }

    // MARK: Supporting objects

    /// What the pods need beside themselves: the agent's right to look at its own pod, and names for each other.
    func supportingObjects() throws -> [PlannedChild] {
        let metadata = ObjectMeta(labels: labels, name: accountName, namespace: job.namespace)
        var children: [PlannedChild] = [
            .ensure(try ServiceAccount(automountServiceAccountToken: false, metadata: metadata).json(), .owned, observedUID: nil),
            .ensure(
                try Role(
                    metadata: metadata,
                    rules: [
                        PolicyRule(
                            apiGroups: [""], resourceNames: (0..<replicas).map(name(rank:)), resources: ["pods", "pods/log"],
                            verbs: ["get"])
                    ]
                ).json(), .owned, observedUID: nil),
            .ensure(
                try RoleBinding(
                    metadata: metadata, roleRef: RoleRef(apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: accountName),
                    subjects: [RBACSubject(kind: "ServiceAccount", name: accountName, namespace: job.namespace)]
                ).json(), .owned, observedUID: nil),
        ]
        if replicas > 1 {
            let service = Service(
                metadata: ObjectMeta(labels: labels, name: subdomain, namespace: job.namespace),
                spec: ServiceSpec(
                    clusterIP: "None", publishNotReadyAddresses: true,
                    selector: [ApusLabel.trainingJob: job.name, ApusLabel.attempt: String(attempt)]))
            children.append(.ensure(try service.json(), .owned, observedUID: nil))
        }
        return children
    }

    // MARK: The pod

    private func pod(rank: Int) throws -> Pod {
        let template = job.spec.template ?? observation.runtime?.template ?? PodTemplateSpec()
        var spec = template.spec ?? PodSpec()
        let trainerIndex = spec.containers.firstIndex { $0.name == Self.trainer } ?? 0
        let configuration = try agentConfiguration(rank: rank)

        spec.containers[trainerIndex] = trainerContainer(spec.containers[trainerIndex], rank: rank)
        spec.containers.append(agentContainer(configuration))
        spec.initContainers = [fetchContainer(configuration)] + (spec.initContainers ?? [])
        spec.volumes = (spec.volumes ?? []) + volumes
        spec.restartPolicy = "Never"
        spec.serviceAccountName = accountName
        spec.automountServiceAccountToken = false
        spec.terminationGracePeriodSeconds = spec.terminationGracePeriodSeconds ?? 120
        if replicas > 1 {
            spec.hostname = name(rank: rank)
            spec.subdomain = subdomain
        }
        var podLabels = (template.metadata?.labels ?? [:]).merging(labels) { _, ours in ours }
        podLabels[ApusLabel.attempt] = String(attempt)
        podLabels[Self.rankLabel] = String(rank)
        var annotations = template.metadata?.annotations ?? [:]
        annotations["prometheus.io/scrape"] = "true"
        annotations["prometheus.io/port"] = String(Self.agentPort)
        annotations["prometheus.io/path"] = "/metrics"
        return Pod(
            metadata: ObjectMeta(annotations: annotations, labels: podLabels, name: name(rank: rank), namespace: job.namespace),
            spec: spec)
    }

    private func trainerContainer(_ base: Container, rank: Int) -> Container {
        var container = base
        container.image = job.spec.image ?? base.image
        container.args = base.args ?? ["train"]
        let environment = TrainingEnvironment(pods: self, rank: rank)
        let own = (job.spec.environment ?? []).map { EnvVar(name: $0.name, value: $0.value) }
        // Later entries win; what the user says is stronger than the template, the contract stronger than both.
        container.env = merged((base.env ?? []) + own + environment.variables)
        container.resources = resources(base.resources)
        container.volumeMounts =
            (base.volumeMounts ?? []) + [
                VolumeMount(mountPath: "/opt/ml/input", name: "input", readOnly: true),
                VolumeMount(mountPath: "/opt/ml/model", name: "model"),
                VolumeMount(mountPath: "/opt/ml/output", name: "output"),
                VolumeMount(mountPath: "/opt/ml/checkpoints", name: "checkpoints"),
                VolumeMount(mountPath: "/dev/shm", name: "shared-memory"),
            ]
        return container
    }

    private func merged(_ variables: [EnvVar]) -> [EnvVar] {
        var order: [String] = []
        var byName: [String: EnvVar] = [:]
        for variable in variables {
            if byName.updateValue(variable, forKey: variable.name) == nil { order.append(variable.name) }
        }
        return order.compactMap { byName[$0] }
    }

    private func resources(_ base: ResourceRequirements?) -> ResourceRequirements? {
        guard let wanted = job.spec.resources else { return base }
        var result = base ?? ResourceRequirements()
        result.requests = (result.requests ?? [:]).merging(wanted.requests ?? [:]) { _, job in job }
        result.limits = (result.limits ?? [:]).merging(wanted.limits ?? [:]) { _, job in job }
        // A limit that the job sets holds for what the runtime asks for as well.
        for (name, limit) in wanted.limits ?? [:] where wanted.requests?[name] == nil {
            if let asked = result.requests?[name], asked > limit { result.requests?[name] = limit }
        }
        if let gpus = wanted.gpus {
            result.limits?["nvidia.com/gpu"] = gpus > 0 ? Quantity(gpus) : nil
            result.requests?["nvidia.com/gpu"] = gpus > 0 ? Quantity(gpus) : nil
        }
        if result.requests?.isEmpty == true { result.requests = nil }
        if result.limits?.isEmpty == true { result.limits = nil }
        return result
    }

    private func fetchContainer(_ configuration: EnvVar) -> Container {
        Container(
            command: platform.program.command + ["agent", "fetch"], env: [configuration], image: platform.program.image,
            name: Self.fetch,
            volumeMounts: [
                VolumeMount(mountPath: "/opt/ml/input", name: "input"),
                VolumeMount(mountPath: "/opt/ml/checkpoints", name: "checkpoints"),
                VolumeMount(mountPath: "/opt/ml/output", name: "output"),
            ] + programMounts + sources.map(\.mount))
    }

    private func agentContainer(_ configuration: EnvVar) -> Container {
        Container(
            command: platform.program.command + ["agent", "run"],
            env: [
                configuration,
                EnvVar(name: "POD_NAME", valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "metadata.name"))),
                EnvVar(
                    name: "POD_NAMESPACE", valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "metadata.namespace"))
                ),
            ],
            image: platform.program.image, name: Self.agent,
            ports: [ContainerPort(containerPort: Self.agentPort, name: "agent")],
            resources: ResourceRequirements(requests: ["cpu": Quantity(milli: 50), "memory": Quantity("64Mi") ?? .zero]),
            volumeMounts: [
                VolumeMount(mountPath: "/opt/ml/input", name: "input", readOnly: true),
                VolumeMount(mountPath: "/opt/ml/model", name: "model"),
                VolumeMount(mountPath: "/opt/ml/output", name: "output"),
                VolumeMount(mountPath: "/opt/ml/checkpoints", name: "checkpoints"),
                VolumeMount(mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", name: "agent-token", readOnly: true),
            ] + programMounts)
    }

    private var programMounts: [VolumeMount] {
        [platform.programVolume()?.1, platform.storeVolume(readOnly: false)?.1].compactMap(\.self)
    }

    /// Names of the volumes that the pod has whatever its template says.
    var ownVolumeNames: Set<String> { Set(volumes.map(\.name)) }

    private var volumes: [Volume] {
        let emptyNames = ["input", "model", "output", "checkpoints"]
        let token = Volume(
            name: "agent-token",
            projected: ProjectedVolumeSource(sources: [
                VolumeProjection(serviceAccountToken: ServiceAccountTokenProjection(expirationSeconds: 3607, path: "token")),
                VolumeProjection(
                    configMap: ConfigMapProjection(items: [KeyToPath(key: "ca.crt", path: "ca.crt")], name: "kube-root-ca.crt")),
                VolumeProjection(
                    downwardAPI: DownwardAPIProjection(items: [
                        DownwardAPIVolumeFile(fieldRef: ObjectFieldSelector(fieldPath: "metadata.namespace"), path: "namespace")
                    ])),
            ]))
        return emptyNames.map { Volume(emptyDir: EmptyDirVolumeSource(), name: $0) }
            + [Volume(emptyDir: EmptyDirVolumeSource(medium: "Memory"), name: "shared-memory"), token]
            + [platform.programVolume()?.0, platform.storeVolume(readOnly: false)?.0].compactMap(\.self) + sources.map(\.volume)
    }

    // MARK: Inputs

    /// A file or folder of the node that the fetching container copies from.
    private struct Source {
        var channel: String
        var containerPath: String
        var volume: Volume
        var mount: VolumeMount
    }

    private var channelAddresses: [(channel: String, uri: String, digest: String?)] {
        var addresses = job.spec.inputs.map { ($0.name, $0.uri, $0.digest) }
        if let uri = job.spec.baseModel?.uri, hubName == nil {
            addresses.append((TrainingAgentConfiguration.modelChannel, uri, nil))
        }
        return addresses
    }

    private var sources: [Source] {
        channelAddresses.enumerated().compactMap { index, address in
            guard let path = FilePath.path(of: address.uri) else { return nil }
            let name = path.split(separator: "/").last.map(String.init) ?? "root"
            let containerPath = "/apus/inputs/\(index)/\(name)"
            let volume = "input-\(index)"
            return Source(
                channel: address.channel, containerPath: containerPath,
                volume: Volume(hostPath: HostPathVolumeSource(path: path), name: volume),
                mount: VolumeMount(mountPath: containerPath, name: volume, readOnly: true))
        }
    }

    private func agentConfiguration(rank: Int) throws -> EnvVar {
        let paths = Dictionary(uniqueKeysWithValues: sources.map { ($0.channel, $0.containerPath) })
        var inputs = channelAddresses.map { address in
            TrainingAgentConfiguration.Input(
                channel: address.channel, uri: address.uri, source: paths[address.channel].map { "file://\($0)" } ?? address.uri,
                expectedDigest: address.digest)
        }
        let bundles = [
            (TrainingAgentConfiguration.modelChannel, observation.baseModelVersion),
            (TrainingAgentConfiguration.baselineChannel, observation.baselineVersion),
        ]
        for case (let channel, let version?) in bundles {
            inputs.append(
                .init(
                    channel: channel, uri: "modelversion:\(version.name)", source: "bundle:\(version.spec.artifact.uri)",
                    expectedDigest: version.spec.artifact.digest))
        }
        let configuration = TrainingAgentConfiguration(
            namespace: job.namespace, job: job.name, jobUID: job.uid, attempt: attempt, rank: rank,
            hosts: (0..<replicas).map(host(rank:)),
            store: platform.store, inputs: inputs, hyperparameters: hyperparameters.mapValues(\.description),
            metricDefinitions: job.spec.metricDefinitions ?? [], port: Self.agentPort)
        return EnvVar(
            name: TrainingAgentConfiguration.environmentVariable,
            value: JSONSerializer.string(try JSONValue(encoding: configuration)))
    }

    /// A model of the hub is fetched by the trainer itself, which knows how.
    private var hubName: String? {
        job.spec.baseModel?.uri.flatMap { $0.hasPrefix("hf://") ? String($0.dropFirst("hf://".count)) : nil }
    }

    var hyperparameters: [String: IntOrString] {
        var all = (observation.runtime?.defaultHyperparameters ?? [:]).merging(job.spec.hyperparameters ?? [:]) { _, job in job }
        if let hubName { all["base_model"] = .string(hubName) }
        return all
    }
}

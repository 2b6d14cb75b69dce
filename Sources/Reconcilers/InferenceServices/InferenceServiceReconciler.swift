public import ApusAPI
public import FoundationEssentials
public import KubernetesTypes
public import Reconciliation

public struct InferenceServiceObservation: Sendable {
    public var service: InferenceService
    public var now: Date
    public var platform: Platform
    /// The model that the service names; nil where it names none or it is not there.
    public var model: Model?
    /// Versions that the service may have to do with: those of the model, or the one it names.
    public var versions: [ModelVersion]
    /// Deployments that the service owns.
    public var deployments: [Deployment]
    /// Services that the service owns.
    public var services: [Service]
    /// Pods of those deployments.
    public var pods: [Pod]
    /// Architectures that the model server can load.
    public var servableArchitectures: Set<String>

    public init(service: InferenceService, now: Date, platform: Platform, servableArchitectures: Set<String>) {
        self.service = service
        self.now = now
        self.platform = platform
        self.servableArchitectures = servableArchitectures
        (versions, deployments, services, pods) = ([], [], [], [])
    }
}

/// Serves the wanted version by a Deployment and a Service of its own, and moves traffic to it only when it is ready; until then,
/// and whenever it cannot be, what was served before goes on serving.
public enum InferenceServiceReconciler: Reconciler {
    public static func reconcile(_ observation: InferenceServiceObservation) throws -> Plan {
        if observation.service.isBeingDeleted { return Plan() }
        var planner = InferenceServicePlanner(observation)
        return try planner.makePlan()
    }
}

struct InferenceServicePlanner {
    let observation: InferenceServiceObservation
    var status: InferenceServiceStatus
    var conditions: ConditionSet
    var plan = Plan()

    var service: InferenceService { observation.service }

    init(_ observation: InferenceServiceObservation) {
        self.observation = observation
        status = observation.service.status ?? InferenceServiceStatus()
        conditions = ConditionSet(status.conditions, generation: observation.service.metadata.generation, now: observation.now)
    }

    mutating func makePlan() throws -> Plan {
        status.url = "\(observation.platform.gatewayURL)/\(service.namespace)/\(service.name)"
        switch wanted() {
        case .version(let version): try serve(version)
        case .none(let reason, let message): try keepServing(reason: reason, message: message)
        }
        status.conditions = conditions.conditions
        status.observedGeneration = service.metadata.generation
        plan.status = try JSONValue(encoding: status)
        return plan
    }

    // MARK: Which version

    private enum Wanted {
        case version(ModelVersion)
        case none(reason: String, message: String)
    }

    private func wanted() -> Wanted {
        let reference = service.spec.model
        if let name = reference.version {
            guard let version = observation.versions.first(where: { $0.name == name }) else {
                return .none(
                    reason: "VersionNotFound",
                    message: "There is no ModelVersion named \(name) in namespace \(service.namespace); see kubectl get mver.")
            }
            return check(version)
        }
        let modelName = reference.name ?? ""
        let alias = reference.alias ?? Model.productionAlias
        guard let model = observation.model else {
            return .none(
                reason: "ModelNotFound",
                message:
                    "There is no Model named \(modelName) in namespace \(service.namespace); a training job with spec.output.model: "
                    + "\(modelName) makes it.")
        }
        guard let effective = model.status?.aliases?.first(where: { $0.name == alias }) else {
            if let served = status.servedVersion, !observation.versions.contains(where: { $0.name == served }) {
                return .none(
                    reason: "VersionNotFound",
                    message:
                        "\(served), which the alias \(alias) of \(modelName) named, is not there any more; register it again, or "
                        + "move the alias to another version by a Promotion.")
            }
            return .none(
                reason: "AliasNotFound",
                message: "No version of \(modelName) has the alias \(alias) yet; move it there by a Promotion.")
        }
        guard let version = observation.versions.first(where: { $0.name == effective.version }) else {
            return .none(
                reason: "VersionNotFound",
                message: "The alias \(alias) of \(modelName) names \(effective.version), which is not there any more.")
        }
        return check(version)
    }

    private func check(_ version: ModelVersion) -> Wanted {
        if let damage = version.status?.conditions?.first(where: { $0.type == "Stalled" && $0.status == "True" }),
            ["BundleInvalid", "BundleNotFound"].contains(damage.reason)
        {
            return .none(reason: damage.reason, message: "\(version.name) cannot be served: \(damage.message)")
        }
        // A server of the user's own may load what ours cannot.
        if service.spec.image == nil, let architecture = version.spec.architecture,
            !observation.servableArchitectures.contains(architecture)
        {
            return .none(
                reason: "UnsupportedArchitecture",
                message: "\(version.name) is a \(architecture), which the model server cannot load. It loads "
                    + "\(observation.servableArchitectures.sorted().joined(separator: ", ")). Serve another version, or set spec.image to a "
                    + "server that can.")
        }
        return .version(version)
    }

    // MARK: Serving

    private mutating func serve(_ version: ModelVersion) throws {
        let servers = ModelServerObjects(service: service, version: version, platform: observation.platform)
        try ensure(servers)
        let readyPods = readyPods(of: version.name)
        let replicas = service.spec.scale?.replicas ?? 1
        status.selector = "\(ApusLabel.inferenceService)=\(service.name),\(ApusLabel.modelVersion)=\(version.name)"
        status.replicas = pods(of: version.name).count
        status.readyReplicas = readyPods.count

        if status.servedVersion == version.name || status.servedVersion == nil || replicas == 0 || readyPods.count >= replicas {
            move(to: version, servers)
            status.transitionStartTime = nil
            settle(version, ready: readyPods.count, wanted: replicas)
        } else {
            // The old version serves until every server of the new one is ready.
            status.transitionStartTime = status.transitionStartTime ?? Timestamp(observation.now)
            try keepServed()
            status.phase = .updating
            let obstacle = podObstacle(of: version.name)
            conditions.set(
                "Ready", true, reason: "Updating",
                message:
                    "\(status.servedVersion ?? "") serves while \(version.name) starts (\(readyPods.count)/\(replicas) ready)."
                    + (obstacle.map { " \($0.message)" } ?? ""))
            conditions.set(
                "Reconciling", true, reason: obstacle?.reason ?? "Updating",
                message: obstacle?.message ?? "\(version.name) starts.")
            conditions.set("Stalled", false, reason: "Updating", message: "")
            plan.next = plan.next.orSooner(.after(.seconds(10)))
        }
    }

    private mutating func move(to version: ModelVersion, _ servers: ModelServerObjects) {
        if let previous = status.servedVersion, previous != version.name {
            plan.events.append(
                PlannedEvent(.normal, reason: "VersionChanged", message: "\(version.name) serves instead of \(previous)."))
            // The pass after this one lets the old servers go; they drain what the gateway still sends them.
            plan.next = plan.next.orSooner(.after(.seconds(1)))
        }
        let old = status.traffic ?? []
        status.servedVersion = version.name
        status.servedDigest = version.spec.artifact.digest
        status.traffic = [
            TrafficTarget(modelVersion: version.name, service: servers.name, percent: 100, artifact: version.spec.artifact)
        ]
        // The servers that had traffic until now stay for this pass: the traffic has to be told before they are asked to drain.
        if old.contains(where: { $0.modelVersion != version.name }) { keepServers(of: old.map(\.modelVersion)) }
    }

    private mutating func settle(_ version: ModelVersion, ready: Int, wanted: Int) {
        if wanted == 0 {
            let message =
                "spec.scale.replicas is 0: nothing answers at \(status.url ?? ""). Set it to 1 or more to serve \(version.name)."
            status.phase = .stable
            conditions.set("Ready", false, reason: "ScaledToZero", message: message)
            conditions.set("Reconciling", false, reason: "ScaledToZero", message: message)
            conditions.set("Stalled", false, reason: "ScaledToZero", message: "")
            return
        }
        if ready >= wanted {
            status.phase = .stable
            conditions.ready(reason: "Serving", message: "\(version.name) answers at \(status.url ?? "").")
            return
        }
        if let obstacle = podObstacle(of: version.name) {
            status.phase = ready > 0 ? .degraded : .failed
            conditions.set("Ready", ready > 0, reason: obstacle.reason, message: obstacle.message)
            conditions.set("Reconciling", true, reason: obstacle.reason, message: obstacle.message)
            conditions.set("Stalled", false, reason: obstacle.reason, message: "")
            if service.status?.conditions?.first(where: { $0.type == "Ready" })?.reason != obstacle.reason {
                plan.events.append(PlannedEvent(.warning, reason: obstacle.reason, message: obstacle.message))
            }
            return
        }
        status.phase = ready > 0 ? .degraded : .pending
        let message = "\(ready) of \(wanted) servers of \(version.name) are ready."
        conditions.set("Ready", ready > 0, reason: "Starting", message: message)
        conditions.set("Reconciling", true, reason: "Starting", message: message)
        conditions.set("Stalled", false, reason: "Starting", message: "")
    }

    /// Nothing new can be served: what serves goes on, and the conditions say what is wrong.
    private mutating func keepServing(reason: String, message: String) throws {
        if let served = status.servedVersion, isKept(served) {
            // Its servers stay even while none is ready: they come back, and nothing could replace them.
            try keepServed()
            let ready = readyPods(of: served).count
            (status.replicas, status.readyReplicas) = (pods(of: served).count, ready)
            status.phase = ready > 0 ? .degraded : .failed
            let text =
                "\(message) " + (ready > 0 ? "\(served) goes on serving." : "\(served) stays, and none of its servers is ready.")
            conditions.set("Ready", ready > 0, reason: reason, message: text)
            conditions.set("Reconciling", false, reason: reason, message: text)
            conditions.set("Stalled", true, reason: reason, message: text)
        } else {
            status.phase = reason == "UnsupportedArchitecture" ? .failed : .pending
            status.traffic = nil
            status.servedVersion = nil
            status.servedDigest = nil
            (status.replicas, status.readyReplicas) = (0, 0)
            conditions.stalled(reason: reason, message: message)
        }
        if service.status?.conditions?.first(where: { $0.type == "Stalled" && $0.status == "True" })?.reason != reason {
            plan.events.append(PlannedEvent(.warning, reason: reason, message: message))
        }
    }

    /// Whether there is something left of what served.
    private func isKept(_ version: String) -> Bool {
        observation.versions.contains { $0.name == version }
            || observation.deployments.contains { $0.metadata.labels?[ApusLabel.modelVersion] == version }
            || !pods(of: version).isEmpty
    }

    private mutating func keepServed() throws {
        guard let served = status.servedVersion else { return }
        if let version = observation.versions.first(where: { $0.name == served }) {
            try ensure(ModelServerObjects(service: service, version: version, platform: observation.platform))
        } else {
            keepServers(of: [served])
        }
    }

    private mutating func ensure(_ servers: ModelServerObjects) throws {
        let deployment = observation.deployments.first { $0.name == servers.name }
        let address = observation.services.first { $0.name == servers.name }
        plan.children.append(.ensure(try servers.deployment(), .owned, observedUID: deployment?.uid))
        plan.children.append(.ensure(try servers.address().json(), .owned, observedUID: address?.uid))
    }

    private mutating func keepServers(of versions: [String]) {
        for deployment in observation.deployments
        where versions.contains(deployment.metadata.labels?[ApusLabel.modelVersion] ?? "") {
            plan.kept.insert(ResourceReference(deployment))
        }
        for address in observation.services where versions.contains(address.metadata.labels?[ApusLabel.modelVersion] ?? "") {
            plan.kept.insert(ResourceReference(address))
        }
    }

    // MARK: Pods

    private func pods(of version: String) -> [Pod] {
        observation.pods.filter { $0.metadata.labels?[ApusLabel.modelVersion] == version && !$0.isBeingDeleted }
    }

    private func readyPods(of version: String) -> [Pod] {
        pods(of: version).filter { pod in pod.status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false
        }
    }

    /// Why a server does not become ready, from the pods' own words.
    private func podObstacle(of version: String) -> (reason: String, message: String)? {
        for pod in pods(of: version).sorted(by: { $0.name < $1.name }) {
            for container in pod.status?.containerStatuses ?? [] where container.ready != true {
                if let end = container.state?.terminated ?? container.lastState?.terminated, end.exitCode != 0,
                    end.reason != "NodeShutdown"
                {
                    if end.reason == "OOMKilled" {
                        let advice = "raise spec.resources.limits.memory."
                        return ("OutOfMemory", "The server of \(version) needed more memory than its limit; \(advice)")
                    }
                    let words =
                        end.message.map { String($0.prefix(600)) } ?? "exit code \(end.exitCode) (\(end.reason ?? "Error"))"
                    return (ModelServerExit.reason(of: words), "The server of \(version) does not start: \(words)")
                }
                if let waiting = container.state?.waiting, let reason = waiting.reason, reason != "ContainerCreating",
                    reason != "PodInitializing"
                {
                    return (reason, "The server of \(version) does not start: \(waiting.message ?? reason)")
                }
            }
            if let scheduled = pod.status?.conditions?.first(where: { $0.type == "PodScheduled" }), scheduled.status == "False" {
                return ("Unschedulable", "Pod \(pod.name) waits for a node: \((scheduled.message ?? "").asSentence)")
            }
        }
        return nil
    }
}

/// How the model server's last words become a condition's reason: they start with it, `BundleCorrupt: …`.
enum ModelServerExit {
    static func reason(of words: String) -> String {
        let head = words.prefix { $0.isASCII && $0.isLetter }
        return head.count >= 4 && words.dropFirst(head.count).hasPrefix(":") && head.first?.isUppercase == true
            ? String(head) : "ServerFailed"
    }
}

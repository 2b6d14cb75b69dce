import Exposition
import KubernetesTypes

/// What the node counts, as Prometheus reads it: gathered when asked.
enum NodeMetrics {
    static func page(_ manager: PodManager, _ context: NodeContext) async -> String {
        let registry = MetricsRegistry()
        let pods = registry.gauge("kubelet_running_pods", help: "Pods with a running container.")
        let containers = registry.gauge("kubelet_running_containers", help: "Running containers.")
        let memory = registry.gauge(
            "container_memory_usage_bytes", help: "Memory in use by a container.", labels: ["namespace", "pod", "container"])
        let restarts = registry.gauge(
            "kube_pod_container_status_restarts", help: "How often a container was started again.",
            labels: ["namespace", "pod", "container"])
        var runningPods = 0
        var runningContainers = 0
        for pod in await manager.pods() {
            var isRunning = false
            for container in pod.spec.allContainers {
                guard let seen = await context.runtime.observe(podUID: pod.uid, container: container.name) else { continue }
                let labels = [pod.namespace, pod.name, container.name]
                restarts.with(labels).set(Double(seen.attempt))
                guard seen.isRunning else { continue }
                isRunning = true
                runningContainers += 1
                if let used = ControlGroups.usage(seen.record.cgroupsPath).memory { memory.with(labels).set(Double(used)) }
            }
            if isRunning { runningPods += 1 }
        }
        pods.set(Double(runningPods))
        containers.set(Double(runningContainers))
        return registry.render(.text)
    }
}

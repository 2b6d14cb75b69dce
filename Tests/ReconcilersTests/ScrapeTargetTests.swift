import KubernetesTypes
import Reconcilers
import Testing

@Suite struct ScrapeTargetTests {
    private static func pod(
        _ name: String = "tickets-v1-abc",
        annotations: [String: String] = ["prometheus.io/scrape": "true", "prometheus.io/port": "8080"],
        labels: [String: String] = [:], address: String? = "10.88.0.7", phase: String = "Running"
    ) -> Pod {
        var pod = Pod(metadata: ObjectMeta(annotations: annotations, labels: labels, name: name, namespace: "shop"))
        pod.spec.nodeName = "node-1"
        var status = PodStatus()
        status.podIP = address
        status.phase = phase
        pod.status = status
        return pod
    }

    @Test func aServersPodHasTheLabelsThatDriftIsReadBy() throws {
        let labels = ["apus.dev/inference-service": "tickets", "apus.dev/model-version": "tickets-1"]
        let group = try #require(ScrapeTargetGroup.groups(of: [Self.pod(labels: labels)]).first)
        #expect(group.targets == ["10.88.0.7:8080"])
        #expect(
            group.labels == [
                "namespace": "shop", "pod": "tickets-v1-abc", "node": "node-1", "job": "apus-inference",
                "inference_service": "tickets", "model_version": "tickets-1", "__metrics_path__": "/metrics",
            ])
    }

    @Test(arguments: [
        pod(annotations: [:]), pod(annotations: ["prometheus.io/scrape": "false", "prometheus.io/port": "8080"]),
        pod(annotations: ["prometheus.io/scrape": "true"]),
        pod(annotations: ["prometheus.io/scrape": "true", "prometheus.io/port": "many"]), pod(address: nil),
        pod(phase: "Pending"),
        pod(phase: "Succeeded"),
    ])
    func whatCannotBeScrapedIsLeftOut(pod: Pod) {
        #expect(ScrapeTargetGroup.groups(of: [pod]).isEmpty)
    }

    @Test func trainingPodsPathsAndLongAddresses() throws {
        let annotations = ["prometheus.io/scrape": "true", "prometheus.io/port": "8085", "prometheus.io/path": "progress"]
        let pods = [
            Self.pod("b", annotations: annotations, labels: ["apus.dev/training-job": "job"], address: "fd00::7"), Self.pod("a"),
        ]
        let groups = ScrapeTargetGroup.groups(of: pods)
        #expect(groups.map { $0.labels["pod"] } == ["a", "b"])
        #expect(groups[1].targets == ["[fd00::7]:8085"])
        #expect(groups[1].labels["job"] == "apus-training")
        #expect(groups[1].labels["__metrics_path__"] == "/progress")
    }
}

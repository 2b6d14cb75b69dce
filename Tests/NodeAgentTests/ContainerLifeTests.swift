import Foundation
import Glibc
import KubernetesTypes
import Testing

@testable import NodeAgent

/// Real containers by runc and conmon in the machine's own root.
@Suite(.serialized)
struct ContainerLifeTests {
    @Test func podRunsToItsEndAndTellsHowItWent() async throws {
        try await TestNode.with { node in
            let pod = await node.cluster.create(
                shellPod("done", "echo hello; echo bad >&2; echo -n enough > /dev/termination-log; ls /root /tmp /home; exit 3"))
            let status = try await node.wait("done", "failed") { $0.phase == "Failed" }
            #expect(status.main?.state?.terminated?.exitCode == 3)
            #expect(status.main?.state?.terminated?.reason == "Error")
            #expect(status.main?.state?.terminated?.message == "enough")
            #expect(node.log(pod).sorted() == ["", "", "/home:", "/root:", "/tmp:", "bad", "hello"])
            #expect(AddressRange(node.configuration.network.podCIDR)?.contains(status.podIP ?? "") ?? false)
            await node.cluster.delete("done")
            try await node.waitUntil("pod and records are gone") {
                await node.cluster.pod("done") == nil && !Files.exists(node.context.layout.pod(pod.uid))
            }
        }
    }

    /// As after `apus down`: the API has the pod, the disk has nothing of it.
    @Test func aFinishedPodIsNotForgottenWithItsRecords() async throws {
        try await TestNode.with { node in
            var first = Container()
            first.name = "first"
            first.image = ImageStore.hostImage
            first.command = ["/bin/true"]
            await node.cluster.create(shellPod("done", "true") { $0.spec.initContainers = [first] })
            try await node.wait("done", "succeeded") { $0.phase == "Succeeded" }
            let events = await node.cluster.events.filter { $0.container == "first" }.map(\.message)
            #expect(events.contains("Container created") && events.contains("Container started"))
            await node.crash()
            Files.remove(node.context.layout.pods)
            try node.context.layout.prepare()
            await node.cluster.forgetReports()
            await node.begin()
            try await node.waitUntil("the status was reported again") { await node.cluster.reports > 0 }
            let status = try #require(await node.cluster.pod("done")?.status)
            #expect(status.phase == "Succeeded")
            #expect(status.initContainerStatuses?.first?.state?.terminated?.exitCode == 0)
            #expect(status.main?.state?.terminated?.exitCode == 0)
        }
    }

    /// The kernel tells its mounts in pieces of a page: all of them count.
    @Test func machinesWithManyMountsRunPods() async throws {
        try await TestNode.with { node in
            let folder = node.configuration.dataDirectory + "/mounts"
            for number in 0..<60 {
                let point = "\(folder)/\(number)-\(String(repeating: "x", count: 200))"
                try Files.makeDirectory(point)
                try Files.mount("tmpfs", on: point, type: "tmpfs", data: "size=4096")
            }
            #expect(Files.mounts(under: folder).count == 60)
            await node.cluster.create(shellPod("p", "true"))
            try await node.wait("p", "succeeded") { $0.phase == "Succeeded" }
        }
    }

    /// Limits that equal the requests spare a pod when memory runs out, as far as this machine lets anybody be spared.
    @Test func podsOfTheBestQualityRun() async throws {
        try await TestNode.with { node in
            await node.cluster.create(
                shellPod("p", "cat /proc/self/oom_score_adj >/dev/termination-log") {
                    let limits: [String: Quantity] = ["cpu": Quantity(milli: 200), "memory": .bytes(100 << 20)]
                    $0.spec.containers[0].resources = ResourceRequirements(limits: limits, requests: limits)
                })
            let status = try await node.wait("p", "succeeded") { $0.phase == "Succeeded" }
            let score = max(-997, Machine.lowestOutOfMemoryScore)
            #expect(status.main?.state?.terminated?.message?.trimmingCharacters(in: .newlines) == "\(score)")
        }
    }

    @Test func failingContainerIsRestartedWithBackoff() async throws {
        try await TestNode.with { node in
            await node.cluster.create(shellPod("loop", "exit 1", restartPolicy: "OnFailure"))
            try await node.wait("loop", "in back-off") {
                $0.main?.state?.waiting?.reason == "CrashLoopBackOff" && ($0.main?.restartCount ?? 0) >= 1
                    && $0.main?.lastState?.terminated?.exitCode == 1
            }
            try await node.wait("loop", "restarted thrice") { ($0.main?.restartCount ?? 0) >= 3 }
            // Every crash is told, not the first alone.
            let told = await node.cluster.events.filter { $0.reason == "BackOff" }
            #expect(told.count >= 2)
            #expect(told.first?.message.hasPrefix("Back-off restarting failed container main in pod loop_default(") == true)
        }
    }

    @Test func runningPodIsReadyAndStopsGracefully() async throws {
        try await TestNode.with { node in
            let pod = shellPod(
                "web", "trap 'echo bye; sleep 0.2; exit 0' TERM; echo up; while true; do sleep 0.05; done",
                restartPolicy: "Always"
            ) { $0.spec.terminationGracePeriodSeconds = 20 }
            await node.cluster.create(pod)
            let status = try await node.wait("web", "ready") { $0.holds("Ready") }
            #expect(status.phase == "Running")
            #expect(status.holds("PodReadyToStartContainers") && status.holds("Initialized") && status.holds("ContainersReady"))
            let log = node.context.layout.attempt(.init(podUID: pod.uid, name: "main", attempt: 0)).log
            try await node.waitUntil("the trap is set") { node.log(pod) == ["up"] }
            // A second name for the file, which outlives the pod's records.
            let kept = node.configuration.dataDirectory + "/kept"
            link(log, kept)
            let began = ContinuousClock.now
            await node.cluster.delete("web")
            try await node.waitUntil("the pod is gone") { await node.cluster.pod("web") == nil }
            #expect(ContinuousClock.now - began < .seconds(10))
            #expect(Files.text(kept)?.contains("bye") ?? false)
        }
    }

    @Test func containersOutliveTheAgentAndAreTakenOver() async throws {
        try await TestNode.with { node in
            let pod = await node.cluster.create(
                shellPod("long", "i=0; while [ ! -e /dev/shm/stop ]; do echo $i; i=$((i+1)); sleep 0.02; done; exit 5") {
                    $0.spec.containers[0].volumeMounts = [VolumeMount(mountPath: "/dev/shm", name: "shared")]
                    var volume = Volume()
                    volume.name = "shared"
                    volume.emptyDir = EmptyDirVolumeSource()
                    $0.spec.volumes = [volume]
                })
            try await node.wait("long", "running") { $0.main?.state?.running != nil }
            let identity = ContainerIdentity(podUID: pod.uid, name: "main", attempt: 0)
            let process = node.context.runtime.processIdentifier(identity)
            await node.crash()
            let lines = node.log(pod).count
            try await node.waitUntil("the log goes on without an agent") { node.log(pod).count > lines + 5 }
            await node.begin()
            try await node.wait("long", "still running") { $0.main?.state?.running != nil }
            #expect(node.context.runtime.processIdentifier(identity) == process)
            #expect(Files.list(node.context.layout.container(pod.uid, "main")) == ["0"])
            // It ends while no agent looks.
            await node.crash()
            try Files.writeDurably([], to: node.context.layout.volumes(pod.uid) + "/empty/shared/stop")
            try await node.waitUntil("it has ended") { !node.context.runtime.isLive(identity) }
            await node.begin()
            let status = try await node.wait("long", "failed") { $0.phase == "Failed" }
            #expect(status.main?.state?.terminated?.exitCode == 5)
            let numbers = node.log(pod)
            #expect(numbers == (0..<numbers.count).map(String.init))
        }
    }

    /// However far a start has come when the agent is stopped, the next one makes it good, and it counts as one.
    @Test func agentsStoppedDuringAStartHaveNotFailedIt() async throws {
        try await TestNode.with { node in
            for round in 0..<6 {
                let pod = await node.cluster.create(shellPod("p\(round)", "echo up; while true; do sleep 0.1; done"))
                let paths = node.context.layout.attempt(.init(podUID: pod.uid, name: "main", attempt: 0))
                // What a start leaves on disk, in order.
                let sign = [paths.directory, paths.record, paths.sync, paths.shimPid, paths.started, paths.log][round]
                try await node.waitUntil("the start has come to \(sign)") { Files.exists(sign) }
                await node.crash()
                await node.begin()
                let status = try await node.wait(pod.name, "running") { $0.main?.state?.running != nil }
                #expect(status.main?.restartCount == 0)
                try await node.waitUntil("it says so once") { node.log(pod) == ["up"] }
            }
            #expect(await node.cluster.events.filter(\.isWarning).map(\.message) == [])
        }
    }

    @Test func killedShimAndProcessAreReportedAndRestartedOnce() async throws {
        try await TestNode.with { node in
            let pod = await node.cluster.create(shellPod("lost", "while true; do sleep 0.1; done", restartPolicy: "Always"))
            try await node.wait("lost", "running") { $0.main?.state?.running != nil }
            let identity = ContainerIdentity(podUID: pod.uid, name: "main", attempt: 0)
            let paths = node.context.layout.attempt(identity)
            let process = try #require(node.context.runtime.processIdentifier(identity))
            let shim = try #require(
                Files.text(paths.shimPid).flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
            await node.crash()
            kill(shim, SIGKILL)
            // The process itself still runs, without anyone to keep its log: it must not run beside its successor.
            await node.begin()
            let status = try await node.wait("lost", "restarted") { $0.main?.restartCount == 1 && $0.main?.state?.running != nil }
            #expect(status.main?.lastState?.terminated?.reason == "ContainerStatusUnknown")
            #expect(status.main?.lastState?.terminated?.exitCode == 137)
            #expect(!Files.processLives(process, marker: "sh"))
        }
    }

    /// As after the machine was started anew: the pod's network is gone, and what it had in memory.
    @Test func initContainersFillTheVolumesOfANewSandbox() async throws {
        try await TestNode.with { node in
            let pod = await node.cluster.create(
                shellPod("p", "test -e /v/filled || exit 9; while true; do sleep 0.05; done", restartPolicy: "Always") {
                    var first = $0.spec.containers[0]
                    first.name = "first"
                    first.command = ["/bin/sh", "-c", "echo filled > /v/filled"]
                    $0.spec.initContainers = [first]
                    var volume = Volume()
                    volume.name = "v"
                    volume.emptyDir = EmptyDirVolumeSource(medium: "Memory")
                    $0.spec.volumes = [volume]
                    let mount = VolumeMount(mountPath: "/v", name: "v")
                    $0.spec.initContainers?[0].volumeMounts = [mount]
                    $0.spec.containers[0].volumeMounts = [mount]
                })
            try await node.wait("p", "running") { $0.main?.state?.running != nil }
            let before = try #require(Files.decode(Sandbox.self, from: node.context.layout.sandbox(pod.uid)))
            // An agent that comes back finds the sandbox as it was, and begins nothing anew.
            await node.crash()
            await node.begin()
            try await node.waitUntil("it was taken over") { await node.agent.pods().first?.status?.main?.state?.running != nil }
            #expect(Files.list(node.context.layout.container(pod.uid, "first")) == ["0"])

            await node.crash()
            await node.context.runtime.kill(.init(podUID: pod.uid, name: "main", attempt: 0))
            try await node.waitUntil("it has ended") {
                !node.context.runtime.isLive(.init(podUID: pod.uid, name: "main", attempt: 0))
            }
            Files.unmount(node.context.layout.volumes(pod.uid) + "/empty/v")
            Files.unmount(before.namespace ?? "")
            await node.begin()
            let status = try await node.wait("p", "running again") {
                $0.main?.state?.running != nil && ($0.main?.restartCount ?? 0) > 0
            }
            #expect(status.initContainerStatuses?.first?.restartCount == 1)
            #expect(status.main?.restartCount == 1)
            #expect(status.main?.lastState?.terminated?.exitCode == 137)
        }
    }

    @Test func forceDeletedPodIsKilledBeforeItsSuccessorStarts() async throws {
        try await TestNode.with { node in
            let directory = node.configuration.dataDirectory + "/shared"
            func pod() -> Pod {
                shellPod("same", "trap '' TERM; mkdir /v/lock || exit 9; while true; do sleep 0.05; done") {
                    $0.spec.containers[0].volumeMounts = [VolumeMount(mountPath: "/v", name: "v")]
                    var volume = Volume()
                    volume.name = "v"
                    volume.hostPath = HostPathVolumeSource(path: directory, type: "DirectoryOrCreate")
                    $0.spec.volumes = [volume]
                }
            }
            let first = await node.cluster.create(pod())
            try await node.wait("same", "running") { $0.main?.state?.running != nil }
            let process = try #require(
                node.context.runtime.processIdentifier(.init(podUID: first.uid, name: "main", attempt: 0)))
            await node.cluster.delete("same", grace: 0)
            let second = await node.cluster.create(pod())
            try await node.waitUntil("the second has begun") {
                Files.exists(node.context.layout.attempt(.init(podUID: second.uid, name: "main", attempt: 0)).started)
            }
            #expect(!Files.processLives(process, marker: "sh"))
            #expect(!Files.exists(node.context.layout.pod(first.uid)))
        }
    }
}

import Foundation
import KubernetesTypes
import Testing

@testable import NodeAgent

/// What a pod may ask for, seen from within real containers.
@Suite(.serialized)
struct PodFeatureTests {
    private func volume(_ name: String, _ change: (inout Volume) -> Void) -> Volume {
        var volume = Volume()
        volume.name = name
        change(&volume)
        return volume
    }

    @Test func environmentAndVolumesReachTheContainer() async throws {
        try await TestNode.with { node in
            await node.cluster.put(
                ConfigMap(data: ["a": "from-map", "b": "two"], metadata: ObjectMeta(name: "m", namespace: "default")))
            await node.cluster.put(
                Secret(data: ["s": Base64Data(utf8: "hidden")], metadata: ObjectMeta(name: "s", namespace: "default")))
            let script = """
                echo $PLAIN $DERIVED $MAP $SECRET $NAME $LIMIT P_$P_b $s; pwd; echo "$0 $1"
                cat /map/x /secret/s /down/labels /all/token /all/sub/a; echo
                stat -c %a /map/..data/x; touch /map/new 2>/dev/null || echo read-only
                echo kept > /empty/file; cat /part/file /expr/file; df /memory | tail -1 | cut -d' ' -f1
                df --output=size -B1 /memory | tail -1 | tr -d ' '
                """
            let pod = shellPod("rich", script) {
                $0.metadata.labels = ["app": "x"]
                $0.spec.serviceAccountName = "robot"
                $0.spec.containers[0].args = ["zero", "$(PLAIN)"]
                $0.spec.containers[0].workingDir = "/usr"
                $0.spec.containers[0].resources = ResourceRequirements(limits: ["memory": .bytes(64 << 20)])
                $0.spec.containers[0].envFrom = [
                    EnvFromSource(configMapRef: ConfigMapEnvSource(name: "m"), prefix: "P_"),
                    EnvFromSource(secretRef: SecretEnvSource(name: "s")),
                ]
                $0.spec.containers[0].env = [
                    EnvVar(name: "PLAIN", value: "plain"), EnvVar(name: "DERIVED", value: "<$(PLAIN)>"),
                    EnvVar(name: "MAP", valueFrom: EnvVarSource(configMapKeyRef: ConfigMapKeySelector(key: "a", name: "m"))),
                    EnvVar(name: "SECRET", valueFrom: EnvVarSource(secretKeyRef: SecretKeySelector(key: "s", name: "s"))),
                    EnvVar(name: "NAME", valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "metadata.name"))),
                    EnvVar(
                        name: "LIMIT",
                        valueFrom: EnvVarSource(
                            resourceFieldRef: ResourceFieldSelector(divisor: Quantity("1Mi"), resource: "limits.memory"))),
                ]
                $0.spec.containers[0].volumeMounts = [
                    VolumeMount(mountPath: "/map", name: "map"), VolumeMount(mountPath: "/secret", name: "secret"),
                    VolumeMount(mountPath: "/down", name: "down"), VolumeMount(mountPath: "/all", name: "all", readOnly: true),
                    VolumeMount(mountPath: "/empty", name: "empty", subPath: "part"),
                    VolumeMount(mountPath: "/part", name: "empty", subPath: "part"),
                    VolumeMount(mountPath: "/expr", name: "empty", subPathExpr: "$(EXPR)part"),
                    VolumeMount(mountPath: "/memory", name: "memory"),
                ]
                $0.spec.containers[0].env?.append(EnvVar(name: "EXPR", value: ""))
                $0.spec.volumes = [
                    volume("map") {
                        $0.configMap = ConfigMapVolumeSource(
                            defaultMode: 0o644, items: [KeyToPath(key: "a", mode: 0o440, path: "x")], name: "m")
                    },
                    volume("secret") { $0.secret = SecretVolumeSource(defaultMode: 0o400, secretName: "s") },
                    volume("down") {
                        $0.downwardAPI = DownwardAPIVolumeSource(
                            defaultMode: 0o644,
                            items: [
                                DownwardAPIVolumeFile(
                                    fieldRef: ObjectFieldSelector(fieldPath: "metadata.labels"), mode: 0o644, path: "labels")
                            ])
                    },
                    volume("all") {
                        $0.projected = ProjectedVolumeSource(
                            defaultMode: 0o644,
                            sources: [
                                VolumeProjection(
                                    serviceAccountToken: ServiceAccountTokenProjection(
                                        audience: "me", expirationSeconds: 900, path: "token")),
                                VolumeProjection(
                                    configMap: ConfigMapProjection(items: [KeyToPath(key: "a", path: "sub/a")], name: "m")),
                                VolumeProjection(secret: SecretProjection(name: "s")),
                            ])
                    },
                    volume("empty") { $0.emptyDir = EmptyDirVolumeSource() },
                    volume("memory") { $0.emptyDir = EmptyDirVolumeSource(medium: "Memory", sizeLimit: .bytes(1 << 20)) },
                ]
            }
            await node.cluster.create(pod)
            try await node.wait("rich", "done") { $0.phase == "Succeeded" || $0.phase == "Failed" }
            #expect(
                node.log(pod) == [
                    "plain <plain> from-map hidden rich 64 P_two hidden", "/usr", "zero plain",
                    "from-maphiddenapp=\"x\"token-of-robotfrom-map", "440", "read-only", "kept", "kept", "tmpfs", "1048576",
                ])
        }
    }

    @Test func securityContextHolds() async throws {
        try await TestNode.with { node in
            let pod = shellPod(
                "strict",
                "id -u; id -g; id -G; touch /x 2>/dev/null || echo read-only; stat -c %g /v; touch /v/y && stat -c %g /v/y"
            ) {
                $0.spec.securityContext = PodSecurityContext(
                    fsGroup: 4000, runAsGroup: 2000, runAsUser: 1000, supplementalGroups: [3000])
                $0.spec.containers[0].securityContext = SecurityContext(
                    readOnlyRootFilesystem: true, runAsGroup: 2001, runAsUser: 1001)
                $0.spec.containers[0].volumeMounts = [VolumeMount(mountPath: "/v", name: "v")]
                $0.spec.volumes = [volume("v") { $0.emptyDir = EmptyDirVolumeSource() }]
            }
            // Mount points in a read-only root must be there: the runtime makes them in the writable layer beforehand.
            await node.cluster.create(pod)
            try await node.wait("strict", "done") { $0.phase == "Succeeded" || $0.phase == "Failed" }
            #expect(node.log(pod) == ["1001", "2001", "2001 3000 4000", "read-only", "4000", "4000"])
        }
    }

    /// A store under the data directory is hidden, but for what the pod mounts of it at its own path.
    @Test func mountsAreSeenWithinHiddenPlaces() async throws {
        try await TestNode.with { node in
            let store = node.configuration.dataDirectory + "/store"
            try Files.makeDirectory(store)
            try Files.writeDurably(Array("kept\n".utf8), to: store + "/file", mode: 0o644)
            let pod = shellPod("seen", "cat \(store)/file; echo more > \(store)/other; ls \(node.configuration.dataDirectory)") {
                $0.spec.containers[0].volumeMounts = [VolumeMount(mountPath: store, name: "store")]
                $0.spec.volumes = [volume("store") { $0.hostPath = HostPathVolumeSource(path: store, type: "Directory") }]
            }
            await node.cluster.create(pod)
            try await node.wait("seen", "done") { $0.phase == "Succeeded" }
            #expect(node.log(pod) == ["kept", "store"])
            #expect(Files.text(store + "/other") == "more\n")
        }
    }

    /// A disk without room for one more file: a reason, no crash, and the pod goes on once there is room.
    @Test func aFullDiskIsNamedAndSurvived() async throws {
        try await TestNode.with { node in
            let pods = node.context.layout.pods
            try Files.mount("tmpfs", on: pods, type: "tmpfs", data: "size=1m,nr_inodes=4")
            let pod = await node.cluster.create(shellPod("full", "echo done"))
            try await node.waitUntil("the reason is told") {
                await node.cluster.events.contains { $0.isWarning && $0.message.contains("free space") }
            }
            #expect(await node.cluster.pod("full")?.status?.phase == "Pending")
            try await Command(
                program: "mount", arguments: ["-o", "remount,size=50m,nr_inodes=10000", pods]
            ).check()
            try await node.wait("full", "done") { $0.phase == "Succeeded" }
            #expect(node.log(pod) == ["done"])
        }
    }

    @Test func memoryLimitKills() async throws {
        try await TestNode.with { node in
            let pod = shellPod("big", "head -c 200000000 /dev/zero | tail -c 150000000 | wc -c; exec tail /dev/zero") {
                $0.spec.containers[0].resources = ResourceRequirements(limits: ["memory": .bytes(32 << 20)])
            }
            await node.cluster.create(pod)
            let status = try await node.wait("big", "killed") { $0.phase == "Failed" }
            #expect(status.main?.state?.terminated?.reason == "OOMKilled")
            #expect(status.main?.state?.terminated?.exitCode == 137)
        }
    }

    @Test func graceEndsInAKill() async throws {
        try await TestNode.with { node in
            await node.cluster.create(
                shellPod("deaf", "trap '' TERM; while true; do sleep 0.1; done") {
                    $0.spec.terminationGracePeriodSeconds = 1
                })
            try await node.wait("deaf", "running") { $0.main?.state?.running != nil }
            await node.cluster.delete("deaf")
            try await node.waitUntil(seconds: 15, "it is gone") { await node.cluster.pod("deaf") == nil }
        }
    }

    @Test func hooksRunAroundTheProcess() async throws {
        try await TestNode.with { node in
            let directory = node.configuration.dataDirectory + "/hooks"
            let pod = shellPod("hooked", "trap 'echo usr1 >> /v/said; exit 0' USR1; while true; do sleep 0.05; done") {
                $0.spec.terminationGracePeriodSeconds = 10
                $0.spec.containers[0].volumeMounts = [VolumeMount(mountPath: "/v", name: "v")]
                $0.spec.volumes = [volume("v") { $0.hostPath = HostPathVolumeSource(path: directory, type: "DirectoryOrCreate") }]
                $0.spec.containers[0].lifecycle = Lifecycle(
                    postStart: LifecycleHandler(exec: ExecAction(command: ["sh", "-c", "echo started >> /v/said"])),
                    preStop: LifecycleHandler(exec: ExecAction(command: ["sh", "-c", "echo stopping >> /v/said"])),
                    stopSignal: "SIGUSR1")
            }
            await node.cluster.create(pod)
            try await node.wait("hooked", "ready") { $0.holds("Ready") }
            await node.cluster.delete("hooked")
            try await node.waitUntil("it is gone") { await node.cluster.pod("hooked") == nil }
            #expect(Files.text(directory + "/said") == "started\nstopping\nusr1\n")
            // A hook that only waits.
            let runner = HandlerRunner(context: node.context)
            let began = ContinuousClock.now
            let result = await runner.run(
                LifecycleHandler(sleep: SleepAction(seconds: 1)), container: pod.spec.containers[0],
                identity: .init(podUID: "x", name: "main", attempt: 0), address: "", timeout: .seconds(5))
            #expect(result == .success && ContinuousClock.now - began >= .seconds(1))
        }
    }

    @Test func livenessRestartsAndReadinessHolds() async throws {
        try await TestNode.with { node in
            let pod = shellPod(
                "sick", "sleep 0.3; touch /dev/shm/ready; while true; do sleep 0.05; done", restartPolicy: "Always"
            ) {
                $0.spec.terminationGracePeriodSeconds = 1
                $0.spec.containers[0].readinessProbe = Probe(
                    exec: ExecAction(command: ["test", "-e", "/dev/shm/ready"]), periodSeconds: 1, timeoutSeconds: 5)
                $0.spec.containers[0].livenessProbe = Probe(
                    exec: ExecAction(command: ["test", "!", "-e", "/dev/shm/sick"]), failureThreshold: 1, initialDelaySeconds: 1,
                    periodSeconds: 1, timeoutSeconds: 5)
            }
            await node.cluster.create(pod)
            try await node.wait("sick", "running and not ready") { $0.main?.state?.running != nil && !$0.holds("Ready") }
            try await node.wait("sick", "ready") { $0.holds("Ready") }
            _ = try await node.context.runtime.execute(
                .init(podUID: pod.uid, name: "main", attempt: 0), ["touch", "/dev/shm/sick"], timeout: .seconds(5))
            try await node.wait("sick", "restarted") { $0.main?.restartCount == 1 && $0.main?.state?.running != nil }
            #expect(await node.cluster.events.contains { $0.reason == "Unhealthy" && $0.message.hasPrefix("Liveness") })
        }
    }

    @Test func probesAskOverTheNetwork() async throws {
        try await TestNode.with { node in
            let python =
                "import http.server as h\nclass H(h.BaseHTTPRequestHandler):\n def do_GET(s):\n  ok=s.path=='/ok' and s.headers.get('X-A')=='b'\n  s.send_response(200 if ok else 500);s.end_headers()\nh.HTTPServer(('',8080),H).serve_forever()"
            let pod = shellPod("http", "exec python3 -c \"$CODE\"", restartPolicy: "Always") {
                $0.spec.containers[0].command = ["/usr/bin/env", "python3", "-c", python]
                $0.spec.containers[0].ports = [ContainerPort(containerPort: 8080, name: "web")]
                $0.spec.containers[0].readinessProbe = Probe(
                    httpGet: HTTPGetAction(
                        httpHeaders: [HTTPHeader(name: "X-A", value: "b")], path: "/ok", port: .string("web"), scheme: "HTTP"),
                    periodSeconds: 1, timeoutSeconds: 5)
                $0.spec.containers[0].startupProbe = Probe(
                    failureThreshold: 30, periodSeconds: 1, tcpSocket: TCPSocketAction(port: .int(8080)), timeoutSeconds: 5)
            }
            await node.cluster.create(pod)
            let status = try await node.wait("http", "ready") { $0.holds("Ready") }
            let runner = HandlerRunner(context: node.context)
            let main = pod.spec.containers[0]
            func ask(_ handler: LifecycleHandler) async -> ProbeState.Result {
                await runner.run(
                    handler, container: main, identity: .init(podUID: pod.uid, name: "main", attempt: 0), address: "203.0.113.1",
                    timeout: .seconds(5))
            }
            let host = try #require(status.podIP)
            let bad = await ask(LifecycleHandler(httpGet: HTTPGetAction(host: host, path: "/no", port: .int(8080))))
            #expect(bad == .failure("HTTP probe failed with statuscode: 500"))
            #expect(await ask(LifecycleHandler(tcpSocket: TCPSocketAction(host: host, port: .string("web")))) == .success)
            #expect(await ask(LifecycleHandler(tcpSocket: TCPSocketAction(host: host, port: .string("nope")))) != .success)
        }
    }

    @Test func hostNetworkSharesTheMachines() async throws {
        try await TestNode.with { node in
            let pod = shellPod("host", "readlink /proc/self/ns/net") { $0.spec.hostNetwork = true }
            await node.cluster.create(pod)
            let status = try await node.wait("host", "done") { $0.phase == "Succeeded" }
            #expect(node.log(pod) == [try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")])
            #expect(status.podIP == status.hostIP)
        }
    }

    @Test func hostPortsLeadToThePod() async throws {
        try await TestNode.with { node in
            let port = Int.random(in: 20_000...30_000)
            let python =
                "import socket\ns=socket.create_server(('',9000))\nwhile True:\n c,a=s.accept();c.sendall(b'pod');c.close()"
            let pod = shellPod("ported", "true", restartPolicy: "Always") {
                $0.spec.containers[0].command = ["/usr/bin/env", "python3", "-c", python]
                $0.spec.containers[0].ports = [
                    ContainerPort(
                        containerPort: 9000, hostIP: node.configuration.network.gateway, hostPort: port, protocol: "TCP")
                ]
            }
            await node.cluster.create(pod)
            try await node.wait("ported", "running") { $0.main?.state?.running != nil }
            let client =
                "import socket;print(socket.create_connection(('\(node.configuration.network.gateway)',\(port)),2).recv(9).decode())"
            try await node.waitUntil("the port answers") {
                let result = try? await Command(program: "python3", arguments: ["-c", client]).run()
                return result?.output == "pod\n"
            }
        }
    }

    @Test func inputStaysOpenForStdin() async throws {
        try await TestNode.with { node in
            let pod = shellPod("piped", "if [ -t 0 ]; then echo terminal; fi; cat; echo end") {
                $0.spec.containers[0].stdin = true
            }
            await node.cluster.create(pod)
            let closed = await node.cluster.create(shellPod("unpiped", "cat; echo end"))
            let terminal = await node.cluster.create(
                shellPod("tty", "if [ -t 1 ]; then echo terminal; fi") { $0.spec.containers[0].tty = true })
            try await node.wait("unpiped", "done: without stdin there is nothing to read") { $0.phase == "Succeeded" }
            try await node.wait("tty", "done") { $0.phase == "Succeeded" }
            try await node.wait("piped", "still reading") { $0.main?.state?.running != nil }
            #expect(node.log(closed) == ["end"])
            #expect(node.log(terminal).first?.hasPrefix("terminal") ?? false)
            #expect(node.log(pod).isEmpty)
        }
    }
}

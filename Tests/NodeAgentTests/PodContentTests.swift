import Foundation
import Glibc
import KubernetesTypes
import Testing

@testable import NodeAgent

/// What goes into a container, decided without I/O.
@Suite struct PodContentTests {
    let node = NodeFacts(name: "n1", address: "10.0.0.1", cpu: 2, memory: .bytes(4 << 30), ephemeralStorage: .bytes(1 << 30))

    private func facts(_ pod: Pod) -> DownwardFacts { DownwardFacts(pod: pod, podIP: "10.88.0.2", node: node) }

    @Test(arguments: [
        ("$(A)", "1"), ("$(B)", "$(B)"), ("$$(A)", "$(A)"), ("x$(A)y$(A)", "x1y1"), ("$A", "$A"), ("$(", "$("), ("$", "$"),
        ("$$$$(A)", "$$(A)"), ("$(A", "$(A"),
    ])
    func referencesAreExpanded(text: String, expected: String) {
        #expect(ContainerEnvironment.expand(text, ["A": "1"]) == expected)
    }

    @Test func resourceFieldsAreRoundedUp() throws {
        let pod = shellPod("p", "true") {
            $0.spec.containers[0].resources = ResourceRequirements(
                limits: ["cpu": Quantity(milli: 1500)], requests: ["memory": .bytes(1_500_000)])
        }
        let main = pod.spec.containers[0]
        func value(_ resource: String, _ divisor: Quantity? = nil, _ name: String? = nil) throws -> String {
            try ContainerEnvironment.resource(
                ResourceFieldSelector(containerName: name, divisor: divisor, resource: resource), of: main, facts: facts(pod))
        }
        #expect(try value("limits.cpu") == "2")
        #expect(try value("limits.cpu", Quantity(milli: 1), "main") == "1500")
        #expect(try value("requests.memory", Quantity("1Mi")) == "2")
        #expect(try value("limits.memory") == String(4 << 30), "without a limit: what the node has")
    }

    @Test func servicesBecomeVariables() {
        func service(_ name: String, _ namespace: String) -> Service {
            Service(
                metadata: ObjectMeta(name: name, namespace: namespace),
                spec: ServiceSpec(clusterIP: "10.96.0.7", ports: [ServicePort(name: "http", port: 80)]))
        }
        let all = [service("kubernetes", "default"), service("my-db", "a"), service("other", "b")]
        let names = ContainerEnvironment.serviceVariables(all, namespace: "a", enabled: true)
        #expect(names.contains { $0 == ("MY_DB_SERVICE_HOST", "10.96.0.7") })
        #expect(names.contains { $0 == ("MY_DB_PORT_80_TCP_ADDR", "10.96.0.7") })
        #expect(!names.contains { $0.0.hasPrefix("OTHER") })
        let few = ContainerEnvironment.serviceVariables(all, namespace: "a", enabled: false)
        #expect(few.allSatisfy { $0.0.hasPrefix("KUBERNETES_") } && !few.isEmpty)
    }

    @Test func missingReferencesAreNamed() throws {
        var pod = shellPod("p", "true")
        let image = ImageConfiguration(imageID: "", rootPath: "/")
        func variables() throws -> [String: String] {
            Dictionary(
                try ContainerEnvironment.variables(
                    of: pod.spec.containers[0], image: image, services: [], objects: ReferencedObjects(), facts: facts(pod)
                ).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
        pod.spec.containers[0].env = [
            EnvVar(
                name: "A", valueFrom: EnvVarSource(configMapKeyRef: ConfigMapKeySelector(key: "k", name: "m", optional: true))),
            EnvVar(name: "B", valueFrom: EnvVarSource(secretKeyRef: SecretKeySelector(key: "k", name: "s", optional: true))),
        ]
        pod.spec.containers[0].envFrom = [
            EnvFromSource(configMapRef: ConfigMapEnvSource(name: "m", optional: true)),
            EnvFromSource(secretRef: SecretEnvSource(name: "s", optional: true)),
        ]
        #expect(try variables()["A"] == nil)
        pod.spec.containers[0].env?[0].valueFrom?.configMapKeyRef?.optional = nil
        #expect(throws: NodeAgentError.self) { try variables() }
        var volume = Volume()
        volume.configMap = ConfigMapVolumeSource(name: "m", optional: true)
        #expect(try VolumeContent.files(of: volume, objects: .init(), tokens: [:], facts: facts(pod)) == [])
        volume.configMap?.optional = nil
        #expect(throws: NodeAgentError.self) {
            try VolumeContent.files(of: volume, objects: .init(), tokens: [:], facts: facts(pod))
        }
    }

    @Test func hostsFileNamesThePod() {
        let pod = shellPod("p", "true") {
            $0.spec.hostname = "h"
            $0.spec.subdomain = "sub"
            $0.spec.hostAliases = [HostAlias(hostnames: ["x", "y"], ip: "1.2.3.4")]
        }
        let text = PodFiles.hosts(pod: pod, address: "10.88.0.2", hostname: "h", domain: "cluster.local")
        #expect(text.contains("10.88.0.2\th.sub.default.svc.cluster.local\th\n"))
        #expect(text.contains("1.2.3.4\tx\ty\n"))
        #expect(PodFiles.hostname(pod: pod, domain: "cluster.local") == "h")
        var full = pod
        full.spec.setHostnameAsFQDN = true
        #expect(PodFiles.hostname(pod: full, domain: "cluster.local") == "h.sub.default.svc.cluster.local")
        let long = shellPod(String(repeating: "a", count: 62) + "-b", "true")
        #expect(PodFiles.hostname(pod: long, domain: "d").count == 62)
    }

    @Test func resolverFollowsPolicyAndConfig() {
        let dns = PodFiles.DNS(
            clusterAddress: "10.96.0.10", clusterDomain: "cluster.local", host: "search corp\nnameserver 9.9.9.9\noptions a\n")
        var pod = shellPod("p", "true")
        #expect(
            PodFiles.resolver(pod: pod, dns: dns) == """
                search default.svc.cluster.local svc.cluster.local cluster.local corp
                nameserver 10.96.0.10
                options ndots:5

                """)
        pod.spec.dnsPolicy = "Default"
        #expect(PodFiles.resolver(pod: pod, dns: dns) == "search corp\nnameserver 9.9.9.9\noptions a\n")
        pod.spec.dnsPolicy = "None"
        pod.spec.dnsConfig = PodDNSConfig(
            nameservers: ["1.1.1.1"], options: [PodDNSConfigOption(name: "ndots", value: "2")], searches: ["s"])
        #expect(PodFiles.resolver(pod: pod, dns: dns) == "search s\nnameserver 1.1.1.1\noptions ndots:2\n")
        pod.spec.dnsPolicy = nil
        #expect(PodFiles.resolver(pod: pod, dns: dns).contains("options ndots:2\n"))
        pod.spec.hostNetwork = true
        #expect(PodFiles.resolver(pod: pod, dns: dns).contains("nameserver 9.9.9.9"))
    }

    @Test(
        arguments: [
            ("busybox", "docker://busybox", "docker.io", "Always"),
            ("r.example:5000/a/b:1", "docker://r.example:5000/a/b:1", "r.example:5000", "IfNotPresent"),
            ("a/b:latest", "docker://a/b:latest", "docker.io", "Always"), ("oci:/x/y:t", "oci:/x/y:t", nil, "IfNotPresent"),
        ] as [(String, String, String?, String)])
    func imageNamesAreUnderstood(name: String, transport: String, registry: String?, policy: String) throws {
        let source = try ImageReference.source(of: name, allowsLocalArchives: true)
        #expect(source.transport == transport)
        #expect(source.registry == registry)
        #expect(ImageReference.defaultPolicy(name) == policy)
    }

    @Test(arguments: ["", "a b", "UPPER CASE", "x:"])
    func badImageNamesAreRefused(name: String) {
        #expect(throws: NodeAgentError.self) { try ImageReference.source(of: name, allowsLocalArchives: true) }
    }

    private func blueprint(_ security: SecurityContext?, change: (inout ContainerBlueprint) -> Void = { _ in }) -> RuntimeSpec {
        var container = Container()
        container.securityContext = security
        var value = ContainerBlueprint(
            container: container, image: ImageConfiguration(imageID: "", rootPath: "/"), rootPath: "/r", environment: [],
            arguments: ["a"], user: .init(uid: 0, gid: 0), networkNamespace: "/n", cgroupsPath: "/c", oomScoreAdjustment: 0)
        change(&value)
        return SpecBuilder.spec(value)
    }

    @Test func securityContextBecomesTheSpecification() {
        let plain = blueprint(nil)
        #expect(plain.process.capabilities?.bounding == SpecBuilder.defaultCapabilities.sorted())
        #expect(!plain.process.noNewPrivileges && plain.linux.maskedPaths != nil && plain.linux.seccomp == nil)
        let few = blueprint(
            SecurityContext(allowPrivilegeEscalation: false, capabilities: Capabilities(add: ["NET_ADMIN"], drop: ["ALL"])))
        #expect(few.process.capabilities?.bounding == ["CAP_NET_ADMIN"])
        #expect(few.process.noNewPrivileges)
        #expect(!SpecBuilder.capabilities(SecurityContext(capabilities: Capabilities(drop: ["CHOWN"]))).contains("CAP_CHOWN"))
        let all = blueprint(SecurityContext(privileged: true))
        #expect(all.process.capabilities?.effective.contains("CAP_SYS_ADMIN") ?? false)
        #expect(all.linux.maskedPaths == nil && all.linux.resources.devices?.first?.allow == true)
        #expect(blueprint(SecurityContext(procMount: "Unmasked")).linux.maskedPaths == nil)
        #expect(blueprint(SecurityContext(seccompProfile: SeccompProfile(type: "RuntimeDefault"))).linux.seccomp != nil)
        let tuned = blueprint(nil) {
            $0.podSecurity = PodSecurityContext(sysctls: [Sysctl(name: "net.core.somaxconn", value: "7")])
        }
        #expect(tuned.linux.sysctl?["net.core.somaxconn"] == "7")
    }

    @Test func namespacesFollowThePod() {
        let types = { (spec: RuntimeSpec) in spec.linux.namespaces.map(\.type) }
        #expect(types(blueprint(nil)) == ["mount", "pid", "ipc", "network", "uts"])
        #expect(
            types(
                blueprint(nil) {
                    $0.sharesHostProcesses = true
                    $0.sharesHostIPC = true
                    $0.networkNamespace = nil
                }) == ["mount"])
    }

    @Test func resourcesBecomeCgroupSettings() {
        let spec = blueprint(nil) {
            $0.container.resources = ResourceRequirements(
                limits: ["cpu": Quantity(milli: 500), "memory": .bytes(1 << 20)], requests: ["cpu": Quantity(milli: 250)])
        }
        #expect(spec.linux.resources.cpu == .init(shares: 256, quota: 50_000, period: 100_000))
        #expect(spec.linux.resources.memory == .init(limit: 1 << 20, swap: 1 << 20))
    }

    @Test func rootIsRefusedWhereItMustNotBe() throws {
        let image = ImageConfiguration(imageID: "", rootPath: "/")
        var pod = shellPod("p", "true") { $0.spec.securityContext = PodSecurityContext(runAsNonRoot: true) }
        #expect(throws: NodeAgentError.self) {
            try ContainerUserResolver.user(of: pod.spec.containers[0], pod: pod, image: image)
        }
        pod.spec.containers[0].securityContext = SecurityContext(runAsNonRoot: true, runAsUser: 7)
        #expect(try ContainerUserResolver.user(of: pod.spec.containers[0], pod: pod, image: image).uid == 7)
        #expect(ContainerUserResolver.lookUp("daemon", in: "root:x:0:0::/:\ndaemon:x:1:2::/:")?.id == 1)
        #expect(ContainerUserResolver.lookUp("12", in: "")?.id == 12)
        #expect(ContainerUserResolver.lookUp("nobody", in: "") == nil)
    }

    @Test func mountPropagationBecomesAnOption() throws {
        let pod = shellPod("p", "true")
        var volume = Volume()
        volume.hostPath = HostPathVolumeSource(path: "/x")
        let store = VolumeStore(layout: DiskLayout(root: "/nowhere"))
        for (mode, option) in [(nil, "rprivate"), ("HostToContainer", "rslave"), ("Bidirectional", "rshared")] {
            var mount = VolumeMount(mountPath: "/m", name: "")
            mount.mountPropagation = mode
            #expect(try store.mount(mount, of: volume, in: pod, variables: [:]).options == ["rbind", option, "rw"])
        }
        #expect(throws: NodeAgentError.self) {
            try store.mount(VolumeMount(mountPath: "/m", name: "", subPath: "../y"), of: volume, in: pod, variables: [:])
        }
    }

    /// Links that lead out by every way, and those that stay within.
    @Test func subPathsStayWithinTheirVolume() throws {
        let folder = "/tmp/apus-subpath-\(UUID().uuidString)"
        defer { Files.remove(folder) }
        let volume = folder + "/volume"
        try Files.makeDirectory(volume + "/inside")
        try Files.makeDirectory(folder + "/outside")
        for (name, target) in [
            ("absolute", folder + "/outside"), ("relative", "../outside"), ("dangling", folder + "/outside/none"),
            ("upwards", "inside/../../outside"), ("loop", "loop"), ("within", "inside"), ("fresh", "inside/fresh"),
            ("named", volume + "/inside"), ("twice", "within/../relative"),
        ] as [(String, String)] {
            #expect(symlink(target, volume + "/" + name) == 0)
        }
        try Files.write([], to: volume + "/inside/file")
        for wanted in [
            "/etc", "..", "inside/../..", "absolute", "absolute/x", "relative", "relative/x/y", "dangling", "dangling/x",
            "upwards",
            "loop", "twice", "inside/file/x",
        ] {
            #expect(throws: NodeAgentError.self, "\(wanted)") { try SubPath.resolve(wanted, in: volume) }
        }
        #expect(Files.list(folder + "/outside") == [], "nothing was made outside")
        for (wanted, path) in [
            ("inside", "/inside"), ("within", "/inside"), ("within/file", "/inside/file"), ("named/file", "/inside/file"),
            ("fresh", "/inside/fresh"), ("new/./deep", "/new/deep"),
        ] {
            #expect(try SubPath.resolve(wanted, in: volume) == volume + path, "\(wanted)")
        }
        #expect(Files.isDirectory(volume + "/new/deep") && Files.isDirectory(volume + "/inside/fresh"))
    }

    @Test func hostPathTypesAreChecked() throws {
        let folder = "/tmp/apus-hostpath-\(UUID().uuidString)"
        defer { Files.remove(folder) }
        func check(_ path: String, _ type: String?) throws { try HostPaths.check(HostPathVolumeSource(path: path, type: type)) }
        #expect(throws: NodeAgentError.self) { try check(folder, "Directory") }
        try check(folder, "DirectoryOrCreate")
        try check(folder, "Directory")
        try check(folder + "/f", "FileOrCreate")
        try check(folder + "/f", "File")
        try check("/dev/null", "CharDevice")
        for (path, type) in [
            (folder, "File"), (folder + "/f", "Directory"), (folder, "Socket"), (folder, "BlockDevice"), (folder, "Odd"),
        ] {
            #expect(throws: NodeAgentError.self, "\(path) \(type)") { try check(path, type) }
        }
    }

    @Test func whatIsHiddenCoversTheDataDirectory() {
        let places = HiddenPlaces.places(dataDirectory: "/srv/node", extra: ["/tmp/x", "/secret"]).map(\.path)
        #expect(places.contains("/srv/node") && places.contains("/secret") && places.contains("/root"))
        #expect(!places.contains("/tmp/x"), "within a hidden place")
    }

    @Test func taintsAreReadAsKubectlWritesThem() {
        #expect(NodeDescription.taint("a=b:NoSchedule") == Taint(effect: "NoSchedule", key: "a", value: "b"))
        #expect(NodeDescription.taint("a:NoExecute") == Taint(effect: "NoExecute", key: "a"))
        #expect(NodeDescription.taint("a=b:Never") == nil)
        #expect(NodeDescription.taint("a") == nil)
    }
}

import Foundation
import KubernetesTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import NodeAgent

/// Images that are brought to the node, and what is said when they cannot be.
@Suite(.serialized)
struct ImageTests {
    /// An image with a shell in it, in an OCI layout on disk.
    private func makeImage(_ folder: String) async throws -> String {
        try Files.makeDirectory(folder + "/root/bin")
        let shell = URL(fileURLWithPath: "/bin/sh").resolvingSymlinksInPath().path
        let libraries = try await Command(program: "ldd", arguments: [shell]).check().output
        for line in libraries.split(separator: "\n") {
            guard let path = line.split(whereSeparator: \.isWhitespace).first(where: { $0.hasPrefix("/") }).map(String.init)
            else { continue }
            try Files.makeDirectory(folder + "/root" + (path as NSString).deletingLastPathComponent)
            let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            try FileManager.default.copyItem(atPath: real, toPath: folder + "/root" + path)
        }
        try FileManager.default.copyItem(atPath: shell, toPath: folder + "/root/bin/sh")
        let layout = folder + "/layout"
        for arguments in [
            ["init", "--layout", layout], ["new", "--image", layout + ":1"],
            ["insert", "--image", layout + ":1", folder + "/root", "/"],
            [
                "config", "--image", layout + ":1", "--config.entrypoint", "/bin/sh", "--config.entrypoint", "-c", "--config.cmd",
                "echo from-image $FROM; pwd", "--config.env", "FROM=it", "--config.workingdir", "/bin",
            ],
        ] {
            try await Command(program: "umoci", arguments: arguments).check()
        }
        return "oci:\(layout):1"
    }

    @Test func pullPolicyDecides() async throws {
        try await TestNode.with { node in
            let image = try await makeImage(node.configuration.dataDirectory + "/image")
            func pod(_ name: String, _ policy: String) -> Pod {
                shellPod(name, "") {
                    $0.spec.containers[0].command = nil
                    $0.spec.containers[0].image = image
                    $0.spec.containers[0].imagePullPolicy = policy
                }
            }
            await node.cluster.create(pod("never", "Never"))
            try await node.wait("never", "refused") { $0.main?.state?.waiting?.reason == "ErrImageNeverPull" }
            let first = await node.cluster.create(pod("first", "IfNotPresent"))
            let status = try await node.wait("first", "done") { $0.phase == "Succeeded" }
            #expect(node.log(first) == ["from-image it", "/bin"])
            #expect(status.main?.imageID.hasPrefix("sha256:") ?? false)
            let pulls = await node.cluster.events.count { $0.reason == "Pulling" }
            await node.cluster.create(pod("second", "IfNotPresent"))
            try await node.wait("second", "done") { $0.phase == "Succeeded" }
            #expect(await node.cluster.events.count { $0.reason == "Pulling" } == pulls)
            await node.cluster.create(pod("third", "Always"))
            try await node.wait("third", "done") { $0.phase == "Succeeded" }
            #expect(await node.cluster.events.count { $0.reason == "Pulling" } == pulls + 1)
        }
    }

    @Test func unusedImagesGoWhenTheDiskIsScarce() async throws {
        var always = ImageCollection()
        // Any disk is fuller than that.
        (always.highPercent, always.lowPercent, always.minimumAgeSeconds) = (0, 0, 0)
        let rules = always
        try await TestNode.with(change: { $0.imageCollection = rules }) { node in
            let image = try await makeImage(node.configuration.dataDirectory + "/image")
            let pod = shellPod("p", "") {
                $0.spec.containers[0].command = ["/bin/sh", "-c", "read line"]
                $0.spec.containers[0].image = image
                $0.spec.containers[0].imagePullPolicy = "IfNotPresent"
                $0.spec.containers[0].stdin = true
            }
            await node.cluster.create(pod)
            try await node.wait("p", "running") { $0.main?.state?.running != nil }
            let path = try #require(await node.context.images.present(image)?.rootPath)
            let collector = ImageCollector(context: node.context)
            let shortfall = await collector.collect()
            #expect(shortfall?.reason == "FreeDiskSpaceFailed")
            #expect(Files.isDirectory(path), "a running container's image stays")
            await node.cluster.delete("p")
            try await node.waitUntil("the pod is gone") { await node.cluster.pod("p") == nil }
            _ = await collector.collect()
            #expect(!Files.exists(path))
            #expect(await node.context.images.present(image) == nil)
            // It comes again when it is wanted again.
            await node.cluster.create(
                shellPod("again", "true") {
                    $0.spec.containers[0].image = image
                    $0.spec.containers[0].command = ["/bin/sh", "-c", "exit 0"]
                    $0.spec.containers[0].imagePullPolicy = "IfNotPresent"
                })
            try await node.wait("again", "done") { $0.phase == "Succeeded" }
        }
    }

    @Test func anImageNobodyHasEndsInAReasonAndBackoff() async throws {
        try await TestNode.with { node in
            await node.cluster.create(
                shellPod("none", "true") { $0.spec.containers[0].image = "127.0.0.1:1/nobody/has:this" })
            try await node.wait("none", "refused") { $0.main?.state?.waiting?.reason == "ErrImagePull" }
            let status = try await node.wait("none", "in back-off") { $0.main?.state?.waiting?.reason == "ImagePullBackOff" }
            #expect(status.main?.state?.waiting?.message?.contains("cannot be reached") ?? false)
            await node.cluster.create(shellPod("odd", "true") { $0.spec.containers[0].image = "Not An Image" })
            try await node.wait("odd", "refused") { $0.main?.state?.waiting?.reason == "InvalidImageName" }
            await node.cluster.create(shellPod("typo", "true") { $0.spec.containers[0].command = ["/no/such/program"] })
            let typo = try await node.wait("typo", "failed") { $0.phase == "Failed" }
            #expect(typo.main?.state?.terminated?.reason == "StartError")
            #expect(typo.main?.state?.terminated?.message?.contains("/no/such/program") ?? false)
        }
    }

    @Test func pullSecretsReachTheRegistry() async throws {
        let seen = Mutex<[String]>([])
        let registry = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        let port = try #require(registry.channel.localAddress?.port)
        let serving = Task {
            try await registry.executeThenClose { connections in
                for try await connection in connections {
                    try? await connection.executeThenClose { inbound, outbound in
                        for try await case .head(let head) in inbound {
                            let known = head.headers.first(name: "authorization")
                            if let known { seen.withLock { $0.append(known) } }
                            var headers = HTTPHeaders([("Content-Length", "0")])
                            if known == nil { headers.add(name: "WWW-Authenticate", value: "Basic realm=\"test\"") }
                            try await outbound.write(
                                .head(
                                    .init(version: .http1_1, status: known == nil ? .unauthorized : .notFound, headers: headers)))
                            try await outbound.write(.end(nil))
                        }
                    }
                }
            }
        }
        defer { serving.cancel() }
        try await TestNode.with {
            $0.insecureRegistries = ["127.0.0.1:\(port)"]
        } _: { node in
            let auth = "{\"auths\":{\"127.0.0.1:\(port)\":{\"auth\":\"\(Data("me:secret".utf8).base64EncodedString())\"}}}"
            await node.cluster.put(
                Secret(
                    data: [".dockerconfigjson": Base64Data(utf8: auth)], metadata: ObjectMeta(name: "pull", namespace: "default"))
            )
            await node.cluster.create(
                shellPod("private", "true") {
                    $0.spec.containers[0].image = "127.0.0.1:\(port)/team/app:1"
                    $0.spec.imagePullSecrets = [LocalObjectReference(name: "pull")]
                })
            try await node.wait("private", "refused") { $0.main?.state?.waiting?.reason == "ErrImagePull" }
            let expected = "Basic " + Data("me:secret".utf8).base64EncodedString()
            #expect(seen.withLock { $0.contains(expected) })
        }
    }
}

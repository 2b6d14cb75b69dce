import ApusTesting
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Prometheus

/// Debian's Prometheus on a free port of loopback, with its own data folder, and a page that it scrapes.
final class RealPrometheus: Sendable {
    let client: PrometheusClient
    private let process: Process
    private let folder: String
    private let page: any Channel
    private let pagePort: Int

    private init(process: Process, folder: String, client: PrometheusClient, page: any Channel, pagePort: Int) {
        (self.process, self.folder, self.client, self.page, self.pagePort) = (process, folder, client, page, pagePort)
    }

    static func start(metrics: @escaping @Sendable (String?) -> (contentType: String, body: String)) async throws
        -> RealPrometheus
    {
        let page = try await serve(metrics)
        let pagePort = try #require(page.localAddress?.port)
        let folder = NSTemporaryDirectory() + "/apus-prometheus-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Targets come over HTTP, as they do in `apus up`: the page's server answers for them too.
        var configuration = PrometheusConfiguration(
            discoveryURL: "http://127.0.0.1:\(pagePort)/targets", scrapeInterval: .milliseconds(200),
            discoveryInterval: .milliseconds(200))
        configuration.externalLabels = ["cluster": "a \"quoted\" name"]
        try configuration.yaml.write(toFile: "\(folder)/prometheus.yml", atomically: true, encoding: .utf8)
        let port = try Machine.freePorts(1)[0]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Machine.program("prometheus"))
        process.arguments = PrometheusConfiguration.arguments(
            configurationFile: "\(folder)/prometheus.yml", dataDirectory: "\(folder)/data", listenAddress: "127.0.0.1:\(port)")
        let log = "\(folder)/log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: log)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let client = try PrometheusClient(address: "http://127.0.0.1:\(port)")
        let started = RealPrometheus(process: process, folder: folder, client: client, page: page, pagePort: pagePort)
        try await eventually("Prometheus is ready") { await client.isReady() }
        return started
    }

    func stop() async throws {
        process.terminate()
        process.waitUntilExit()
        try await page.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Stops the program where it is: connections are accepted by the kernel and nothing answers.
    func freeze() async throws {
        kill(process.processIdentifier, SIGSTOP)
        // The signal is on its way; what is running may still answer until it has arrived.
        try await eventually("Prometheus is stopped") {
            let stat = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
            return stat.split(separator: ")").last?.split(separator: " ").first == "T"
        }
    }

    func thaw() { kill(process.processIdentifier, SIGCONT) }

    private static func serve(
        _ metrics: @escaping @Sendable (String?) -> (contentType: String, body: String)
    ) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(PageHandler(metrics))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }
}

private final class PageHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let metrics: @Sendable (String?) -> (contentType: String, body: String)

    init(_ metrics: @escaping @Sendable (String?) -> (contentType: String, body: String)) {
        self.metrics = metrics
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        var answer = metrics(head.headers["Accept"].joined(separator: ","))
        if head.uri == "/targets" {
            let port = context.channel.localAddress?.port ?? 0
            answer = ("application/json", #"[{"targets":["127.0.0.1:\#(port)"],"labels":{"job":"shop"}}]"#)
        }
        let headers = HTTPHeaders([("Content-Type", answer.contentType), ("Content-Length", "\(answer.body.utf8.count)")])
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

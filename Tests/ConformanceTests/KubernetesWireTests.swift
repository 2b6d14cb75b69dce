import APIServer
import ApusTesting
import Foundation
import Testing

/// Replays recorded exchanges with an upstream API server. The recordings lie beside the checkout, or in APUS_RECORDINGS.
///
/// `Fixtures/differences.txt` names every exchange that is not claimed, with the reason; all others have to match.
struct KubernetesWireTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func recordings() throws -> URL {
        let named = ProcessInfo.processInfo.environment["APUS_RECORDINGS"]
        let path = named ?? root.deletingLastPathComponent().appending(path: "shared/data/kubernetes-wire").path
        return try Machine.file(
            path, remedy: "put the recorded exchanges there, or name their folder in APUS_RECORDINGS")
    }

    private func unclaimed() throws -> Set<String> {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/differences.txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Set(
            lines.flatMap { line -> [String] in
                let words = line.split(separator: " ")
                guard words.count >= 2 else { return [] }
                return words[1].split(separator: ",").map { "\(words[0]) step \($0)" }
            })
    }

    @Test(.timeLimit(.minutes(15))) func everyClaimedExchangeMatches() async throws {
        let recordings = try Self.recordings()
        let tokens = FileManager.default.temporaryDirectory.appending(path: "apus-tokens-\(UUID().uuidString).csv")
        try "admintoken,admin,admin,\"system:masters\"\nviewtoken,viewer,viewer,\"viewers\"\n".write(
            to: tokens, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: tokens) }
        var configuration = APIServer.Configuration()
        configuration.port = 0
        configuration.tokenFile = tokens.path
        let server = APIServer(configuration: configuration)
        let running = Task { try await server.run() }
        defer { running.cancel() }
        let port = try await server.ready().port
        let output = try await replay(recordings, port: port)
        #expect(output.contains(" exchanges match"))
        let prefix = "differs: "
        let differing = output.split(separator: "\n").filter { $0.hasPrefix(prefix) }.compactMap { line in
            line.dropFirst(prefix.count).split(separator: " (").first.map(String.init)
        }
        let broken = Set(differing).subtracting(try unclaimed()).sorted()
        #expect(broken.isEmpty, "claimed exchanges that no longer match: \(broken.joined(separator: "; "))")
    }

    private func replay(_ recordings: URL, port: Int) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [
                "python3", recordings.appending(path: "replay.py").path, "--server", "https://127.0.0.1:\(port)",
            ]
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            DispatchQueue.global().async {
                do {
                    try process.run()
                    let data = pipe.fileHandleForReading.readDataToEndOfFile()
                    process.waitUntilExit()
                    continuation.resume(returning: String(decoding: data, as: UTF8.self))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}

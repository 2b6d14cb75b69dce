import ApusTesting
import Foundation
import Testing

/// kill -9 loses nothing that was acknowledged.
struct KillTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test(.timeLimit(.minutes(3))) func nothingAcknowledgedIsLost() async throws {
        let binary = try Machine.builtProgram(checkout: Self.root)
        let directory = FileManager.default.temporaryDirectory.appending(path: "apus-kill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let script = Self.root.appending(path: "Tests/ConformanceTests/Fixtures/kill.py").path
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script, binary.path, directory.path, "4"]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(output)")
        #expect(output.contains("nothing lost"), "\(output)")
    }
}

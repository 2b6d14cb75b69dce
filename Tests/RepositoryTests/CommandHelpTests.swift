import Foundation
import Testing

/// Every command that people type shows examples of itself.
@Suite struct CommandHelpTests {
    @Test func commandsHaveExamples() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL
        let folder = root.appending(path: "Sources/apus/Commands")
        var without: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() where name.hasSuffix(".swift") {
            // What runs in training pods is called by the operator only.
            guard name != "AgentCommand.swift" else { continue }
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            for command in text.split(separator: "CommandConfiguration(").dropFirst() {
                let declared = command.prefix(2000)
                guard let match = declared.firstMatch(of: /commandName: "(\w+)"/) else { continue }
                if !declared.contains("Examples:") { without.append(String(match.output.1)) }
            }
        }
        #expect(without == [])
    }
}

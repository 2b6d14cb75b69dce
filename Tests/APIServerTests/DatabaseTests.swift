import Foundation
import KubernetesTypes
import Testing

@testable import APIServer

/// The database on disks that are full and files that are damaged.
struct DatabaseTests {
    private func withDirectory(_ body: (URL) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "apus-database-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body(directory)
    }

    private func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private func makeCore(_ store: ObjectStore) async throws -> APIServerCore {
        var tokens = TokenFile()
        tokens.add("admin", UserInfo(name: "admin", groups: ["system:masters"]))
        let core = try APIServerCore(
            configuration: APIServerCore.Configuration(), store: store, tokens: tokens, signer: TokenSigner())
        try await Bootstrapper(core: core).run()
        return core
    }

    private func send(_ core: APIServerCore, _ method: String, _ path: String, _ body: JSONValue? = nil) async -> (
        status: Int, body: JSONValue
    ) {
        let response = await core.respond(
            to: APIRequest(
                method: method, target: path, headers: [("Authorization", "Bearer admin"), ("Content-Type", "application/json")],
                body: body.map { JSONSerializer.bytes($0) } ?? []))
        guard case .bytes(let bytes) = response.body else { return (response.status, .null) }
        return (response.status, (try? JSONParser.parse(bytes)) ?? .null)
    }

    private func configMap(_ name: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)],
            "data": ["k": .string(String(repeating: "x", count: 60_000))],
        ]
    }

    private static let configMaps = "/api/v1/namespaces/default/configmaps"

    /// On a small file system of its own: writes are refused while it is full, and succeed once something was taken away.
    @Test(.timeLimit(.minutes(2))) func aFullDiskIsSaidAndRecoversByItself() async throws {
        try await withDirectory { directory in
            try #require(
                try run("/usr/bin/env", ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", directory.path]) == 0,
                "this test needs to mount a small file system")
            defer { _ = try? run("/usr/bin/env", ["umount", "-l", directory.path]) }
            let ballast = directory.appending(path: "ballast")
            try Data(count: 1_500_000).write(to: ballast)
            let path = directory.appending(path: "state.db").path
            let store = try ObjectStore(persistence: SQLitePersistence(path: path))
            defer { store.close() }
            let core = try await makeCore(store)
            let start = store.revision
            var acknowledged: Set<String> = []
            var refusal: (status: Int, body: JSONValue)?
            for index in 0..<200 where refusal == nil {
                let answer = await send(core, "POST", Self.configMaps, configMap("c\(index)"))
                if answer.status == 201 { acknowledged.insert("c\(index)") } else { refusal = answer }
            }
            #expect(!acknowledged.isEmpty)
            let refused = try #require(refusal, "the file system never became full")
            #expect(refused.status == 507)
            let message = refused.body["message"]?.string ?? ""
            #expect(message.contains("Free some space") && message.contains(path), "\(message)")

            // Reads and watches go on.
            let list = await send(core, "GET", Self.configMaps)
            #expect(Set(list.body["items"]?.array?.compactMap { $0["metadata"]?["name"]?.string } ?? []) == acknowledged)
            let resource = ResourceName(group: "", resource: "configmaps")
            #expect(store.events(resource, after: start, limit: 1000)?.events.count == acknowledged.count)

            try FileManager.default.removeItem(at: ballast)
            for index in 0..<5 {
                #expect(await send(core, "POST", Self.configMaps, configMap("later\(index)")).status == 201)
                acknowledged.insert("later\(index)")
            }
            store.close()
            let reopened = try ObjectStore(persistence: SQLitePersistence(path: path))
            defer { reopened.close() }
            #expect(Set(reopened.objects(resource).objects.map(\.name)) == acknowledged)
        }
    }

    private func makeDatabase(_ directory: URL) async throws -> URL {
        let file = directory.appending(path: "state.db")
        let store = try ObjectStore(persistence: SQLitePersistence(path: file.path))
        let core = try await makeCore(store)
        for index in 0..<20 { #expect(await send(core, "POST", Self.configMaps, configMap("c\(index)")).status == 201) }
        store.close()
        return file
    }

    private func failure(_ file: URL) -> DatabaseFailure? {
        do {
            let store = try ObjectStore(persistence: SQLitePersistence(path: file.path))
            store.close()
            return nil
        } catch {
            return error as? DatabaseFailure
        }
    }

    @Test func damageIsSaidWithTheFileAndWhatToDo() async throws {
        try await withDirectory { directory in
            let file = try await makeDatabase(directory)
            let whole = try Data(contentsOf: file)
            #expect(failure(file) == nil)

            try whole.prefix(whole.count / 2).write(to: file)
            let truncated = try #require(failure(file))
            #expect(truncated.code == .damaged)
            #expect(truncated.description.contains(file.path) && truncated.description.contains("move"))

            var scribbled = whole
            scribbled.replaceSubrange(0..<64, with: Data(repeating: 0x2A, count: 64))
            try scribbled.write(to: file)
            #expect(failure(file)?.code == .notADatabase)

            // A byte of an object's text: SQLite does not notice it, we do.
            var flipped = whole
            let text = try #require(flipped.range(of: Data(#""managedFields""#.utf8)))
            flipped[text.lowerBound] = 0
            try flipped.write(to: file)
            let broken = try #require(failure(file))
            #expect(broken.code == .damaged && broken.cause.contains("is not JSON"), "\(broken)")
        }
    }
}

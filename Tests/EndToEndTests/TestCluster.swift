import ApusTesting
import Foundation
import Synchronization

/// A cluster of `apus up` with its own folder, ports, bridge and addresses, driven by `kubectl` as a person would.
final class TestCluster: Sendable {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL.path
    private static let made = Mutex(0)

    let data: String
    private let program: String
    /// A second file system below the data folder, unmounted at the end.
    private let mount: String?

    var tickets: String { "\(data)/examples/data" }
    var store: String { "\(data)/artifacts" }
    let gateway: String

    /// - Parameter storeMegabytes: gives the artifact store a file system of its own, of this size.
    init(storeMegabytes: Int? = nil) throws {
        let number = Self.made.withLock { made in
            made += 1
            return made
        }
        let process = Int(ProcessInfo.processInfo.processIdentifier)
        // Bridge and addresses cannot be asked for as ports can.
        let slot = (process * 2 + number) % 100
        let ports = try Machine.freePorts(5)
        gateway = "http://127.0.0.1:\(ports[1])"
        program = try Machine.builtProgram(checkout: URL(filePath: Self.root)).path
        data = "/var/lib/apus-test-\(process)-\(number)"
        try FileManager.default.createDirectory(atPath: "\(data)/examples", withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: "\(Self.root)/manifests/examples/tickets/data", toPath: "\(data)/examples/data")
        mount = storeMegabytes == nil ? nil : "\(data)/artifacts"
        if let mount, let storeMegabytes {
            try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
            try Command.run("mount", "-t", "tmpfs", "-o", "size=\(storeMegabytes)m", "apus-test", mount)
        }
        try Command.run(
            program, "up", "--detach", "--data", data, "--port", "\(ports[0])", "--gateway-port", "\(ports[1])",
            "--prometheus-port", "\(ports[2])", "--kubelet-port", "\(ports[3])", "--dns-port", "\(ports[4])",
            "--bridge", "apt\(slot)", "--pod-cidr", "10.\(130 + slot).0.0/17", "--service-cidr", "10.\(130 + slot).128.0/17",
            "--scrape-interval", "1s")
    }

    func stop() {
        _ = try? Command.run(program, "down", "--data", data)
        if let mount { _ = try? Command.run("umount", mount) }
        _ = try? Command.run(program, "down", "--data", data, "--purge")
        try? FileManager.default.removeItem(atPath: data)
    }

    /// Kills `apus up`, and starts it as a person would: all that it was told is kept in its folder.
    func crashAndStartAgain() throws {
        try Command.run("kill", "-KILL", try process())
        try Command.run(program, "up", "--detach", "--data", data)
    }

    // MARK: The program

    /// What `apus status` says; nil where it says that something is wrong.
    func healthy() -> String? { try? Command.run(program, "status", "--data", data) }

    /// The process of `apus up`.
    func process() throws -> String {
        let status = try Command.run(program, "status", "--data", data)
        return status.split(separator: "process ").dropFirst().first.map { String($0.prefix { $0.isNumber }) } ?? ""
    }

    // MARK: kubectl

    @discardableResult
    func kubectl(_ arguments: String...) throws -> String { try kubectl(arguments) }

    @discardableResult
    func kubectl(_ arguments: [String]) throws -> String {
        try Command.run(["kubectl", "--kubeconfig", "\(data)/kubeconfig"] + arguments)
    }

    /// A field of an object, empty where it is not there.
    func get(_ object: String, _ path: String) throws -> String { try kubectl("get", object, "-o", "jsonpath=\(path)") }

    func message(_ object: String, _ condition: String) throws -> String {
        try get(object, "{.status.conditions[?(@.type==\"\(condition)\")].message}")
    }

    func reason(_ object: String, _ condition: String) throws -> String {
        try get(object, "{.status.conditions[?(@.type==\"\(condition)\")].reason}")
    }

    /// Applies manifests, in which `DATA` is the folder of the tickets' data and `FILES` that of files that jobs may name.
    @discardableResult
    func apply(_ manifest: String) throws -> String {
        let file = "\(data)/manifest.yaml"
        try filled(manifest).write(toFile: file, atomically: true, encoding: .utf8)
        return try kubectl("apply", "-f", file)
    }

    func filled(_ manifest: String) -> String {
        manifest.replacing("DATA", with: tickets).replacing("FILES", with: "\(data)/examples")
            .replacing("STORE", with: "file://\(store)")
    }

    /// Waits as a person would: `condition=Ready`, or `jsonpath={.status.phase}=Stable`.
    func wait(_ object: String, for what: String, minutes: Int) throws {
        do {
            try kubectl("wait", object, "--for=\(what)", "--timeout=\(minutes)m")
        } catch {
            throw CommandFailure(description: "\(error)\n\(story(of: object))")
        }
    }

    /// What a person would look at when something does not come.
    func story(of object: String) -> String {
        let state = (try? kubectl("describe", object)) ?? ""
        let all = (try? kubectl("get", "pods,tjob,mver,promo,infer,drift", "-o", "wide")) ?? ""
        let log = (try? String(contentsOfFile: "\(data)/apus.log", encoding: .utf8)) ?? ""
        return "\(state)\n\(all)\n\(log.suffix(4000))"
    }
}

/// Runs programs.
enum Command {
    @discardableResult
    static func run(_ arguments: String...) throws -> String { try run(arguments) }

    /// - Returns: what the program wrote to standard output.
    /// - Throws: ``CommandFailure`` with all that it wrote when it does not end well.
    @discardableResult
    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        // A file, so that neither stream can fill up and stop the program while the other one is read.
        let complaints = FileManager.default.temporaryDirectory.appending(path: "apus-test-\(UUID().uuidString)")
        try Data().write(to: complaints)
        defer { try? FileManager.default.removeItem(at: complaints) }
        process.standardError = try FileHandle(forWritingTo: complaints)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let complaint = (try? String(contentsOf: complaints, encoding: .utf8)) ?? ""
            throw CommandFailure(
                description: "\(arguments.joined(separator: " ")) ended with \(process.terminationStatus): \(text)\(complaint)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

struct CommandFailure: Error, CustomStringConvertible { var description: String }

import Foundation

/// Gives the Authorization header of the next request.
///
/// Tokens in files are read again once a minute, because the kubelet replaces them well before they expire; programs are
/// asked again when what they gave has expired, or when the server refused it.
actor CredentialSource {
    private let credential: ConnectionConfiguration.Credential
    private let time: any TimeSource
    private var cached: (value: String, until: Date?)?
    private var readAt: Duration?

    init(_ credential: ConnectionConfiguration.Credential, time: any TimeSource) {
        self.credential = credential
        self.time = time
    }

    func authorization() throws -> String? {
        switch credential {
        case .none:
            return nil
        case .token(let token):
            return "Bearer \(token)"
        case .basic(let username, let password):
            return "Basic " + Data("\(username):\(password)".utf8).base64EncodedString()
        case .tokenFile(let path):
            let uptime = time.uptime()
            if let cached, let readAt, uptime - readAt < .seconds(60) { return cached.value }
            do {
                let token = try String(contentsOfFile: path, encoding: .utf8)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                cached = ("Bearer \(token)", nil)
                readAt = uptime
                return cached?.value
            } catch {
                // A file that is being replaced is better served by the last token than by none.
                if let cached { return cached.value }
                throw ConfigurationError(.credentials, "cannot read the token file \(path)", cause: error)
            }
        case .program(let program):
            if let cached, cached.until.map({ time.now() < $0 }) ?? true { return cached.value }
            let issued = try CredentialProgram(program).run()
            cached = ("Bearer \(issued.token)", issued.expires)
            return cached?.value
        }
    }

    /// Forgets what the server refused with 401. True when asking again can give another answer.
    func refused() -> Bool {
        switch credential {
        case .tokenFile, .program:
            guard cached != nil else { return false }
            cached = nil
            return true
        default: return false
        }
    }
}

/// Runs a client-go credential plugin and reads the ExecCredential that it prints.
struct CredentialProgram {
    private let program: Kubeconfig.Exec

    init(_ program: Kubeconfig.Exec) {
        self.program = program
    }

    private struct Answer: Decodable {
        struct Status: Decodable {
            var token: String?
            var expirationTimestamp: String?
        }
        var status: Status?
    }

    func run() throws -> (token: String, expires: Date?) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program.command] + (program.args ?? [])
        var environment = ProcessInfo.processInfo.environment
        for variable in program.env ?? [] { environment[variable.name] = variable.value }
        let version = program.apiVersion ?? "client.authentication.k8s.io/v1"
        environment["KUBERNETES_EXEC_INFO"] =
            #"{"kind":"ExecCredential","apiVersion":"\#(version)","spec":{"interactive":false}}"#
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        let text: Data
        do {
            try process.run()
            text = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
        } catch {
            throw ConfigurationError(.credentials, "cannot run the credential program \(program.command)", cause: error)
        }
        guard process.terminationStatus == 0 else {
            let hint = program.installHint.map { ": \($0)" } ?? ""
            throw ConfigurationError(
                .credentials, "the credential program \(program.command) ended with code \(process.terminationStatus)\(hint)")
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: text), let token = answer.status?.token else {
            throw ConfigurationError(.credentials, "the credential program \(program.command) printed no token")
        }
        let expires = answer.status?.expirationTimestamp.flatMap { try? Date($0, strategy: .iso8601) }
        return (token, expires)
    }
}

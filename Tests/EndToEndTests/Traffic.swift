import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Customers of a service: requests at a steady pace through the gateway, until stopped. Nothing is tried again, so that whatever
/// is lost shows.
actor Traffic {
    struct Report {
        var answered = 0
        /// What went wrong with requests that got no prediction.
        var failures: [String] = []
        /// Versions in the order in which they first answered.
        var versions: [String] = []
    }

    private let url: URL
    private let pause: Duration
    private let batch: Int
    private var texts: [String]
    private var next = 0
    private(set) var report = Report()
    private var task: Task<Void, Never>?

    /// - Parameters:
    ///   - service: the service's stable address.
    ///   - batch: messages in a request.
    init(service: String, model: String, file: String, requestsPerSecond: Double, batch: Int = 1) throws {
        guard let url = URL(string: "\(service)/v1/models/\(model):predict") else {
            throw CommandFailure(description: "\(service) is no address")
        }
        self.url = url
        self.batch = batch
        pause = .seconds(1 / requestsPerSecond)
        texts = try Self.texts(file)
    }

    func start() {
        task = Task {
            var time = ContinuousClock.now
            while !Task.isCancelled {
                await send()
                time = max(time + pause, ContinuousClock.now)
                // The pace of customers; nothing is waited for.
                try? await ContinuousClock().sleep(until: time)
            }
        }
    }

    /// From now on other messages come.
    func change(to file: String) throws {
        texts = try Self.texts(file)
        next = 0
    }

    func stop() async -> Report {
        task?.cancel()
        await task?.value
        return report
    }

    private func send() async {
        let instances = (0..<batch).map { texts[(next + $0) % texts.count] }
        next += batch
        do {
            var request = URLRequest(url: url, timeoutInterval: 60)
            request.httpMethod = "POST"
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            request.httpBody = try JSONSerialization.data(withJSONObject: ["instances": instances])
            // A request of its own task is finished even when the traffic is stopped meanwhile.
            let question = request
            let (body, response) = try await Task { try await URLSession.shared.data(for: question) }.value
            let answer = try JSONSerialization.jsonObject(with: body) as? [String: Any]
            guard (response as? HTTPURLResponse)?.statusCode == 200, let version = answer?["model_version"] as? String,
                (answer?["predictions"] as? [Any])?.count == batch
            else { return report.failures.append(String(decoding: body.prefix(300), as: UTF8.self)) }
            report.answered += 1
            if !report.versions.contains(version) { report.versions.append(version) }
        } catch {
            report.failures.append("\(error)")
        }
    }

    /// The first column of a CSV file, as RFC 4180 has it.
    static func texts(_ path: String) throws -> [String] {
        var rows: [String] = []
        var field = ""
        var column = 0
        var isQuoted = false
        var characters = try String(contentsOfFile: path, encoding: .utf8).makeIterator()
        var pending = characters.next()
        while let character = pending {
            pending = characters.next()
            switch character {
            case "\"" where isQuoted && pending == "\"":
                pending = characters.next()
                if column == 0 { field.append("\"") }
            case "\"": isQuoted.toggle()
            case ",": if isQuoted { if column == 0 { field.append(",") } } else { column += 1 }
            case "\n" where !isQuoted:
                rows.append(field)
                (field, column) = ("", 0)
            default: if column == 0 { field.append(character) }
            }
        }
        return Array(rows.dropFirst())
    }
}

import ArgumentParser
import Embedded
import Foundation

/// `apus predict`: asks a service, with a text or a file of them.
struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Asks an InferenceService, through the gateway.",
        discussion: """
            Examples:
              apus predict tickets "My parcel has not come and nobody answers."
              apus predict tickets --file traffic.csv --rate 10 --count 200
            """)

    @Argument(help: "Name of the InferenceService.", completion: Completion.named("infer"))
    var service: String

    @Argument(help: "Texts to classify.")
    var texts: [String] = []

    @Option(help: "CSV file with a column of texts; from the top again when it is used up.")
    var file: String?

    @Option(help: "Column of the texts in the file.")
    var column = "text"

    @Option(help: "How many texts of the file are sent. [default: all, once]")
    var count: Int?

    @Option(help: "Texts a second.")
    var rate = 20.0

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if texts.isEmpty, file == nil { throw ValidationError("Give texts, or a --file with them.") }
        if rate <= 0 { throw ValidationError("--rate must be above 0.") }
    }

    func run() async throws {
        try await connection.use { cluster in
            let type = try await cluster.type(named: "inferenceservices.apus.dev")
            let object = try await cluster.get(type, service, namespace: connection.namespace).value
            let url = try ClusterConnection.field(".status.url", of: object)
            guard !url.isEmpty else {
                throw EmbeddedError(.notRunning, "\(service) has no address yet; apus get infer tells why")
            }
            let named = try ClusterConnection.field(".spec.model.name", of: object)
            let model = named.isEmpty ? service : named
            let client = PredictionClient(service: url, model: model)
            for text in texts {
                let answer = try await client.predict(text)
                Terminal.say(
                    "\(Terminal.padded(answer.label, 12)) \(String(format: "%.3f", answer.score))  \(answer.modelVersion)  \(text)"
                )
            }
            if let file { try await send(fileTexts(file), client) }
        }
    }

    private func fileTexts(_ path: String) throws -> [String] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(path) does not exist, or cannot be read.")
        }
        let rows = CSV.parse(String(decoding: data, as: UTF8.self))
        guard let header = rows.first, let index = header.firstIndex(of: column), rows.count > 1 else {
            throw ValidationError("\(path) has no column \"\(column)\" with texts in it.")
        }
        return rows.dropFirst().compactMap { $0.indices.contains(index) ? $0[index] : nil }
    }

    private func send(_ all: [String], _ client: PredictionClient) async throws {
        var labels: [String: Int] = [:]
        var versions: [String: Int] = [:]
        var times: [Duration] = []
        var failures = 0
        let start = ContinuousClock.now
        let total = count ?? all.count
        for index in 0..<total {
            try await Task.sleep(until: start + .seconds(Double(index) / rate), clock: .continuous)
            do {
                let answer = try await client.predict(all[index % all.count])
                labels[answer.label, default: 0] += 1
                versions[answer.modelVersion, default: 0] += 1
                times.append(answer.took)
            } catch {
                failures += 1
                if failures == 1 { FileHandle.standardError.write(Data("apus: \(error)\n".utf8)) }
            }
        }
        func listed(_ counts: [String: Int]) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        }
        times.sort()
        let median = times.isEmpty ? "-" : Terminal.seconds(times[times.count / 2])
        Terminal.say("\(total) texts: \(listed(labels)); answered by \(listed(versions)); median \(median); \(failures) failed")
        if failures == total, total > 0 { throw ExitCode(1) }
    }
}

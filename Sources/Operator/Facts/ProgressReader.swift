import ApusAPI
import AsyncHTTPClient
import Foundation
import KubernetesClient
import KubernetesTypes
import NIOCore
import Synchronization

/// Asks the agent of a job's first replica for the trainer's progress, at most every two seconds a job.
final class ProgressReader: Sendable {
    private struct Entry {
        var time: Duration
        var reading: TrainingProgressReading?
    }

    private static let shortestInterval = Duration.seconds(2)

    private let http: HTTPClient
    private let time: any TimeSource
    private let entries = Mutex<[String: Entry]>([:])

    init(http: HTTPClient, time: any TimeSource) {
        self.http = http
        self.time = time
    }

    func read(_ pods: [Pod], of job: TrainingJob) async -> TrainingProgressReading? {
        guard job.status?.phase?.isFinished != true, let pod = newestRunning(pods), let address = pod.status?.podIP else {
            entries.withLock { $0[job.uid] = nil }
            return nil
        }
        let now = time.uptime()
        if let entry = entries.withLock({ $0[job.uid] }), now - entry.time < Self.shortestInterval { return entry.reading }
        let reading = await ask(address)
        entries.withLock { $0[job.uid] = Entry(time: now, reading: reading) }
        return reading
    }

    private func newestRunning(_ pods: [Pod]) -> Pod? {
        pods.filter { pod in
            pod.status?.phase == "Running" && pod.metadata.labels?["apus.dev/rank"] == "0"
                && pod.status?.containerStatuses?.first { $0.name == "agent" }?.state?.running != nil
        }.max { ($0.metadata.creationTimestamp ?? Timestamp()) < ($1.metadata.creationTimestamp ?? Timestamp()) }
    }

    private func ask(_ address: String) async -> TrainingProgressReading? {
        let host = address.contains(":") ? "[\(address)]" : address
        do {
            let response = try await http.execute(
                HTTPClientRequest(url: "http://\(host):8085/progress"), timeout: .milliseconds(1500))
            guard response.status == .ok else { return nil }
            let body = try await response.body.collect(upTo: 1 << 20)
            return try JSONParser.parse(body.readableBytesView).decode()
        } catch {
            // The agent may still be starting; the next look asks again.
            return nil
        }
    }
}

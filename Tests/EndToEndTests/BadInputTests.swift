import Foundation
import Testing

/// What people get wrong, on a running cluster: each mistake ends in a message of `kubectl apply`, or in a condition with a reason and
/// what to do, an event of the same name and no more attempts than make sense; nothing that went well before is harmed by it.
@Suite(.serialized) struct BadInputTests {
    @Test(.timeLimit(.minutes(40)))
    func everyMistakeIsToldAndHarmsNothing() throws {
        let cluster = try TestCluster(storeMegabytes: 1500)
        defer { cluster.stop() }
        let process = try cluster.process()
        try cluster.kubectl("apply", "-f", "\(TestCluster.root)/manifests/runtimes/huggingface.yaml")
        try BadFiles.write(to: "\(cluster.data)/examples", tickets: cluster.tickets)
        try serveSomethingGood(cluster)
        let bundles = try BadBundles(store: cluster.store, good: cluster.get("mver/good-1", "{.spec.artifact.digest}"))

        // All at once, as they would come.
        let started = ContinuousClock.now
        for row in BadInput.table { try apply(row, bundles, cluster) }
        for row in BadInput.table { try told(row, cluster) }
        print("\(BadInput.table.count) mistakes were told in \(started.duration(to: .now))")
        try eventsTellTheStory(cluster)
        try failedPodsKeepTheirLogs(cluster)
        try prometheusThatHangs(cluster)
        try fullDisk(cluster)
        try deletionOfWhatIsServed(cluster)

        try noneWasTriedAgain(cluster)
        #expect(try bundles.damagedSince() == [], "no bundle was lost or changed")
        #expect(try cluster.process() == process, "apus up is the process it was")
        let status = try #require(cluster.healthy())
        #expect(!status.contains("started again"), "no part had to be started again: \(status)")
    }

    private func serveSomethingGood(_ cluster: TestCluster) throws {
        try cluster.apply(BadInput.goodJobs)
        for job in ["good", "lstm"] { try cluster.wait("tjob/\(job)", for: "jsonpath={.status.phase}=Succeeded", minutes: 10) }
        try cluster.apply(Manifests.service("good"))
        try cluster.wait("infer/good", for: "condition=Ready", minutes: 5)
        try answers(cluster)
    }

    private func answers(_ cluster: TestCluster) throws {
        let url = try cluster.get("infer/good", "{.status.url}")
        let answer = try Command.run(
            "curl", "-sS", "--fail-with-body", "\(url)/v1/models/good:predict", "-d", #"{"instances":["Where is it?"]}"#)
        #expect(answer.contains("good-1"), "\(answer)")
    }

    // MARK: The table

    private func apply(_ row: BadInput, _ bundles: BadBundles, _ cluster: TestCluster) throws {
        let manifest = bundles.filled(row.manifest).replacing("GATEWAY", with: cluster.gateway)
        switch row.outcome {
        case .told: try cluster.apply(manifest)
        case .refused(let words):
            let refusal = #expect(throws: CommandFailure.self, "\(row.name) is refused") { try cluster.apply(manifest) }
            for word in words {
                #expect(refusal?.description.contains(word) == true, "\(row.name): \(refusal?.description ?? "")")
            }
        }
    }

    private func told(_ row: BadInput, _ cluster: TestCluster) throws {
        guard case .told(let reason, let words) = row.outcome else { return }
        do {
            try cluster.wait(row.object, for: "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=\(reason)", minutes: 5)
        } catch {
            Issue.record("\(row.name): no \(reason): \(error)")
            return
        }
        let message = try cluster.message(row.object, "Ready")
        for word in words {
            let wanted = word.replacing("GATEWAY", with: cluster.gateway)
            #expect(message.contains(wanted), "\(row.name) lacks \"\(wanted)\": \(message)")
        }
        #expect(message.count > 20, "\(row.name): \(message)")
        if let phase = row.phase { #expect(try cluster.get(row.object, "{.status.phase}") == phase, "\(row.name)") }
    }

    /// The conditions are what is; the events are what happened, and `kubectl describe` shows both.
    private func eventsTellTheStory(_ cluster: TestCluster) throws {
        let events = try cluster.kubectl(
            "get", "events", "-o", "jsonpath={range .items[*]}{.involvedObject.name} {.type} {.reason}{\"\\n\"}{end}")
        let told = Set(events.split(separator: "\n"))
        for row in BadInput.table {
            guard case .told(let reason, _) = row.outcome, !["Registered", "Measuring"].contains(reason) else { continue }
            let name = row.object.split(separator: "/").last ?? ""
            #expect(told.contains("\(name) Warning \(reason)"), "\(row.name) has no event \(reason)")
        }
    }

    private func failedPodsKeepTheirLogs(_ cluster: TestCluster) throws {
        #expect(try cluster.kubectl("logs", "missing-column-1-0", "-c", "trainer").contains("no column 'klass'"))
        for attempt in 1...2 {
            #expect(try cluster.kubectl("logs", "always-dies-\(attempt)-0", "-c", "trainer").contains("giving up"))
        }
        let described = try cluster.kubectl("describe", "tjob/missing-column")
        #expect(described.contains("Stalled") && described.contains("AttemptStarted") && described.contains("TrainerFailed"))
    }

    private func noneWasTriedAgain(_ cluster: TestCluster) throws {
        let attempts = try cluster.kubectl(
            "get", "tjob", "-o", "jsonpath={range .items[*]}{.metadata.name} {.status.attempt}{\"\\n\"}{end}")
        let made = Dictionary(
            attempts.split(separator: "\n").map { line in
                let words = line.split(separator: " ")
                return ("tjob/\(words[0])", words.count > 1 ? Int(words[1]) ?? 0 : 0)
            }, uniquingKeysWith: max)
        for row in BadInput.table where row.object.hasPrefix("tjob/") {
            #expect(made[row.object, default: 0] == row.attempts, "\(row.name) made \(made[row.object, default: 0]) attempts")
        }
        // Monitors that cannot measure start nothing.
        #expect(try cluster.kubectl("get", "tjob", "-l", "apus.dev/drift-monitor", "-o", "name").isEmpty)
    }

    // MARK: Prometheus

    /// While Prometheus does not answer, monitors say so and start nothing; when it does again, they go on.
    private func prometheusThatHangs(_ cluster: TestCluster) throws {
        let prometheus = try Command.run("pgrep", "-f", "prometheus --config.file=\(cluster.data)/prometheus/")
        try Command.run("kill", "-STOP", prometheus)
        defer { _ = try? Command.run("kill", "-CONT", prometheus) }
        let reason = "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}"
        try cluster.wait("drift/nobody-asks", for: "\(reason)=PrometheusUnreachable", minutes: 3)
        #expect(try cluster.message("drift/nobody-asks", "Ready").contains("nothing else is affected"))
        try answers(cluster)
        try Command.run("kill", "-CONT", prometheus)
        try cluster.wait("drift/nobody-asks", for: "\(reason)=Measuring", minutes: 3)
    }

    // MARK: A full disk

    /// What was trained waits until there is room, and is stored then: nothing is trained twice.
    private func fullDisk(_ cluster: TestCluster) throws {
        let free = try FileManager.default.attributesOfFileSystem(forPath: cluster.store)[.systemFreeSize] as? NSNumber
        let ballast = "\(cluster.store)/ballast"
        try Command.run("fallocate", "-l", "\((free?.intValue ?? 0) - (8 << 20))", ballast)
        try cluster.apply(
            BadInput.scriptJob("bulky", "head -c 30000000 /dev/urandom >/opt/ml/model/weights.bin", output: "bulky"))
        try cluster.wait("tjob/bulky", for: "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=StoreFull", minutes: 5)
        let message = try cluster.message("tjob/bulky", "Ready")
        #expect(message.contains("No space is left") && message.contains("tries again"), "\(message)")
        #expect(try cluster.get("tjob/bulky", "{.status.phase}") == "Publishing")
        try answers(cluster)

        try FileManager.default.removeItem(atPath: ballast)
        try cluster.wait("tjob/bulky", for: "jsonpath={.status.phase}=Succeeded", minutes: 5)
        #expect(try cluster.get("tjob/bulky", "{.status.attempt}") == "1")
        #expect(try cluster.get("tjob/bulky", "{.status.modelVersion}") == "bulky-1")
        #expect(try cluster.get("mver/bulky-1", "{.spec.artifact.digest}").hasPrefix("sha256:"))
    }

    // MARK: A version that is served

    private func deletionOfWhatIsServed(_ cluster: TestCluster) throws {
        let refusal = #expect(throws: CommandFailure.self) { try cluster.kubectl("delete", "mver/good-1", "--wait=false") }
        #expect(
            refusal?.description.contains("good-1 is in use by alias production, inferenceservice/good; move the alias") == true,
            "\(refusal?.description ?? "")")

        // Whoever takes the protection away gets a service that goes on and says what is wrong.
        try cluster.kubectl("delete", "validatingadmissionpolicybinding", "modelversions-in-use.apus.dev")
        try cluster.kubectl("delete", "mver/good-1", "--wait=false")
        try cluster.wait("mver/good-1", for: "condition=DeletionBlocked", minutes: 2)
        try cluster.kubectl("patch", "mver/good-1", "--type=merge", "-p", #"{"metadata":{"finalizers":null}}"#)
        try cluster.wait(
            "infer/good", for: "jsonpath={.status.conditions[?(@.type==\"Stalled\")].reason}=VersionNotFound", minutes: 2)
        let message = try cluster.message("infer/good", "Ready")
        #expect(message.contains("good-1 goes on serving"), "\(message)")
        #expect(try cluster.get("infer/good", "{.status.phase}") == "Degraded")
        try answers(cluster)
    }
}

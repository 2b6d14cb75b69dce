import Foundation
import Testing

/// The whole loop with the program, kubectl, runc and Prometheus as they are, on one cluster: a job trains on real messages, its
/// version is registered, promoted, served and answers; then three services with that bundle meet three fates at the same time.
///
/// `tickets` gets the second season's messages, notices, retrains on both seasons and promotes what came of it. `hasty` gets them
/// too and retrains on the second season alone: what came of it has forgotten the first one and is refused. `calm` goes on
/// with the first season's messages, and nothing happens.
@Suite(.serialized) struct LoopTests {
    @Test(.timeLimit(.minutes(80)))
    func trainServeDriftRetrainPromoteOrRefuse() async throws {
        let cluster = try TestCluster()
        defer { cluster.stop() }
        try cluster.kubectl("apply", "-f", "\(TestCluster.root)/manifests/runtimes/huggingface.yaml")
        try trainAndServe(cluster)

        let tickets = try traffic(cluster, "tickets", file: "traffic/season1.csv", requestsPerSecond: 6)
        let hasty = try traffic(cluster, "hasty", file: "traffic/season2.csv", requestsPerSecond: 2, batch: 3)
        let calm = try traffic(cluster, "calm", file: "traffic/season1.csv", requestsPerSecond: 2, batch: 3)
        for sender in [tickets, hasty, calm] { await sender.start() }
        try cluster.apply(Manifests.monitors)

        // Before the season changes, nothing is wrong.
        try cluster.wait("drift/tickets", for: "jsonpath={.status.phase}=Healthy", minutes: 5)
        #expect(try cluster.get("drift/tickets", "{.status.lastJob}").isEmpty)
        try await tickets.change(to: "\(cluster.tickets)/traffic/season2.csv")

        try promoted(cluster)
        try refused(cluster)
        try neverFired(cluster)
        for (name, sender) in [("tickets", tickets), ("hasty", hasty), ("calm", calm)] {
            let report = await sender.stop()
            #expect(report.failures.isEmpty, "\(name) lost requests: \(report.failures.prefix(3))")
            #expect(report.answered > 50)
            #expect(report.versions == (name == "tickets" ? ["tickets-1", "tickets-2"] : ["\(name)-1"]))
        }
        try deletionIsRefused(cluster)
        #expect(cluster.healthy() != nil)
    }

    // MARK: Train, register, serve, answer

    private func trainAndServe(_ cluster: TestCluster) throws {
        try FileManager.default.createDirectory(atPath: "\(cluster.data)/examples/both", withIntermediateDirectories: true)
        for season in ["season1", "season2"] {
            try FileManager.default.copyItem(
                atPath: "\(cluster.tickets)/\(season)/train.csv", toPath: "\(cluster.data)/examples/both/\(season).csv")
        }
        try cluster.apply(Manifests.firstJob)
        try cluster.apply(Manifests.service("tickets"))
        try crashMeanwhile(cluster)
        try cluster.wait("tjob/first", for: "jsonpath={.status.phase}=Succeeded", minutes: 20)
        #expect(try cluster.get("tjob/first", "{.status.modelVersion}") == "tickets-1")
        let digest = try cluster.get("mver/tickets-1", "{.spec.artifact.digest}")
        #expect(digest.hasPrefix("sha256:"))
        #expect(Double(try cluster.get("mver/tickets-1", "{.spec.metrics.test\\.macro_f1}")) ?? 0 > 0.4)

        // The same bundle under other names, registered by hand.
        for name in ["hasty", "calm"] {
            try cluster.apply(Manifests.registration(of: digest, as: name))
            try cluster.apply(Manifests.service(name))
        }
        for name in ["tickets", "hasty", "calm"] {
            try cluster.wait("infer/\(name)", for: "jsonpath={.status.phase}=Stable", minutes: 6)
            #expect(try cluster.get("mdl/\(name)", "{.status.aliases[0].version}") == "\(name)-1")
        }
        let url = try cluster.get("infer/tickets", "{.status.url}")
        let answer = try Command.run(
            "curl", "-sS", "--fail-with-body", "\(url)/v1/models/tickets:predict", "-d",
            #"{"instances":["Where is my parcel? It is three weeks late and nobody answers."]}"#)
        #expect(answer.contains("\"label\"") && answer.contains("tickets-1"), "\(answer)")
    }

    /// kill -9 of `apus up` while the first job trains: the same container goes on, once, and its log with it.
    private func crashMeanwhile(_ cluster: TestCluster) throws {
        let trainer = "{.status.containerStatuses[?(@.name==\"trainer\")].containerID}"
        try cluster.wait("tjob/first", for: "jsonpath={.status.progress.step}", minutes: 10)
        let container = try cluster.get("pod/first-1-0", trainer)
        try cluster.crashAndStartAgain()
        #expect(try cluster.get("pod/first-1-0", trainer) == container)
        try cluster.wait("tjob/first", for: "condition=Complete", minutes: 20)
        #expect(try cluster.get("tjob/first", "{.status.attempt}") == "1")
        #expect(try cluster.get("pod/first-1-0", trainer) == container)
        let log = try cluster.kubectl("logs", "first-1-0", "-c", "trainer")
        let steps = log.matches(of: /(?m)^step=(\d+)/).compactMap { Int($0.output.1) }
        // The trainer says where it is about once a second; begun again it would say smaller numbers.
        #expect(steps == steps.sorted() && steps.count > 2, "\(steps)")
        #expect(steps.last.map(String.init) == (try cluster.get("tjob/first", "{.status.progress.totalSteps}")))
    }

    private func traffic(
        _ cluster: TestCluster, _ service: String, file: String, requestsPerSecond: Double, batch: Int = 1
    ) throws -> Traffic {
        try Traffic(
            service: cluster.get("infer/\(service)", "{.status.url}"), model: service, file: "\(cluster.tickets)/\(file)",
            requestsPerSecond: requestsPerSecond, batch: batch)
    }

    // MARK: The three fates

    private func promoted(_ cluster: TestCluster) throws {
        try cluster.wait("drift/tickets", for: "jsonpath={.status.lastJob}=tickets-1", minutes: 5)
        #expect(try cluster.get("tjob/tickets-1", "{.spec.baseline.modelVersion}") == "tickets-1")
        #expect(
            try cluster.get("tjob/tickets-1", "{.metadata.annotations.apus\\.dev/reason}").contains("length"),
            "the job says what it was started for")
        try cluster.wait("drift/tickets", for: "jsonpath={.status.decision}", minutes: 30)
        let decision = try cluster.get("drift/tickets", "{.status.decision}")
        #expect(decision.hasPrefix("Promoted tickets-2: ") && Figures(decision).count == 4, "\(decision)")

        // The alias was moved by a Promotion that says why, and serving follows it.
        try cluster.wait("promo/tickets-2-by-tickets", for: "jsonpath={.status.phase}=Applied", minutes: 2)
        #expect(try cluster.get("mdl/tickets", "{.status.aliases[0].by}") == "tickets-2-by-tickets")
        #expect(try cluster.get("promo/tickets-2-by-tickets", "{.spec.requestedBy}") == "driftmonitor/tickets")
        #expect(decision.contains(try cluster.get("promo/tickets-2-by-tickets", "{.spec.reason}")))
        try cluster.wait("infer/tickets", for: "jsonpath={.status.servedVersion}=tickets-2", minutes: 5)
        try cluster.wait("infer/tickets", for: "jsonpath={.status.phase}=Stable", minutes: 2)
        #expect(try cluster.kubectl("get", "events").contains("VersionChanged"))
    }

    private func refused(_ cluster: TestCluster) throws {
        try cluster.wait("drift/hasty", for: "jsonpath={.status.decision}", minutes: 30)
        let decision = try cluster.get("drift/hasty", "{.status.decision}")
        #expect(decision.hasPrefix("Refused hasty-2: ") && decision.contains("It may lose at most 0.000 on old."), "\(decision)")
        let figures = Figures(decision)
        #expect(figures.count >= 4, "both versions' figures on both splits: \(decision)")
        // fresh of the candidate and of production, then old of both: it lost there.
        if figures.count >= 4 { #expect(figures[2] < figures[3]) }

        // Production is as it was, and drift that lasts starts no second job: the budget is one.
        #expect(try cluster.get("mdl/hasty", "{.status.aliases[0].version}") == "hasty-1")
        #expect(try cluster.get("infer/hasty", "{.status.servedVersion}") == "hasty-1")
        try cluster.wait(
            "drift/hasty", for: "jsonpath={.status.conditions[?(@.reason==\"BudgetExhausted\")].type}=Ready", minutes: 5)
        #expect(try jobs(cluster, of: "hasty") == ["hasty-1"])
        #expect(try cluster.get("drift/hasty", "{.status.retrains[*].outcome}") == "Refused")
        #expect(try cluster.kubectl("get", "events").contains("CandidateRefused"))
        #expect(try cluster.kubectl("get", "promo", "-o", "name").contains("hasty-2") == false)
    }

    private func neverFired(_ cluster: TestCluster) throws {
        // By now it was measured while the others acted, each time with enough of season one's messages in the window.
        try cluster.wait("drift/calm", for: "jsonpath={.status.phase}=Healthy", minutes: 5)
        let measured = Int(try cluster.get("drift/calm", "{.status.measurements}")) ?? 0
        #expect(measured >= 10)
        #expect(try cluster.get("drift/calm", "{.status.breaches}") == "0")
        let value = Double(try cluster.get("drift/calm", "{.status.readings[?(@.name==\"length\")].value}"))
        #expect((0..<0.35).contains(value ?? -1), "a reading below the threshold: \(value ?? -1)")
        #expect(Int(try cluster.get("drift/calm", "{.status.readings[?(@.name==\"length\")].samples}")) ?? 0 >= 100)
        #expect(try cluster.get("drift/calm", "{.status.lastJob}").isEmpty)
        #expect(try jobs(cluster, of: "calm").isEmpty)
        #expect(try cluster.kubectl("get", "mver", "-l", "apus.dev/model=calm", "-o", "name") == "modelversion.apus.dev/calm-1")
    }

    private func jobs(_ cluster: TestCluster, of monitor: String) throws -> [String] {
        try cluster.kubectl("get", "tjob", "-l", "apus.dev/drift-monitor=\(monitor)", "-o", "jsonpath={.items[*].metadata.name}")
            .split(separator: " ").map(String.init)
    }

    private func deletionIsRefused(_ cluster: TestCluster) throws {
        let refusal = #expect(throws: CommandFailure.self) { try cluster.kubectl("delete", "mver/tickets-2", "--wait=false") }
        #expect(refusal?.description.contains("is in use by alias production, inferenceservice/tickets") == true)
        #expect(try cluster.get("infer/tickets", "{.status.servedVersion}") == "tickets-2")

        try cluster.wait("mdl/tickets", for: "jsonpath={.status.usedBy[0]}=tickets", minutes: 1)
        let second = #expect(throws: CommandFailure.self) { try cluster.kubectl("delete", "mdl/tickets", "--wait=false") }
        #expect(second?.description.contains("tickets is in use by inferenceservice/tickets; delete the service") == true)
    }
}

/// The decimal fractions in a sentence, in order.
struct Figures: RandomAccessCollection {
    private let values: [Double]
    var startIndex: Int { values.startIndex }
    var endIndex: Int { values.endIndex }
    subscript(position: Int) -> Double { values[position] }

    init(_ sentence: String) { values = sentence.matches(of: /\d\.\d{3}/).compactMap { Double(sentence[$0.range]) } }
}

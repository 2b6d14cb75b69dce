import Foundation
import Logging

/// The parts that run, in the order of their start.
actor PartSet {
    private let settings: ClusterSettings
    private let logger: Logger
    private let report: @Sendable (EmbeddedCluster.Event) -> Void
    private var running: [RunningPart] = []
    private var state: ClusterState
    private var refresher: Task<Void, Never>?
    private var access: ClusterAccess?

    init(
        settings: ClusterSettings, startTime: Date, logger: Logger, report: @escaping @Sendable (EmbeddedCluster.Event) -> Void
    ) {
        self.settings = settings
        self.logger = logger
        self.report = report
        state = ClusterState(
            process: .current, phase: .starting, version: ProductVersion.current, startTime: startTime)
    }

    func start(_ part: any Part) async throws {
        let running = RunningPart(part, logger: logger)
        self.running.append(running)
        let start = ContinuousClock.now
        let detail: String
        do {
            detail = try await running.start(within: .seconds(60))
        } catch let error as CancellationError {
            throw error
        } catch let error as EmbeddedError {
            throw error
        } catch {
            throw EmbeddedError(.partFailed, "the \(part.name) cannot be started", cause: error)
        }
        report(.ready(part: part.name, detail: detail, took: ContinuousClock.now - start))
        await write(.starting)
    }

    /// Closes the parts' connections once all have stopped.
    func own(_ access: ClusterAccess) { self.access = access }

    /// Stops the last started first; the API server is the last that the others need.
    func stopAll() async {
        refresher?.cancel()
        for part in running.reversed() { await part.stop(within: .seconds(15)) }
        running = []
        await access?.closeClients()
    }

    /// Writes the state where other processes read it; once everything works, whenever a part's state changes.
    func write(_ phase: ClusterState.Phase, message: String? = nil) async {
        state.phase = phase
        state.message = message
        if phase == .ready, refresher == nil {
            refresher = Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    if Task.isCancelled { return }
                    await refresh()
                }
            }
        }
        state.parts = await describeParts()
        save()
    }

    private func refresh() async {
        let parts = await describeParts()
        guard parts != state.parts, !Task.isCancelled else { return }
        state.parts = parts
        save()
    }

    private func describeParts() async -> [ClusterState.PartState] {
        var parts: [ClusterState.PartState] = []
        for part in running {
            let (name, detail): (String, String)
            switch await part.state {
            case .starting: (name, detail) = ("Starting", "")
            case .ready(let text): (name, detail) = ("Ready", text)
            case .restarting(let reason): (name, detail) = ("Restarting", reason)
            case .stopped: (name, detail) = ("Stopped", "")
            }
            parts.append(.init(name: part.part.name, state: name, detail: detail, restarts: await part.restarts))
        }
        return parts
    }

    private func save() {
        do {
            try state.save(settings.paths)
        } catch {
            logger.warning("the state cannot be written", metadata: ["error": "\(error)"])
        }
    }
}

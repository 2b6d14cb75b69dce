import FoundationEssentials
import KubernetesTypes

extension APIServerCore {
    func watch(_ definition: ResourceDefinition, _ scope: RequestScope) throws(APIError) -> APIResponse {
        let form = try ContentNegotiation.form(scope.request, isWatch: true)
        let options = try ListOptions(scope.request, definition: definition, isWatch: true)
        let start: UInt64
        switch ListOptions.parseVersion(options.resourceVersion) {
        case .failure(let error): throw APIError(code: 500, reason: "", message: error.message)
        case .success(let revision): start = revision
        }
        let inclusion = try encoder(definition).includeObject(scope)
        guard watches.count < configuration.maximumWatches else {
            throw APIError(
                code: 429, reason: "TooManyRequests", message: "too many watches are open, please try again later.",
                details: ["retryAfterSeconds": 1], retryAfterSeconds: 1)
        }
        let watcher = Watcher(
            core: self, definition: definition, options: options,
            namespace: definition.isNamespaced && !scope.info.namespace.isEmpty ? scope.info.namespace : nil,
            singleName: scope.info.name.isEmpty ? nil : scope.info.name, start: start,
            formatter: WatchFormatter(encoder: encoder(definition), form: form, inclusion: inclusion))
        return APIResponse(
            status: 200, headers: [("Content-Type", "application/json")] + scope.warningHeaders,
            body: .stream { writer in try await watcher.run(writer) })
    }
}

/// One watch from its first event to its end.
struct Watcher: Sendable {
    /// Often enough that a client which reconnects finds its version in the history.
    static let bookmarkInterval = Duration.seconds(60)

    let core: APIServerCore
    let definition: ResourceDefinition
    let options: ListOptions
    let namespace: String?
    let singleName: String?
    let start: UInt64
    let formatter: WatchFormatter

    func run(_ writer: any APIResponseWriter) async throws {
        let signal = WatchSignal(namespace: namespace)
        let resource = definition.storageName
        core.store.subscribe(signal, to: resource)
        core.watches.add(signal, of: definition)
        defer {
            core.store.unsubscribe(signal, from: resource)
            core.watches.remove(signal)
        }
        let seconds = options.timeoutSeconds ?? Int64(1800 + Int(core.configuration.random() % 1800))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let timer = WatchTimer(signal: signal, sleep: core.configuration.sleep)
                await timer.run(seconds: seconds)
            }
            group.addTask {
                defer { signal.close() }
                try await stream(writer, signal)
            }
            // Whichever ends first ends the watch.
            try await group.next()
            signal.close()
            group.cancelAll()
        }
    }

    private func stream(_ writer: any APIResponseWriter, _ signal: WatchSignal) async throws {
        var formatter = formatter
        var cursor = start
        if options.sendsInitialEvents == true || (start == 0 && options.sendsInitialEvents != false) {
            cursor = try await sendState(writer, &formatter)
        } else if start == 0 {
            cursor = core.store.revision
        } else if start > core.store.revision {
            // A version that is not there yet: everything after it is news.
            cursor = start
        }
        if cursor < core.store.compactedRevision(definition.storageName) {
            try await writer.write(formatter.expired(cursor, oldest: core.store.compactedRevision(definition.storageName)))
            return
        }
        var lastBookmark = core.configuration.now()
        while !signal.isClosed, !Task.isCancelled {
            guard let batch = core.store.events(definition.storageName, after: cursor, limit: 256) else {
                try await writer.write(
                    formatter.expired(cursor, oldest: core.store.compactedRevision(definition.storageName)))
                return
            }
            var output: [UInt8] = []
            for event in batch.events {
                formatter.append(event, to: &output, selects: selects)
            }
            cursor = max(cursor, batch.through)
            let now = core.configuration.now()
            if options.allowsBookmarks, now.timeIntervalSince(lastBookmark) >= 55 {
                lastBookmark = now
                formatter.appendBookmark(cursor, endsInitialEvents: false, to: &output)
            }
            if !output.isEmpty { try await writer.write(output) }
            if cursor >= core.store.revision { await signal.wait() }
        }
    }

    private func sendState(_ writer: any APIResponseWriter, _ formatter: inout WatchFormatter) async throws -> UInt64 {
        let (objects, revision) = core.store.objects(definition.storageName)
        var output: [UInt8] = []
        for object in objects where selects(object) {
            formatter.appendAdded(object, to: &output)
            if output.count > 256 * 1024 {
                try await writer.write(output)
                output = []
            }
        }
        if options.sendsInitialEvents == true, options.allowsBookmarks {
            formatter.appendBookmark(revision, endsInitialEvents: true, to: &output)
        }
        // Even nothing is written, so that the head of the response leaves at once.
        try await writer.write(output)
        return revision
    }

    private func selects(_ object: StoredObject) -> Bool {
        if let namespace, object.namespace != namespace { return false }
        if let singleName, object.name != singleName { return false }
        return core.matches(object, options, definition)
    }
}

/// Wakes a watch for its bookmarks and ends it at its time.
struct WatchTimer: Sendable {
    let signal: WatchSignal
    let sleep: @Sendable (Duration) async throws -> Void

    func run(seconds: Int64) async {
        var remaining = Duration.seconds(seconds)
        while remaining > .zero, !signal.isClosed {
            let step = min(remaining, Watcher.bookmarkInterval)
            do { try await sleep(step) } catch { return }
            remaining -= step
            signal.notify()
        }
    }
}

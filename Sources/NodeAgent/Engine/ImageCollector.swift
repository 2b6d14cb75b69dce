import Foundation
import KubernetesTypes
import Logging

/// Looks at the disk now and then, and takes unused images away when it is scarce.
struct ImageCollector: Sendable {
    let context: NodeContext
    var rules: ImageCollection { context.configuration.imageCollection }

    /// Until cancelled.
    func run(tell: @Sendable (PodEvent) async -> Void) async {
        while !Task.isCancelled {
            if let shortfall = await collect() { await tell(shortfall) }
            try? await Task.sleep(for: .seconds(60))
        }
    }

    /// One look. - Returns: what to say where not enough could be freed.
    func collect() async -> PodEvent? {
        guard let space = Files.space(context.layout.images) else { return nil }
        let wanted = rules.bytesToFree(.init(freeBytes: space.free, totalBytes: space.total))
        let candidates = await context.images.candidates(inUse: imagesInUse(), now: context.now())
        var freed = 0
        for victim in rules.victims(candidates, freeing: wanted, now: context.now()) {
            // A container may have begun to need it since.
            guard await context.images.remove(victim, unless: { imagesInUse().contains($0) }) else { continue }
            freed += victim.sizeBytes
            context.log.info("removed an unused image", metadata: ["path": "\(victim.rootPath)", "bytes": "\(victim.sizeBytes)"])
        }
        guard wanted > freed else { return nil }
        return .warning(
            "FreeDiskSpaceFailed",
            "Failed to garbage collect required amount of images. Attempted to free \(wanted) bytes, but only found \(freed) "
                + "bytes eligible to free. Free space on the disk that holds \(context.layout.images).")
    }

    /// The ids of images on which a container runs or may yet be started, by the records on disk.
    private func imagesInUse() -> Set<String> {
        var result: Set<String> = []
        for uid in Files.list(context.layout.pods) {
            for name in Files.list(context.layout.containers(uid)) {
                for attempt in Files.list(context.layout.container(uid, name)).compactMap({ Int($0) }) {
                    let paths = context.layout.attempt(.init(podUID: uid, name: name, attempt: attempt))
                    guard !Files.exists(paths.finished), let record = Files.decode(AttemptRecord.self, from: paths.record)
                    else { continue }
                    result.insert(record.imageID)
                }
            }
        }
        return result
    }
}

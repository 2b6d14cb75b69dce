import ArtifactStore
import KubernetesClient
import Logging

/// Frees what interrupted uploads left in the artifact store, and content that no bundle lists. Bundles stay, whatever becomes of
/// the versions that name them.
struct StoreSweep: Sendable {
    private static let interval = Duration.seconds(3_600)
    /// An upload that takes longer than this is taken for interrupted.
    private static let leftoverSeconds = 86_400.0

    let store: any BundleStore
    let time: any TimeSource
    let logger: Logger

    func run() async throws {
        while true {
            do {
                if let freed = try await store.sweep(leftoversOlderThan: Self.leftoverSeconds), freed > 0 {
                    logger.info("freed content that no bundle lists", metadata: ["bytes": "\(freed)"])
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.warning("the artifact store was not swept", metadata: ["error": "\(error)"])
            }
            try await time.sleep(for: Self.interval)
        }
    }
}

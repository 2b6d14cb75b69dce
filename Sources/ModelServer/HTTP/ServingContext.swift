import Hummingbird
import Logging
import NIOCore

/// A request's context: Hummingbird's own, and the connection, to notice when the client leaves.
struct ServingContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

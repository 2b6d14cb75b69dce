extension Gateway {
    /// How a gateway listens and how patient it is.
    public struct Configuration: Sendable {
        /// An address to listen at.
        public struct Listener: Sendable, Hashable {
            public var host: String
            /// 0 lets the system choose.
            public var port: Int

            public init(host: String = "127.0.0.1", port: Int) {
                self.host = host
                self.port = port
            }
        }

        public var listeners: [Listener]
        /// A request body beyond this is refused with 413.
        public var maximumBodyBytes = 64 << 20
        /// A request body up to this is held, so that it can be sent again; beyond, it is streamed and sent once.
        public var replayableBodyBytes = 1 << 20
        /// A response of known length up to this is held until it is whole, so that a backend that dies in its middle costs
        /// nothing; others are streamed.
        public var heldResponseBytes = 256 << 10
        /// How often a request is tried in all.
        public var maximumTries = 3
        public var connectTimeout: Duration = .seconds(2)
        /// From the request's last byte to the response's first, in one try.
        public var tryTimeout: Duration = .seconds(60)
        /// A response that makes no progress for this long is given up.
        public var stallTimeout: Duration = .seconds(60)
        /// How long a request waits for a ready backend before it is answered with 503.
        public var waitForBackend: Duration = .seconds(2)
        /// A client that sends nothing for this long within a request gets 408, and between requests is disconnected.
        public var clientIdleTimeout: Duration = .seconds(75)
        /// A connection to a backend that is not used for this long is closed.
        public var backendIdleTimeout: Duration = .seconds(15)
        /// How long a shutdown waits for requests under way.
        public var drainTimeout: Duration = .seconds(30)
        /// Whether texts and answers are counted by the buckets of the version's reference profile.
        public var capturesDrift = true

        public init(listeners: [Listener] = [Listener(port: 8088)]) {
            self.listeners = listeners
        }
    }
}

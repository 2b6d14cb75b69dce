extension ModelServer {
    /// Where the model comes from.
    public enum Source: Sendable, Equatable {
        /// A directory in the Hugging Face layout; with a digest (`sha256:` and 64 hexadecimal digits), its files must be
        /// exactly those of that bundle.
        case directory(String, digest: String? = nil)
        /// A bundle in an artifact store, by the store's URI and the bundle's digest.
        case artifact(store: String, digest: String)
    }

    /// What a server is told when it starts.
    public struct Configuration: Sendable {
        public var source: Source
        /// The name in URLs and metrics.
        public var modelName: String
        /// The version in URLs, answers and metrics.
        public var modelVersion: String
        public var host = "0.0.0.0"
        /// 0 takes a free port; the server's `onListening` tells which.
        public var port = 8080
        /// Threads that compute. More than the container's CPUs only get into each other's way.
        public var threads = 2
        /// Cuts texts to this many tokens where tokenizer and model allow more.
        public var maximumTokens: Int?
        /// Tokens computed together at most; a longer single text is computed all the same.
        public var batchTokens = 4096
        /// Texts that may wait. Further requests are told to come back.
        public var queuedTexts = 1024
        /// Texts of one request.
        public var textsPerRequest = 512
        /// Bytes of one request's body.
        public var bodyBytes = 4 << 20
        /// How long the server goes on taking requests after it stopped being ready, so that whoever routes to it notices.
        public var drainDelay: Duration = .seconds(1)
        /// How long a connection may be silent outside of an answer being computed.
        public var idleTimeout: Duration = .seconds(75)
        /// Where the reason of a failed start is written, as Kubernetes reads it; nil writes none.
        public var terminationMessagePath: String? = "/dev/termination-log"

        public init(source: Source, modelName: String, modelVersion: String) {
            self.source = source
            self.modelName = modelName
            self.modelVersion = modelVersion
        }

        func validate() throws {
            func require(_ holds: Bool, _ message: String) throws {
                if !holds { throw ModelServerError(.invalidConfiguration, message) }
            }
            try require(!modelName.isEmpty, "The model name is empty.")
            try require(!modelVersion.isEmpty, "The model version is empty.")
            try require((0...65535).contains(port), "Port \(port) is not one: use 0 to 65535.")
            try require((1...256).contains(threads), "\(threads) threads cannot be: use 1 to 256.")
            try require(batchTokens > 0, "A batch needs at least one token.")
            try require(textsPerRequest > 0, "A request needs at least one text.")
            try require(
                queuedTexts >= textsPerRequest,
                "The queue holds \(queuedTexts) texts, fewer than the \(textsPerRequest) that one request may bring.")
            try require(bodyBytes > 0, "A body needs at least one byte.")
        }
    }
}

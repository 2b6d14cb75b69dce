/// Why an artifact could not be stored or read. The message names the file and says what to do.
public struct ArtifactStoreError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is, for callers that act on it.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// The URI, digest or name is not one.
        public static let invalidReference = Code(description: "InvalidReference")
        /// The store's or input's scheme is not served by this build.
        public static let unsupportedScheme = Code(description: "UnsupportedScheme")
        /// Nothing is stored under the digest, name or path.
        public static let notFound = Code(description: "NotFound")
        /// A file's content is not what its digest says.
        public static let digestMismatch = Code(description: "DigestMismatch")
        /// A file that the manifest lists is not there.
        public static let missingFile = Code(description: "MissingFile")
        /// A file is there that the manifest does not list.
        public static let unexpectedFile = Code(description: "UnexpectedFile")
        /// The manifest is not one, or lists what no bundle may hold.
        public static let invalidManifest = Code(description: "InvalidManifest")
        /// A path leaves the bundle, or a file is a link or a device.
        public static let unsafePath = Code(description: "UnsafePath")
        /// The directory to fetch into holds something else.
        public static let destinationNotEmpty = Code(description: "DestinationNotEmpty")
        /// No space is left, or a quota or size limit is reached.
        public static let diskFull = Code(description: "DiskFull")
        /// The directory changed while it was read.
        public static let changedWhileReading = Code(description: "ChangedWhileReading")
        /// The operating system refused access.
        public static let permissionDenied = Code(description: "PermissionDenied")
        /// Any other failure of the file system.
        public static let inputOutput = Code(description: "InputOutput")

        private init(description: String) {
            self.description = description
        }
    }

    public let code: Code
    /// A sentence or two a person can act on.
    public let message: String
    /// The file it is about, relative to the bundle where there is one.
    public let path: String?
    /// What the operating system or a parser said.
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, path: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.cause = cause
    }

    public var description: String {
        cause.map { "\(code): \(message) (\($0))" } ?? "\(code): \(message)"
    }
}

/// An error number of the operating system, with its text.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    public let number: Int32
    public let call: String

    public var description: String {
        "\(call): \(SystemCalls.text(of: number))"
    }
}

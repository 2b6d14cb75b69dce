/// Why drift cannot be measured. The message names the field or feature and says what would be right.
public struct DriftError: Error, Sendable, Equatable, CustomStringConvertible {
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// A reference profile breaks a rule of its format.
        public static let invalidReference = Code(description: "InvalidReference")
        /// The reference profile has no such feature.
        public static let unknownFeature = Code(description: "UnknownFeature")
        /// The method does not apply to this kind of feature.
        public static let unsupportedMethod = Code(description: "UnsupportedMethod")
        /// The two distributions are not over the same buckets.
        public static let bucketMismatch = Code(description: "BucketMismatch")
        /// A count is negative or not a number.
        public static let invalidCounts = Code(description: "InvalidCounts")

        private init(description: String) {
            self.description = description
        }
    }

    public let code: Code
    public let message: String
    /// The field of the reference profile, such as `features.confidence.edges[3]`.
    public let field: String?

    public init(_ code: Code, _ message: String, field: String? = nil) {
        self.code = code
        self.message = message
        self.field = field
    }

    public var description: String {
        "\(code): \(message)"
    }
}

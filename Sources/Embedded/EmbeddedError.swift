import Foundation

/// Why the embedded cluster could not do what was asked: a stable code, a sentence with what to do, what lay beneath.
public struct EmbeddedError: Error, Sendable, CustomStringConvertible {
    public struct Code: RawRepresentable, Hashable, Sendable {
        public var rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        /// Running pods needs root.
        public static let notPrivileged = Code(rawValue: "NotPrivileged")
        /// Programs that the cluster consists of are not installed.
        public static let missingPrograms = Code(rawValue: "MissingPrograms")
        /// Another program listens where a part should.
        public static let portInUse = Code(rawValue: "PortInUse")
        /// Another `apus up` works on the same data.
        public static let alreadyRunning = Code(rawValue: "AlreadyRunning")
        /// A setting makes no sense.
        public static let invalidSetting = Code(rawValue: "InvalidSetting")
        /// A part did not come up.
        public static let partFailed = Code(rawValue: "PartFailed")
        /// Files or folders could not be written or read.
        public static let fileAccess = Code(rawValue: "FileAccess")
        /// There is no cluster to talk to.
        public static let notRunning = Code(rawValue: "NotRunning")
        /// What was waited for did not come within the time given.
        public static let timedOut = Code(rawValue: "TimedOut")
        /// What was waited for cannot come any more.
        public static let outOfReach = Code(rawValue: "OutOfReach")
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { cause.map { "\(message): \(Self.text($0))" } ?? message }

    /// Foundation's errors of files describe themselves in terms of objects; what the system said is what helps.
    private static func text(_ cause: any Error) -> String {
        guard let error = cause as? CocoaError else { return "\(cause)" }
        guard let beneath = error.underlying as? POSIXError else { return error.localizedDescription }
        return String(cString: strerror(beneath.code.rawValue))
    }
}

/// What went wrong in the node agent: a stable code, a sentence for a person, and what lay beneath.
public struct NodeAgentError: Error, CustomStringConvertible, Sendable {
    /// A stable, short name; used as the `reason` of events and waiting states where one fits.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public var rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        static let commandFailed = Code(rawValue: "CommandFailed")
        static let commandMissing = Code(rawValue: "CommandMissing")
        static let commandTimedOut = Code(rawValue: "CommandTimedOut")
        static let createContainerConfig = Code(rawValue: "CreateContainerConfigError")
        static let createContainer = Code(rawValue: "CreateContainerError")
        static let startContainer = Code(rawValue: "StartError")
        static let sandbox = Code(rawValue: "FailedCreatePodSandBox")
        static let portForward = Code(rawValue: "PortForwardFailed")
        static let networkTaken = Code(rawValue: "NetworkTaken")
        static let mount = Code(rawValue: "FailedMount")
        static let imagePull = Code(rawValue: "ErrImagePull")
        static let imageNeverPull = Code(rawValue: "ErrImageNeverPull")
        static let invalidImageName = Code(rawValue: "InvalidImageName")
        static let diskFull = Code(rawValue: "DiskFull")
        static let notFound = Code(rawValue: "NotFound")
        static let notPrivileged = Code(rawValue: "NotPrivileged")
        static let invalid = Code(rawValue: "Invalid")
    }

    /// Which kind of failure this is.
    public var code: Code
    /// What happened and, where known, what to do.
    public var message: String
    /// The error beneath, if any.
    public var cause: (any Error)?

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message followed by its cause.
    public var description: String {
        guard let cause else { return "\(code.rawValue): \(message)" }
        return "\(code.rawValue): \(message): \(cause)"
    }
}

/// ModelServer: loads a model bundle and serves it over HTTP.
///
/// It answers the Open Inference Protocol v2, the shorter `:predict`, ground truth by `:feedback`, and the probes and
/// metrics of a Kubernetes pod. A bundle that is damaged, or that it cannot serve, is never served: the process ends
/// with a sentence in its termination message. See ``ModelServer/Configuration`` for what can be set.
public struct ModelServerError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong; stable, for programs.
    public enum Code: String, Sendable {
        /// The bundle, or a file in it, is not there or cannot be read.
        case bundleUnreadable = "BundleUnreadable"
        /// A file is not what its digest says.
        case bundleCorrupt = "BundleCorrupt"
        /// The bundle is whole but contradicts itself.
        case bundleInvalid = "BundleInvalid"
        /// The bundle holds a model that this server cannot run.
        case unsupportedArchitecture = "UnsupportedArchitecture"
        /// The settings contradict one another.
        case invalidConfiguration = "InvalidConfiguration"
    }

    public var code: Code
    /// One sentence for a person, naming the file.
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { "\(code.rawValue): \(message)" }
}

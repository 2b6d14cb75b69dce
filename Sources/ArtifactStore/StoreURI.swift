import Foundation

/// Where a store or an input is, as manifests write it.
public enum StoreURI: Sendable, Equatable, CustomStringConvertible {
    /// A path of this machine.
    case file(path: String)

    /// Parses `file:///absolute/path`. Other schemes that manifests may name are refused with
    /// ``ArtifactStoreError/Code/unsupportedScheme``.
    public init(_ text: String) throws {
        let shown = BundlePath.printable(text)
        guard let separator = text.range(of: "://") else {
            throw ArtifactStoreError(
                .invalidReference, "\"\(shown)\" is not a URI: write file:///absolute/path.")
        }
        let scheme = text[..<separator.lowerBound].lowercased()
        switch scheme {
        case "file":
            break
        case "s3", "gs", "hf", "http", "https":
            throw ArtifactStoreError(
                .unsupportedScheme,
                "\(scheme):// is not served by this build yet (\"\(shown)\"). Copy the data to a path and name it as file:///path."
            )
        default:
            throw ArtifactStoreError(
                .unsupportedScheme, "The scheme of \"\(shown)\" is unknown: write file:///absolute/path.")
        }
        let rest = String(text[separator.upperBound...])
        guard rest.hasPrefix("/") else {
            throw ArtifactStoreError(
                .invalidReference,
                "\"\(shown)\" names the host \"\(rest.prefix { $0 != "/" })\": a file URI has three slashes, file:///path.")
        }
        guard !rest.contains("?"), !rest.contains("#"), let path = rest.removingPercentEncoding, !path.utf8.contains(0)
        else {
            throw ArtifactStoreError(
                .invalidReference, "\"\(shown)\" is not a path: percent-encode the characters %, ? and #.")
        }
        let components = path.split(separator: "/")
        guard !components.contains(".."), !components.contains(".") else {
            throw ArtifactStoreError(.invalidReference, "\"\(shown)\" must be an absolute path without . and .. in it.")
        }
        self = .file(path: "/" + components.joined(separator: "/"))
    }

    public var description: String {
        switch self {
        case .file(let path):
            "file://" + (path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path)
        }
    }

    /// The store at this place.
    public func openStore() -> any BundleStore {
        switch self {
        case .file(let path): FileBundleStore(root: path)
        }
    }
}

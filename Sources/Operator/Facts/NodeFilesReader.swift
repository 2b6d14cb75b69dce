import Foundation
import Reconcilers

/// Looks at what training jobs name by `file:`, where the operator runs on the node that its pods run on.
enum NodeFilesReader {
    /// - Parameter allowedRoots: nothing outside of these is looked at.
    static func read(_ paths: [String], allowedRoots: [String]) -> [String: FileReading] {
        let realRoots = allowedRoots.map(resolved)
        let readings = paths.filter { FilePath.isInside($0, anyOf: allowedRoots) }.map { path in
            let real = resolved(path)
            return (path, FilePath.isInside(real, anyOf: realRoots) ? read(path) : .outside(real))
        }
        return Dictionary(readings, uniquingKeysWith: { first, _ in first })
    }

    private static func resolved(_ path: String) -> String {
        URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
    }

    private static func read(_ path: String) -> FileReading {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: path, isDirectory: &isFolder) else { return .missing }
        if isFolder.boolValue {
            // What cannot be listed is left for the pod to find out.
            return (try? files.contentsOfDirectory(atPath: path))?.isEmpty == true ? .empty : .present
        }
        let size = (try? files.attributesOfItem(atPath: resolved(path)))?[.size]
        return (size as? NSNumber)?.int64Value == 0 ? .empty : .present
    }
}

import Foundation
import Reconcilers

/// Looks at what training jobs name by `file:`, where the operator runs on the node that its pods run on.
enum NodeFilesReader {
    /// - Parameter allowedRoots: nothing outside of these is looked at.
    static func read(_ paths: [String], allowedRoots: [String]) -> [String: FileReading] {
        func isAllowed(_ path: String) -> Bool { allowedRoots.contains { path == $0 || path.hasPrefix($0 + "/") } }
        let readings = paths.filter(isAllowed).map { path in
            let real = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
            let roots = allowedRoots.map { URL(filePath: $0).resolvingSymlinksInPath().path(percentEncoded: false) }
            let stays = roots.contains { real == $0 || real.hasPrefix($0 + "/") }
            return (path, stays ? read(path) : .outside(real))
        }
        return Dictionary(readings, uniquingKeysWith: { first, _ in first })
    }

    private static func read(_ path: String) -> FileReading {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: path, isDirectory: &isFolder) else { return .missing }
        if isFolder.boolValue {
            // What cannot be listed is left for the pod to find out.
            return (try? files.contentsOfDirectory(atPath: path))?.isEmpty == true ? .empty : .present
        }
        let size = (try? files.attributesOfItem(atPath: URL(filePath: path).resolvingSymlinksInPath().path))?[.size]
        return (size as? NSNumber)?.int64Value == 0 ? .empty : .present
    }
}

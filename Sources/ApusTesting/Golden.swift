import Foundation

/// Compares a text with a file beside the test; with APUS_REWRITE_GOLDEN=1 the file is written instead.
///
/// - Parameters:
///   - name: the file's name in the folder `Fixtures` beside the test's own file.
///   - file: the path of the test's own file; leave it out.
/// - Returns: nil when they agree, and otherwise what differs, for the test to record.
public func difference(of text: String, fromGolden name: String, file: String = #filePath) -> String? {
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures")
    let path = folder.appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["APUS_REWRITE_GOLDEN"] == "1" {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: path)
            return nil
        } catch {
            return "cannot write \(path.path): \(error)"
        }
    }
    guard let data = try? Data(contentsOf: path) else {
        return "\(path.path) does not exist; APUS_REWRITE_GOLDEN=1 writes it"
    }
    let wanted = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let found = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard wanted != found else { return nil }
    let line = zip(wanted, found).prefix { $0 == $1 }.count
    let expected = line < wanted.count ? String(wanted[line]) : "<end>"
    let actual = line < found.count ? String(found[line]) : "<end>"
    return "\(name):\(line + 1): expected \"\(expected)\", found \"\(actual)\"; APUS_REWRITE_GOLDEN=1 accepts it"
}

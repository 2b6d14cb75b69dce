import Foundation

/// Data files as people have them.
enum BadFiles {
    static func write(to folder: String, tickets: String) throws {
        func put(_ name: String, _ data: Data) throws { try data.write(to: URL(filePath: "\(folder)/\(name)")) }
        func put(_ name: String, _ text: String) throws { try put(name, Data(text.utf8)) }

        try put("empty.csv", "")
        try FileManager.default.createDirectory(atPath: "\(folder)/nothing", withIntermediateDirectories: true)
        try put("header-only.csv", "text,label\n")
        try put("one-class.csv", "text,label\n" + String(repeating: "where is it,request\n", count: 9))
        try put("same-header.csv", "text,text,label\na,b,request\nc,d,comment\n")
        try put("new-label.csv", "text,label\nwell done,praise\nwhere is it,request\n")
        try put("latin1.csv", Data("text,label\nfine,request\nM".utf8) + [0xFC] + Data("ll,comment\n".utf8))
        try put("huge-line.csv", "text,label\n" + String(repeating: "x", count: 3_000_000) + ",request\nfine,comment\n")
        try put("swallowed.csv", "text,label\n\"never closed" + String(repeating: ",request\nfine", count: 200_000))
        try put("cut.parquet", Data("PAR1".utf8) + Data(repeating: 7, count: 400))

        // Enough to learn from in seconds.
        let rows = try String(contentsOfFile: "\(tickets)/season1/train.csv", encoding: .utf8).split(separator: "\n")
        let whole = rows.filter { row in row.filter { $0 == "\"" }.count.isMultiple(of: 2) && row.contains(",") }
        try put("few.csv", whole.prefix(61).joined(separator: "\n") + "\n")
    }
}

/// Bundles in a store that are not what they should be, and the checksums of all that is.
struct BadBundles {
    private let store: String
    private let good: String
    private let hostile: String
    private let truncated: String
    private let flipped: String
    private let sound: [String: String]

    /// - Parameter good: digest of a bundle that the store has.
    init(store: String, good: String) throws {
        self.store = store
        self.good = good
        let manifest = try String(contentsOfFile: Self.manifest(store, good), encoding: .utf8)
        let zeros = String(repeating: "0", count: 64)
        hostile = try Self.put(
            Data(#"{"files":[{"path":"../../etc/passwd","sha256":"\#(zeros)","size":1}],"schemaVersion":1}"#.utf8), in: store)

        // A manifest of which the end is lost, under the digest of the whole.
        let other = manifest.replacing("\"schemaVersion\":1", with: "\"schemaVersion\": 1")
        truncated = try Self.put(Data(other.utf8), in: store)
        try Data(other.utf8.prefix(other.utf8.count / 2)).write(to: URL(filePath: Self.manifest(store, truncated)))

        // Weights of its own, so that the good bundle keeps its.
        guard let entry = manifest.firstMatch(of: /"path":"model\.safetensors","sha256":"([0-9a-f]{64})"/) else {
            throw CommandFailure(description: "the bundle has no weights: \(manifest)")
        }
        let weights = String(entry.1)
        var bytes = try Data(contentsOf: URL(filePath: Self.blob(store, weights)))
        bytes[bytes.count - 1] ^= 1
        let own = try Self.checksum(bytes)
        try FileManager.default.createDirectory(atPath: "\(store)/blobs/\(own.prefix(2))", withIntermediateDirectories: true)
        flipped = try Self.put(Data(manifest.replacing(weights, with: own).utf8), in: store)
        bytes[bytes.count / 2] ^= 0x10
        try bytes.write(to: URL(filePath: Self.blob(store, own)))
        sound = try Self.checksums(store)
    }

    func filled(_ manifest: String) -> String {
        manifest.replacing("HOSTILE", with: hostile).replacing("TRUNCATED", with: truncated)
            .replacing("FLIPPED", with: flipped).replacing("DIGEST", with: good)
    }

    /// Files of the store that are gone or are not what they were.
    func damagedSince() throws -> [String] {
        let now = try Self.checksums(store)
        return sound.filter { now[$0.key] != $0.value }.map(\.key).sorted()
    }

    private static func checksums(_ store: String) throws -> [String: String] {
        let lines = try Command.run("find", "\(store)/blobs", "\(store)/manifests", "-type", "f", "-exec", "sha256sum", "{}", "+")
        return Dictionary(
            lines.split(separator: "\n").map { (String($0.dropFirst(66)), String($0.prefix(64))) }, uniquingKeysWith: { $1 })
    }

    private static func manifest(_ store: String, _ digest: String) -> String {
        let hexadecimal = digest.replacing("sha256:", with: "")
        return "\(store)/manifests/\(hexadecimal.prefix(2))/\(hexadecimal).json"
    }

    private static func blob(_ store: String, _ checksum: String) -> String { "\(store)/blobs/\(checksum.prefix(2))/\(checksum)" }

    private static func put(_ manifest: Data, in store: String) throws -> String {
        let checksum = try checksum(manifest)
        try FileManager.default.createDirectory(
            atPath: "\(store)/manifests/\(checksum.prefix(2))", withIntermediateDirectories: true)
        try manifest.write(to: URL(filePath: Self.manifest(store, checksum)))
        return "sha256:\(checksum)"
    }

    private static func checksum(_ bytes: Data) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "apus-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try bytes.write(to: file)
        return String(try Command.run("sha256sum", file.path).prefix(64))
    }
}

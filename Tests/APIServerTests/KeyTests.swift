import Foundation
import Testing

@testable import APIServer

/// Keys outlive the process, and no error makes new ones in their place.
struct KeyTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "apus-keys-\(UUID().uuidString)")

    private func file(_ name: String) -> URL { folder.appending(path: name) }

    private func failure(_ body: () throws -> Void) -> KeyFileFailure? {
        do {
            try body()
            return nil
        } catch {
            return error as? KeyFileFailure
        }
    }

    @Test func theAuthorityIsReadAgain() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let made = try ClusterCertificates(directory: folder).authority
        let read = try ClusterCertificates(directory: folder).authority
        #expect(read.certificate == made.certificate && read.key == made.key)
        let signer = try APIServer.signer(in: folder)
        #expect(try APIServer.signer(in: folder).publicKeyPEM == signer.publicKeyPEM)
        let mode = try FileManager.default.attributesOfItem(atPath: file("ca.key").path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                "ca.crt", "ca.key", "service-account.key",
            ])
    }

    @Test(arguments: ["ca.key", "ca.crt"])
    func halfAnAuthorityIsNotReplaced(missing: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try ClusterCertificates(directory: folder)
        try FileManager.default.removeItem(at: file(missing))
        let found = failure { _ = try ClusterCertificates(directory: folder) }
        #expect(found?.code == .incomplete)
        #expect(found?.message.contains(file(missing).path) == true)
        #expect(!FileManager.default.fileExists(atPath: file(missing).path))
    }

    /// A folder of the file's name cannot be read, not even by root.
    @Test(arguments: ["ca.key", "ca.crt", "service-account.key"], [false, true])
    func whatCannotBeUsedIsNotReplaced(name: String, isUnreadable: Bool) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try ClusterCertificates(directory: folder)
        _ = try APIServer.signer(in: folder)
        try FileManager.default.removeItem(at: file(name))
        if isUnreadable {
            try FileManager.default.createDirectory(at: file(name), withIntermediateDirectories: false)
        } else {
            try Data("nothing".utf8).write(to: file(name))
        }
        let found = failure {
            _ = try ClusterCertificates(directory: folder)
            _ = try APIServer.signer(in: folder)
        }
        #expect(found?.code == (isUnreadable ? .inaccessible : .damaged))
        #expect(found?.message.contains(file(name).path) == true)
    }

    /// What was read before a change must not be taken for what holds after it.
    @Test func aValueThatWasOvertakenIsNotKept() {
        let value = DerivedValue<Int>()
        let first = value.get {
            value.invalidate()
            return 1
        }
        #expect(first == 1)
        #expect(value.get({ 2 }) == 2)
        #expect(value.get({ 3 }) == 2, "kept while nothing changes")
        value.invalidate()
        #expect(value.get({ 4 }) == 4)
    }
}

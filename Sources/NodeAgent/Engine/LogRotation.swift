import Foundation
import Glibc

/// Keeps a running container's log from growing without end: one older file, and the shim told to open a new one.
enum LogRotation {
    static func rotate(path: String, control: String, above limit: Int) {
        var status = stat()
        guard stat(path, &status) == 0, Int(status.st_size) > limit else { return }
        guard rename(path, path + ".1") == 0 else { return }
        // The shim's control pipe: "2" asks it to open its log file anew.
        let descriptor = open(control, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            rename(path + ".1", path)
            return
        }
        defer { close(descriptor) }
        let message = Array("2 0 0\n".utf8)
        _ = message.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}

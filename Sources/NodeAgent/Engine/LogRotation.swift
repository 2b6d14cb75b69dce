import Glibc

/// Keeps a running container's log from growing without end: one older file, and the shim told to open a new one.
enum LogRotation {
    static func rotate(path: String, control: String, above limit: Int) {
        var status = stat()
        guard stat(path, &status) == 0, Int(status.st_size) > limit else { return }
        guard rename(path, path + ".1") == 0 else { return }
        if !ShimControl.reopenLog(control) { rename(path + ".1", path) }
    }
}

import Foundation

/// What the operating system knows of this process, under the names that Prometheus' client libraries use.
/// Read from `/proc`; where there is none, nothing is exported.
public struct ProcessMetrics: MetricsCollector {
    private let root: String

    /// - Parameter root: the `proc` file system, another folder in tests.
    public init(root: String = "/proc") {
        self.root = root
    }

    public func collect() -> [MetricSnapshot] {
        guard let stat = read("self/stat") else { return [] }
        // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
        guard let nameEnd = stat.lastIndex(of: ")") else { return [] }
        let fields = stat[stat.index(after: nameEnd)...].split(separator: " ").map(String.init)
        // `fields` starts with the third field of proc(5)'s numbering.
        func field(_ number: Int) -> Double? {
            number - 3 < fields.count ? Double(fields[number - 3]) : nil
        }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        var metrics: [MetricSnapshot] = []
        func add(_ name: String, _ kind: MetricDeclaration.Kind, _ help: String, _ value: Double?) {
            guard let value else { return }
            metrics.append(MetricSnapshot(name: name, kind: kind, help: help, value: value))
        }
        if let user = field(14), let system = field(15) {
            add(
                "process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.",
                (user + system) / ticks)
        }
        add("process_threads", .gauge, "Number of operating system threads in the process.", field(20))
        if let start = field(22), let boot = bootTime() {
            add(
                "process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.",
                boot + start / ticks)
        }
        add("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.", field(23))
        add("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.", field(24).map { $0 * page })
        let descriptors = try? FileManager.default.contentsOfDirectory(atPath: root + "/self/fd").count
        add("process_open_fds", .gauge, "Number of open file descriptors.", descriptors.map(Double.init))
        add("process_max_fds", .gauge, "Maximum number of open file descriptors.", descriptorLimit())
        return metrics
    }

    private func read(_ path: String) -> String? {
        // Files of proc report a size of 0, so they are read to their end rather than by size.
        guard let handle = FileHandle(forReadingAtPath: root + "/" + path) else { return nil }
        defer { try? handle.close() }
        guard let data = try? handle.readToEnd() else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    private func bootTime() -> Double? {
        read("stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }

    private func descriptorLimit() -> Double? {
        let line = read("self/limits")?.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        return line?.split(separator: " ").dropFirst(3).first.flatMap { Double($0) }
    }
}

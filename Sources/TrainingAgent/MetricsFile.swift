import Foundation

/// Reads what has been appended to `metrics.jsonl`; a line counts when its end is there.
struct MetricsFile {
    /// Bytes that are read at a time, and that a line may have: a hostile trainer cannot fill the agent's memory.
    static let maximumPiece = 4 << 20
    static let maximumLine = 1 << 20
    /// Of what is left at the trainer's end, the last bytes that are read.
    static let maximumRest = 16 << 20

    let url: URL
    private var offset: UInt64 = 0
    private var rest: [UInt8] = []
    /// Within a line that was too long and is passed over to its end.
    private var isSkipping = false

    init(url: URL) { self.url = url }

    /// The next piece's records, in order.
    mutating func readNew() -> [MetricRecord] { readPiece() ?? [] }

    /// Everything up to the end as it is now: for when the trainer has ended.
    mutating func readRest() -> [MetricRecord] {
        // Only the latest of each value counts, so that as many steps as there may be are no more than one record.
        var latest = MetricRecord()
        guard let end = TrainerFile(url.path)?.size else { return [] }
        if end > offset, end - offset > UInt64(Self.maximumRest) {
            offset = end - UInt64(Self.maximumRest)
            rest = []
            isSkipping = true
        }
        while let records = readPiece() {
            for record in records { latest.merge(record) }
            if offset >= end { break }
        }
        return latest == MetricRecord() ? [] : [latest]
    }

    /// - Returns: nil at the end.
    private mutating func readPiece() -> [MetricRecord]? {
        guard let file = TrainerFile(url.path) else { return nil }
        let size = file.size
        if size < offset {
            // Written anew from its start.
            offset = 0
            rest = []
            isSkipping = false
        }
        guard size > offset else { return nil }
        let wanted = Int(min(size - offset, UInt64(Self.maximumPiece)))
        guard let data = file.read(at: offset, limit: wanted), !data.isEmpty else { return nil }
        offset += UInt64(data.count)
        return take(data)
    }

    private mutating func take(_ data: [UInt8]) -> [MetricRecord] {
        var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let last = lines.popLast() else { return [] }
        var records: [MetricRecord] = []
        for line in lines {
            let whole = rest + line
            if !isSkipping, whole.count <= Self.maximumLine, let record = MetricRecord(line: whole) { records.append(record) }
            rest = []
            isSkipping = false
        }
        if isSkipping || rest.count + last.count > Self.maximumLine {
            rest = []
            isSkipping = true
        } else {
            rest += last
        }
        return records
    }
}

import Foundation
import Glibc

/// A log that grows and is rotated meanwhile: the older file, then the current one, then whatever takes its place.
struct GrowingLog {
    private let path: String
    /// What is read now; nil while there is nothing yet.
    private var file: LogFile?
    private var offset = 0
    /// The current file, while the older one is read.
    private var next: LogFile?

    /// - Parameter tailLines: with how many of the lines that are there to begin; nil for all.
    init(_ path: String, tailLines: Int?) {
        self.path = path
        // In this order: a rotation in between makes both the same file, and not one that is missed.
        let current = LogFile(path)
        let older = LogFile(path + ".1")
        if let older, older.inode != current?.inode {
            file = older
            next = current
        } else {
            file = current
        }
        guard let tailLines else { return }
        let sizes = (file?.size ?? 0, next?.size ?? 0)
        let start = LogEnd.start(ofLast: tailLines, size: sizes.0 + sizes.1) { [file, next] offset, count in
            if offset >= sizes.0 { return next?.read(at: offset - sizes.0, upTo: count) ?? [] }
            return file?.read(at: offset, upTo: min(count, sizes.0 - offset)) ?? []
        }
        if start > sizes.0 || start == sizes.0 && next != nil {
            file = next
            next = nil
            offset = start - sizes.0
        } else {
            offset = start
        }
    }

    /// How much of what is there now is still to be read.
    var bytesToCome: Int { max(0, (file?.size ?? 0) - offset) + (next?.size ?? 0) }

    /// What comes next; empty when there is no more for now.
    mutating func read(upTo count: Int) -> [UInt8] {
        while true {
            if let bytes = more(upTo: count) { return bytes }
            guard let successor = successor() else { return [] }
            // The shim may have written its last to the old file while the new one was looked for.
            if let bytes = more(upTo: count) {
                if next == nil { next = successor }
                return bytes
            }
            next = nil
            file = successor
            offset = 0
        }
    }

    private mutating func more(upTo count: Int) -> [UInt8]? {
        guard let bytes = file?.read(at: offset, upTo: count), !bytes.isEmpty else { return nil }
        offset += bytes.count
        return bytes
    }

    /// The file that came after the one that is read. A reader may be so slow that the next one was put aside as well.
    private func successor() -> LogFile? {
        if let next { return next }
        guard let newest = LogFile(path), newest.inode != file?.inode else { return nil }
        if file != nil, let between = LogFile(path + ".1"), between.inode != file?.inode, between.inode != newest.inode {
            return between
        }
        return newest
    }
}

/// A file of a log, held open whatever becomes of its name.
private final class LogFile {
    private let descriptor: Int32
    let inode: UInt

    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        fstat(descriptor, &status)
        inode = UInt(status.st_ino)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    func read(at offset: Int, upTo count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
            length = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
        }
    }
}

/// Cuts what comes in pieces into lines. What is left of the last line waits for the next piece.
struct LineSplitter {
    /// Longer than any line that the shim writes, which takes up at most a pipe's worth.
    static let maximumLine = 1 << 20

    private var pending: [UInt8] = []
    private var isSkipping = false

    /// The whole lines, without line breaks. One that is far too long to be the shim's is left out.
    mutating func add(_ piece: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        while let end = LogEnd.lineBreak(in: piece, from: start) {
            let rest = piece[start..<end]
            if !isSkipping { lines.append(pending.isEmpty ? rest : (pending + rest)[...]) }
            pending = []
            isSkipping = false
            start = end + 1
        }
        if !isSkipping { pending += piece[start...] }
        if pending.count > Self.maximumLine {
            pending = []
            isSkipping = true
        }
        return lines
    }
}

/// Finds where the last lines of a log begin, from its end backwards. Pure but for what reads.
enum LogEnd {
    /// As much of a line as tells whether it is a piece of one: time, stream and mark.
    private static let headBytes = 128
    private static let pieceBytes = 65_536

    /// Where to begin, so that the last `count` whole lines follow: pieces of one line count once, empty lines not at all. What
    /// comes after the last line break is a line that is not finished, and not counted.
    static func start(ofLast count: Int, size: Int, read: (_ offset: Int, _ count: Int) -> [UInt8]) -> Int {
        var left = count
        /// Where the lines that were counted begin.
        var start = size
        /// The break that ends the line that is looked at; nil until the last one is found.
        var end: Int?
        var isLast = true
        /// Takes the line from `first` to its end; false once enough were counted.
        func take(_ first: Int, _ end: Int, head: () -> [UInt8]) -> Bool {
            guard first < end else { return true }
            let isWhole = LogLine(head()[...]).map { !$0.isPartial } ?? true
            // A piece at the very end is a line of its own that is not finished yet.
            if isWhole || isLast {
                if left == 0 { return false }
                left -= 1
            }
            isLast = false
            start = first
            return true
        }
        var top = size
        while top > 0 {
            let bottom = max(0, top - pieceBytes)
            var piece: [UInt8] = []
            while bottom + piece.count < top {
                let bytes = read(bottom + piece.count, top - bottom - piece.count)
                if bytes.isEmpty { return start }
                piece += bytes
            }
            for index in piece.indices.reversed() where piece[index] == 0x0A {
                let first = bottom + index + 1
                if let end {
                    let length = min(end - first, headBytes)
                    let goesOn = take(first, end) {
                        let local = index + 1 + length <= piece.count
                        return local ? Array(piece[(index + 1)..<(index + 1 + length)]) : read(first, length)
                    }
                    if !goesOn { return start }
                } else {
                    start = first
                }
                end = bottom + index
            }
            top = bottom
        }
        guard let end else { return 0 }
        _ = take(0, end) { read(0, min(end, headBytes)) }
        return start
    }

    /// The next line break in bytes.
    static func lineBreak(in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard start < buffer.count, let base = buffer.baseAddress,
                let found = memchr(base + start, 0x0A, buffer.count - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}

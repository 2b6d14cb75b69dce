internal import CZlib

/// The text that both ends of SPDY/3 compress headers against: names and values by their length, then a text of frequent words.
/// Source: SPDY Protocol, draft 3, section 2.6.10.1.
enum SPDYDictionary {
    private static let words = [
        "options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding", "accept-language",
        "accept-ranges", "age", "allow", "authorization", "cache-control", "connection", "content-base", "content-encoding",
        "content-language", "content-length", "content-location", "content-md5", "content-range", "content-type", "date", "etag",
        "expect", "expires", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
        "last-modified", "location", "max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "range", "referer",
        "retry-after", "server", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning",
        "www-authenticate", "method", "get", "status", "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie",
        "keep-alive", "origin",
    ]

    private static let text =
        "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative "
        + "Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal "
        + "Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, "
        + "Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
        + "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8"
        + "charset=iso-8859-1,utf-,*,enq=0."

    static let bytes: [UInt8] =
        words.flatMap { word in [0, 0, 0, UInt8(word.utf8.count)] + Array(word.utf8) } + Array(text.utf8)
}

/// One direction's headers: a single zlib stream through all frames of a connection.
final class SPDYHeaderInflater {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() throws(SPDYError) {
        stream.initialize(to: z_stream())
        guard inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw SPDYError("zlib cannot be started")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// - Parameter limit: more bytes than this are refused, so that a few cannot become very many.
    func inflate(_ input: [UInt8], limit: Int) throws(SPDYError) -> [UInt8] {
        var input = input
        var output = [UInt8](repeating: 0, count: limit + 1)
        let (code, count) = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = source.baseAddress
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                var code = CZlib.inflate(stream, Z_SYNC_FLUSH)
                if code == Z_NEED_DICT {
                    code = inflateSetDictionary(stream, SPDYDictionary.bytes, UInt32(SPDYDictionary.bytes.count))
                    if code == Z_OK { code = CZlib.inflate(stream, Z_SYNC_FLUSH) }
                }
                return (code, target.count - Int(stream.pointee.avail_out))
            }
        }
        guard code == Z_OK, count <= limit, stream.pointee.avail_in == 0 else {
            throw SPDYError("the headers of a frame cannot be decompressed, or are more than \(limit) bytes")
        }
        return Array(output.prefix(count))
    }
}

/// The other direction's.
final class SPDYHeaderDeflater {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() throws(SPDYError) {
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit_(stream, Z_BEST_COMPRESSION, ZLIB_VERSION, size) == Z_OK,
            deflateSetDictionary(stream, SPDYDictionary.bytes, UInt32(SPDYDictionary.bytes.count)) == Z_OK
        else { throw SPDYError("zlib cannot be started") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func deflate(_ input: [UInt8]) throws(SPDYError) -> [UInt8] {
        var input = input
        // Room for what does not compress at all, with the marks of the stream's beginning and of the flush.
        var output = [UInt8](repeating: 0, count: input.count + input.count / 100 + 64)
        let (code, count) = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = source.baseAddress
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                let code = CZlib.deflate(stream, Z_SYNC_FLUSH)
                return (code, target.count - Int(stream.pointee.avail_out))
            }
        }
        guard code == Z_OK, stream.pointee.avail_out > 0 else { throw SPDYError("the headers of a frame cannot be compressed") }
        return Array(output.prefix(count))
    }
}

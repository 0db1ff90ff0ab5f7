// Records of the FastCGI Specification 1.0 (§3.3): 8 bytes for version, type, request and length, then the content.

import Platform

/// The type of a record (§8).
enum FastCGIType {
    static let beginRequest: UInt8 = 1
    static let abortRequest: UInt8 = 2
    static let endRequest: UInt8 = 3
    static let parameters: UInt8 = 4
    static let input: UInt8 = 5
    static let output: UInt8 = 6
    static let errors: UInt8 = 7
    static let getValues: UInt8 = 9
    static let getValuesResult: UInt8 = 10
    static let unknown: UInt8 = 11
}

/// How a request ended (§5.5).
enum FastCGIStatus: UInt8 {
    case complete = 0
    /// The application takes one request at a time from a connection.
    case cannotMultiplex = 1
    /// The application only supports the responder role.
    case unknownRole = 3
}

/// A record; its content is in the connection's buffer until the next one is read.
struct FastCGIRecord {
    let type: UInt8
    /// 0 for a management record.
    let request: UInt16
    let content: UnsafeRawBufferPointer
}

/// Writes records.
struct FastCGIWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 64) {
        bytes.reserveCapacity(capacity)
    }

    /// Begins a request to a responder. `isKept`: keep the connection.
    mutating func begin(_ request: UInt16, isKept: Bool) {
        header(FastCGIType.beginRequest, request, count: 8, padding: 0)
        bytes += [0, 1, isKept ? 1 : 0, 0, 0, 0, 0, 0]
    }

    /// Ends a stream.
    mutating func stream(endOf type: UInt8, _ request: UInt16) {
        header(type, request, count: 0, padding: 0)
    }

    /// All of `content` as a stream's records, without the one that ends it. Padded to 8 bytes, as §3.3 recommends.
    mutating func stream(_ type: UInt8, _ request: UInt16, _ content: [UInt8]) {
        var start = 0
        while start < content.count {
            let end = min(start + 65528, content.count)
            let padding = (8 - (end - start) % 8) % 8
            header(type, request, count: end - start, padding: padding)
            content.withUnsafeBytes { bytes.append(copying: UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
            for _ in 0..<padding { bytes.append(0) }
            start = end
        }
    }

    /// A whole answer: `output`, its end, and the request's end.
    mutating func answer(_ output: [UInt8], to request: UInt16) {
        stream(FastCGIType.output, request, output)
        stream(endOf: FastCGIType.output, request)
        end(request, .complete)
    }

    /// The end of a request.
    mutating func end(_ request: UInt16, _ status: FastCGIStatus) {
        header(FastCGIType.endRequest, request, count: 8, padding: 0)
        for _ in 0..<4 { bytes.append(0) }  // the application's own status
        bytes.append(status.rawValue)
        for _ in 0..<3 { bytes.append(0) }
    }

    /// Says that records of `type` are unknown (§4.2).
    mutating func unknown(_ type: UInt8) {
        header(FastCGIType.unknown, 0, count: 8, padding: 0)
        bytes.append(type)
        for _ in 0..<7 { bytes.append(0) }
    }

    /// The requested values (§4.1) that exist: one request at a time on each connection.
    mutating func values(askedBy content: UnsafeRawBufferPointer) {
        var pairs: [UInt8] = []
        let known: StaticString = "FCGI_MPXS_CONNS"
        _ = forEachPair(in: content) { name, _ in
            if name.elementsEqual(known.bytes) {
                pairs += [UInt8(known.utf8CodeUnitCount), 1] + Array(known.bytes) + [UInt8(ascii: "0")]
            }
            // Once is enough, even if it was requested several times.
            return pairs.isEmpty
        }
        header(FastCGIType.getValuesResult, 0, count: pairs.count, padding: 0)
        bytes += pairs
    }

    private mutating func header(_ type: UInt8, _ request: UInt16, count: Int, padding: Int) {
        let header = (
            UInt8(1), type, UInt8(truncatingIfNeeded: request >> 8), UInt8(truncatingIfNeeded: request),
            UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count), UInt8(padding), UInt8(0)
        )
        withUnsafeBytes(of: header) { bytes.append(copying: $0) }
    }
}

/// Calls `body` with each name and value in `content` (§3.4), until it returns false. False if `content` does not consist of
/// such pairs.
func forEachPair(
    in content: UnsafeRawBufferPointer,
    _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
) -> Bool {
    var index = 0
    func length() -> Int? {
        guard index < content.count else { return nil }
        guard content[index] >= 0x80 else {
            index += 1
            return Int(content[index - 1])
        }
        guard content.count - index >= 4 else { return nil }
        index += 4
        return Int(content[index - 4] & 0x7F) << 24 | Int(content[index - 3]) << 16
            | Int(content[index - 2]) << 8 | Int(content[index - 1])
    }
    while index < content.count {
        guard let name = length(), let value = length(), content.count - index >= name + value else { return false }
        let start = index
        index += name + value
        let isWanted = body(
            UnsafeRawBufferPointer(rebasing: content[start..<start + name]),
            UnsafeRawBufferPointer(rebasing: content[start + name..<index]))
        if !isWanted { return true }
    }
    return true
}

/// A request's parameters, in the form that `Parameters` reads.
final class FastCGIParameters {
    private let text: UnsafeMutablePointer<CChar>
    private let entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    /// Reads the pairs in `content`. nil if it does not consist of pairs, or one has no name, an `=` in its name, or a NUL:
    /// with CGI none could.
    init?(_ content: [UInt8]) {
        var pairs = 0
        var count = 0
        let isWhole = content.withUnsafeBytes { bytes in
            var isText = true
            let isWhole = forEachPair(in: bytes) { name, value in
                isText = !name.isEmpty && !name.has(0x3D) && !name.has(0) && !value.has(0)
                pairs += 1
                count += name.count + value.count + 2
                return isText
            }
            return isWhole && isText
        }
        guard isWhole else { return nil }
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: max(count, 1))
        let entries = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: pairs + 1)
        var (next, index) = (UnsafeMutableRawPointer(text), 0)
        content.withUnsafeBytes { bytes in
            _ = forEachPair(in: bytes) { name, value in
                entries[index] = next.assumingMemoryBound(to: CChar.self)
                index += 1
                func put(_ part: UnsafeRawBufferPointer, endedBy end: UInt8) {
                    if let start = part.baseAddress { next.copyMemory(from: start, byteCount: part.count) }
                    next.storeBytes(of: end, toByteOffset: part.count, as: UInt8.self)
                    next += part.count + 1
                }
                put(name, endedBy: 0x3D)
                put(value, endedBy: 0)
                return true
            }
        }
        entries[index] = nil
        self.text = text
        self.entries = entries
    }

    deinit {
        text.deallocate()
        entries.deallocate()
    }

    /// Valid as long as this object lives.
    var parameters: Parameters { Parameters(entries) }
}

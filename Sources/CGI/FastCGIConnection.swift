// One connection from a web server, which carries one request at a time, and by its wish (FCGI_KEEP_CONN) one after
// another.
//
// 1. Whatever comes is bounded: a record by its form, parameters and body by a limit, a silence by patience.
// 2. What is not the protocol's ends the connection: there is nobody to explain it to.
// 3. A request that was begun is ended by END_REQUEST, unless the connection is lost.

import System

/// Why a connection is of no more use.
enum FastCGIFault: Error {
    /// It was closed, failed, or was silent for too long.
    case lost
    /// What came breaks the protocol or a limit.
    case malformed
}

/// A connection and the request on it.
final class FastCGIConnection {
    let socket: Socket
    private let patience: Duration
    /// Holds any one record whole.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 + 65535 + 255, alignment: 8)
    /// What has been read and not been looked at.
    private var unread = 0..<0

    /// Whether no request has begun on it.
    private(set) var isNew: Bool
    private var request: UInt16 = 0
    private var parameters: FastCGIParameters?
    private(set) var isKept = false
    private var isInputOver = true
    private var isAborted = false
    /// What came of the body beyond what was asked for.
    private var surplus: [UInt8] = []

    /// `patience` is how long it may be silent within a request; `isNew` is false for one that requests came on before.
    init(_ socket: Socket, patience: Duration, isNew: Bool = true) {
        self.isNew = isNew
        self.socket = socket
        self.patience = patience
    }

    deinit {
        buffer.deallocate()
    }

    /// Whether there is something that was read and not been looked at.
    var hasUnread: Bool { !unread.isEmpty }

    /// Bytes of the longest parameters: several times what web servers pass on.
    private static let longestParameters = 1 << 20

    /// Takes what comes until a request has its parameters; nil if the server takes it back first, or it is none for us, and
    /// the connection goes on (`isKept`) or not.
    func begin() throws(FastCGIFault) -> Parameters? {
        while true {
            let record = try next()
            guard record.request != 0 else {
                try manage(record)
                continue
            }
            // Others are of requests that have ended (§3.3).
            guard record.type == FastCGIType.beginRequest else { continue }
            guard record.content.count == 8 else { throw .malformed }
            request = record.request
            isNew = false
            isKept = record.content[2] & 1 != 0
            isAborted = false
            isInputOver = false
            surplus = []
            let role = Int(record.content[0]) << 8 | Int(record.content[1])
            guard role == 1 else {
                isInputOver = true
                try end(.unknownRole)
                return nil
            }
            return try takeParameters()
        }
    }

    private func takeParameters() throws(FastCGIFault) -> Parameters? {
        var bytes: [UInt8] = []
        while let record = try nextOfRequest() {
            guard record.type == FastCGIType.parameters else { throw .malformed }
            if record.content.isEmpty {
                guard let parameters = FastCGIParameters(bytes) else { throw .malformed }
                self.parameters = parameters
                return parameters.parameters
            }
            guard bytes.count + record.content.count <= FastCGIConnection.longestParameters else { throw .malformed }
            bytes.append(contentsOf: record.content)
        }
        try end(.complete)
        return nil
    }

    /// Up to `limit` bytes of the body, fewer only at its end or if the server took the request back; nil if the connection
    /// failed.
    func read(upTo limit: Int) -> [UInt8]? {
        var bytes = surplus
        surplus = []
        do throws(FastCGIFault) {
            while bytes.count < limit, let content = try nextInput() { bytes.append(contentsOf: content) }
        } catch {
            return nil
        }
        guard bytes.count > limit else { return bytes }
        surplus = Array(bytes[limit...])
        return Array(bytes[..<limit])
    }

    /// Passes over what is left of the body, as far as it is one that a server would pass on.
    func discardInput() throws(FastCGIFault) {
        var count = 0
        while let content = try nextInput() {
            count += content.count
            guard count <= Gateway.longestBody else {
                isKept = false
                return
            }
        }
    }

    /// Writes `output` as the whole answer, and its end, in one write. Of a request that was taken back, the end alone.
    func answer(_ output: [UInt8]) throws(FastCGIFault) {
        if isAborted { return try end(.complete) }
        try write(framed(output))
    }

    /// `output` as the whole answer, and its end.
    func framed(_ output: [UInt8]) -> [UInt8] {
        var writer = FastCGIWriter(capacity: output.count + output.count / 4096 + 64)
        writer.answer(output, to: request)
        return writer.bytes
    }

    /// Puts `text` into the server's log. If the connection is lost the answer will show it.
    func log(_ text: [UInt8]) {
        var writer = FastCGIWriter(capacity: text.count + 16)
        writer.stream(FastCGIType.errors, request, text)
        try? write(writer.bytes)
    }

    // Records.

    /// The content of the body's next record; nil at its end.
    private func nextInput() throws(FastCGIFault) -> UnsafeRawBufferPointer? {
        guard !isInputOver, let record = try nextOfRequest() else { return nil }
        guard record.type == FastCGIType.input else { throw .malformed }
        if record.content.isEmpty {
            isInputOver = true
            return nil
        }
        return record.content
    }

    /// The next record of the request at hand; nil if that is taken back. Others are answered, or passed over.
    private func nextOfRequest() throws(FastCGIFault) -> FastCGIRecord? {
        while !isAborted {
            let record = try next()
            if record.request == 0 {
                try manage(record)
            } else if record.type == FastCGIType.beginRequest {
                guard record.request != request else { throw .malformed }
                var writer = FastCGIWriter()
                writer.end(record.request, .cannotMultiplex)
                try write(writer.bytes)
            } else if record.request == request {
                guard record.type == FastCGIType.abortRequest else { return record }
                isAborted = true
                isInputOver = true
            }
        }
        return nil
    }

    /// Answers a record that is about the application (§4).
    private func manage(_ record: FastCGIRecord) throws(FastCGIFault) {
        var writer = FastCGIWriter()
        if record.type == FastCGIType.getValues {
            writer.values(askedBy: record.content)
        } else {
            writer.unknown(record.type)
        }
        try write(writer.bytes)
    }

    private func end(_ status: FastCGIStatus) throws(FastCGIFault) {
        var writer = FastCGIWriter()
        writer.end(request, status)
        try write(writer.bytes)
    }

    private func next() throws(FastCGIFault) -> FastCGIRecord {
        try fill(8)
        let header = UnsafeRawBufferPointer(rebasing: buffer[unread])
        guard header[0] == 1 else { throw .malformed }
        let (type, request) = (header[1], UInt16(header[2]) << 8 | UInt16(header[3]))
        let count = Int(header[4]) << 8 | Int(header[5])
        let whole = 8 + count + Int(header[6])
        try fill(whole)
        let start = unread.lowerBound
        unread = start + whole..<unread.upperBound
        return FastCGIRecord(
            type: type, request: request,
            content: UnsafeRawBufferPointer(rebasing: buffer[start + 8..<start + 8 + count]))
    }

    /// Reads until `count` bytes are there that were not looked at.
    private func fill(_ count: Int) throws(FastCGIFault) {
        while unread.count < count {
            if unread.lowerBound + count > buffer.count {
                buffer.baseAddress!.copyMemory(from: buffer.baseAddress! + unread.lowerBound, byteCount: unread.count)
                unread = 0..<unread.count
            }
            guard try readMore(patience) else { throw .lost }
        }
    }

    /// Reads what is there; false if nothing is after `patience`.
    private func readMore(_ patience: Duration) throws(FastCGIFault) -> Bool {
        // The last request may have ended where the buffer does.
        if unread.isEmpty { unread = 0..<0 }
        let count: Int?
        do throws(SystemError) {
            count = try socket.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[unread.upperBound...]), patience: patience)
        } catch {
            throw .lost
        }
        guard let count else { return false }
        guard count > 0 else { throw .lost }
        unread = unread.lowerBound..<unread.upperBound + count
        return true
    }

    /// Whether a request, or some of it, is there.
    func isReady() throws(FastCGIFault) -> Bool {
        if hasUnread { return true }
        return try readMore(Duration(milliseconds: 0))
    }

    private func write(_ bytes: [UInt8]) throws(FastCGIFault) {
        do throws(SystemError) {
            try socket.write(bytes, patience: patience)
        } catch {
            throw .lost
        }
    }
}

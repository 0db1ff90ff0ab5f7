// One connection from a web server. It carries one request at a time; with FCGI_KEEP_CONN, several in sequence.
//
// 1. A request is handled once it is complete, so that a slow body delays nobody else.
// 2. All input is bounded: a record by its form, parameters and body by a limit.
// 3. A protocol error ends the connection: nobody could read an explanation.
// 4. A request that began ends with END_REQUEST, unless the connection is lost.

import Platform

/// Why a connection cannot be used any longer.
enum FastCGIFault: Error {
    /// It was closed, failed, or did not accept the answer in time.
    case lost
    /// The input breaks the protocol or exceeds a limit.
    case malformed
}

/// A connection and its current request.
final class FastCGIConnection {
    let socket: Socket
    /// How long the web server may take to accept output.
    private let timeout: Duration
    /// Large enough for any record.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 + 65535 + 255, alignment: 8)
    /// Bytes that have been read but not parsed.
    private var unread = 0..<0

    /// Whether no request has begun on it.
    private(set) var isNew: Bool
    /// Whether the web server wants it open after the request.
    private(set) var isKept = false
    /// Whether its last request has ended, and it closes then.
    private(set) var isOver = false
    /// When something last arrived on it.
    private(set) var lastHeard = Uptime.now

    private enum Phase { case idle, parameters, body, whole }

    private var phase = Phase.idle
    private var request: UInt16 = 0
    private var parameterBytes: [UInt8] = []
    private var parameters: FastCGIParameters?
    /// The body's first bytes, as many as an endpoint may read.
    private var body: [UInt8] = []
    private var bodyCount = 0
    /// How much of `body` has been read.
    private var bodyTaken = 0

    /// `isNew` is false if it had requests before; `received` are the bytes that another process has read.
    init(_ socket: Socket, timeout: Duration, isNew: Bool = true, received: [UInt8] = []) {
        self.isNew = isNew
        self.socket = socket
        self.timeout = timeout
        pending = received[...]
    }

    /// Bytes from another process that `receive` has not parsed yet.
    private var pending: ArraySlice<UInt8>

    deinit {
        buffer.deallocate()
    }

    /// Whether part of a request has arrived.
    var isMidRequest: Bool { phase != .idle || !unread.isEmpty || !pending.isEmpty }

    /// The most bytes of parameters: several times what web servers pass.
    private static let longestParameters = 1 << 20
    /// The most bytes of a body that are kept: more than any endpoint reads.
    private static let longestKeptBody = 1 << 17

    // Receiving.

    /// Reads what is available, without waiting. Returns whether anything was.
    func receive() throws(FastCGIFault) -> Bool {
        if unread.isEmpty {
            unread = 0..<0
        } else if unread.lowerBound > 0, unread.upperBound == buffer.count {
            buffer.baseAddress!.copyMemory(from: buffer.baseAddress! + unread.lowerBound, byteCount: unread.count)
            unread = 0..<unread.count
        }
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[unread.upperBound...])
        if !pending.isEmpty {
            let part = pending.prefix(room.count)
            room.copyBytes(from: part)
            pending = pending.dropFirst(part.count)
            unread = unread.lowerBound..<unread.upperBound + part.count
            return true
        }
        let count: Int?
        do throws(SystemError) {
            count = try socket.read(into: room, timeout: Duration(milliseconds: 0))
        } catch {
            throw .lost
        }
        guard let count else { return false }
        guard count > 0 else { throw .lost }
        lastHeard = Uptime.now
        unread = unread.lowerBound..<unread.upperBound + count
        return true
    }

    /// The parameters of the next complete request, body included; nil if there is none.
    func take() throws(FastCGIFault) -> Parameters? {
        while !isOver, let record = try nextRecord() {
            if record.request == 0 {
                try manage(record)
            } else if phase == .idle {
                // Other records belong to requests that have ended (§3.3).
                if record.type == FastCGIType.beginRequest { try begin(record) }
            } else if record.request != request {
                if record.type == FastCGIType.beginRequest { try end(record.request, .cannotMultiplex) }
            } else if record.type == FastCGIType.abortRequest {
                try end(request, .complete)
                finish()
            } else if phase == .parameters {
                try addParameters(record)
            } else {
                try addBody(record)
                if phase == .whole { return parameters?.parameters }
            }
        }
        return nil
    }

    private func begin(_ record: FastCGIRecord) throws(FastCGIFault) {
        guard record.content.count == 8 else { throw .malformed }
        request = record.request
        isNew = false
        isKept = record.content[2] & 1 != 0
        guard Int(record.content[0]) << 8 | Int(record.content[1]) == 1 else {
            try end(request, .unknownRole)
            finish()
            return
        }
        phase = .parameters
    }

    private func addParameters(_ record: FastCGIRecord) throws(FastCGIFault) {
        guard record.type == FastCGIType.parameters else { throw .malformed }
        if record.content.isEmpty {
            guard let parameters = FastCGIParameters(parameterBytes) else { throw .malformed }
            self.parameters = parameters
            phase = .body
            return
        }
        guard parameterBytes.count + record.content.count <= FastCGIConnection.longestParameters else { throw .malformed }
        parameterBytes.append(copying: record.content)
    }

    private func addBody(_ record: FastCGIRecord) throws(FastCGIFault) {
        guard record.type == FastCGIType.input else { throw .malformed }
        bodyCount += record.content.count
        body.append(
            copying: UnsafeRawBufferPointer(rebasing: record.content.prefix(FastCGIConnection.longestKeptBody - body.count)))
        // No server passes that much: the rest is not awaited, and the connection ends.
        if bodyCount > longestBody { isKept = false }
        if record.content.isEmpty && !isBodyNext || bodyCount > longestBody { phase = .whole }
    }

    /// Whether more of the body follows at once. An empty record ends a stream (§3.3), but some servers write one before a
    /// body of unknown length, which HTTP/2 allows, and then the body.
    private var isBodyNext: Bool {
        if unread.count < 8, !pending.isEmpty { _ = try? receive() }
        guard unread.count >= 8 else { return false }
        let header = UnsafeRawBufferPointer(rebasing: buffer[unread])
        return header[1] == FastCGIType.input && UInt16(header[2]) << 8 | UInt16(header[3]) == request
            && (header[4] != 0 || header[5] != 0)
    }

    /// Up to `limit` bytes of the body; fewer only at its end.
    func read(upTo limit: Int) -> [UInt8] {
        let end = min(body.count, bodyTaken + limit)
        defer { bodyTaken = end }
        return Array(body[bodyTaken..<end])
    }

    /// The raw bytes of an incomplete request: a connection that gets them continues it.
    var unfinished: [UInt8] {
        var writer = FastCGIWriter()
        if phase != .idle {
            writer.begin(request, isKept: isKept)
            writer.stream(FastCGIType.parameters, request, parameterBytes)
            if phase != .parameters { writer.stream(endOf: FastCGIType.parameters, request) }
            writer.stream(FastCGIType.input, request, body)
        }
        return writer.bytes + Array(buffer[unread]) + Array(pending)
    }

    // Answering.

    /// Writes `output` as the whole answer, and its end, in one write. This ends the request.
    func answer(_ output: [UInt8]) throws(FastCGIFault) {
        let bytes = framed(output)
        finish()
        try write(bytes)
    }

    /// `output` as the whole answer, and its end.
    func framed(_ output: [UInt8]) -> [UInt8] {
        var writer = FastCGIWriter(capacity: output.count + output.count / 4096 + 64)
        writer.answer(output, to: request)
        return writer.bytes
    }

    /// Writes `text` to the server's log. If the connection is lost, the answer will fail.
    func log(_ text: [UInt8]) {
        var writer = FastCGIWriter(capacity: text.count + 16)
        writer.stream(FastCGIType.errors, request, text)
        try? write(writer.bytes)
    }

    private func finish() {
        phase = .idle
        parameters = nil
        parameterBytes.removeAll(keepingCapacity: parameterBytes.capacity <= 8192)
        body.removeAll(keepingCapacity: body.capacity <= 8192)
        (bodyCount, bodyTaken) = (0, 0)
        isOver = !isKept
    }

    // Records.

    /// The next complete record; nil if there is none.
    private func nextRecord() throws(FastCGIFault) -> FastCGIRecord? {
        while true {
            if unread.count >= 8 {
                let header = UnsafeRawBufferPointer(rebasing: buffer[unread])
                guard header[0] == 1 else { throw .malformed }
                let count = Int(header[4]) << 8 | Int(header[5])
                let whole = 8 + count + Int(header[6])
                if unread.count >= whole {
                    let start = unread.lowerBound
                    unread = start + whole..<unread.upperBound
                    return FastCGIRecord(
                        type: header[1], request: UInt16(header[2]) << 8 | UInt16(header[3]),
                        content: UnsafeRawBufferPointer(rebasing: buffer[start + 8..<start + 8 + count]))
                }
                // Makes room for the rest of the record.
                if unread.lowerBound + whole > buffer.count {
                    buffer.baseAddress!.copyMemory(from: buffer.baseAddress! + unread.lowerBound, byteCount: unread.count)
                    unread = 0..<unread.count
                }
            }
            guard !pending.isEmpty, try receive() else { return nil }
        }
    }

    /// Answers a management record (§4).
    private func manage(_ record: FastCGIRecord) throws(FastCGIFault) {
        var writer = FastCGIWriter()
        if record.type == FastCGIType.getValues {
            writer.values(askedBy: record.content)
        } else {
            writer.unknown(record.type)
        }
        try write(writer.bytes)
    }

    private func end(_ request: UInt16, _ status: FastCGIStatus) throws(FastCGIFault) {
        var writer = FastCGIWriter()
        writer.end(request, status)
        try write(writer.bytes)
    }

    private func write(_ bytes: [UInt8]) throws(FastCGIFault) {
        do throws(SystemError) {
            try socket.write(bytes, timeout: timeout)
        } catch {
            throw .lost
        }
    }
}

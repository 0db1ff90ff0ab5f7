// One connection from a web server, which carries one request at a time, and by its wish (FCGI_KEEP_CONN) one after
// another.
//
// 1. A request is taken once it is whole, so that a body that arrives slowly keeps nobody else waiting.
// 2. Whatever comes is bounded: a record by its form, parameters and body by a limit.
// 3. What breaks the protocol ends the connection: there is nobody to explain it to.
// 4. A request that was begun is ended by END_REQUEST, unless the connection is lost.

import Platform

/// Why a connection is of no more use.
enum FastCGIFault: Error {
    /// It was closed, failed, or did not take the answer in time.
    case lost
    /// What came breaks the protocol or a limit.
    case malformed
}

/// A connection and the request on it.
final class FastCGIConnection {
    let socket: Socket
    /// How long the web server may take to accept what is written.
    private let timeout: Duration
    /// Holds any one record whole.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 + 65535 + 255, alignment: 8)
    /// What has been read and not been looked at.
    private var unread = 0..<0

    /// Whether no request has begun on it.
    private(set) var isNew: Bool
    /// Whether the web server wants it to stay open after the request.
    private(set) var isKept = false
    /// Whether its last request has ended, and it is not to be kept.
    private(set) var isOver = false
    /// When something last came on it.
    private(set) var lastHeard = Uptime.now

    private enum Phase { case idle, parameters, body, whole }

    private var phase = Phase.idle
    private var request: UInt16 = 0
    private var parameterBytes: [UInt8] = []
    private var parameters: FastCGIParameters?
    /// The body's first bytes, as many as anyone may read.
    private var body: [UInt8] = []
    private var bodyCount = 0
    /// How much of `body` has been read.
    private var bodyTaken = 0

    /// `isNew` is false for one that requests came on before; `received` is what another process has read of it.
    init(_ socket: Socket, timeout: Duration, isNew: Bool = true, received: [UInt8] = []) {
        self.isNew = isNew
        self.socket = socket
        self.timeout = timeout
        pending = received[...]
    }

    /// What another process has read and `receive` has not taken up yet.
    private var pending: ArraySlice<UInt8>

    deinit {
        buffer.deallocate()
    }

    /// Whether a part of a request has come.
    var isMidRequest: Bool { phase != .idle || !unread.isEmpty || !pending.isEmpty }

    /// Bytes of the longest parameters: several times what web servers pass on.
    private static let longestParameters = 1 << 20
    /// Bytes of a body that are kept: more than any endpoint reads.
    private static let longestKeptBody = 1 << 17

    // Receiving.

    /// Reads what is there, without waiting; whether anything was.
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

    /// The parameters of the next request that has come whole, body included; nil if none has.
    func take() throws(FastCGIFault) -> Parameters? {
        while !isOver, let record = try nextRecord() {
            if record.request == 0 {
                try manage(record)
            } else if phase == .idle {
                // Others are of requests that have ended (§3.3).
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
        // No server passes on as much: the rest is not waited for, and the connection ends.
        if bodyCount > longestBody { isKept = false }
        if record.content.isEmpty && !isBodyNext || bodyCount > longestBody { phase = .whole }
    }

    /// Whether more of the body follows at once. The end of a stream is an empty record (§3.3), but some servers write one
    /// before a body whose length its client did not say, as HTTP/2 allows, and the body behind it.
    private var isBodyNext: Bool {
        if unread.count < 8, !pending.isEmpty { _ = try? receive() }
        guard unread.count >= 8 else { return false }
        let header = UnsafeRawBufferPointer(rebasing: buffer[unread])
        return header[1] == FastCGIType.input && UInt16(header[2]) << 8 | UInt16(header[3]) == request
            && (header[4] != 0 || header[5] != 0)
    }

    /// Up to `limit` bytes of the body, fewer only at its end.
    func read(upTo limit: Int) -> [UInt8] {
        let end = min(body.count, bodyTaken + limit)
        defer { bodyTaken = end }
        return Array(body[bodyTaken..<end])
    }

    /// What has come of a request that is not whole, as it came: a connection that is given it continues it.
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

    /// Writes `output` as the whole answer, and its end, in one write. The request is over.
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

    /// Puts `text` into the server's log. If the connection is lost the answer will show it.
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

    /// The next whole record; nil if none has come.
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
                // The rest of it needs room.
                if unread.lowerBound + whole > buffer.count {
                    buffer.baseAddress!.copyMemory(from: buffer.baseAddress! + unread.lowerBound, byteCount: unread.count)
                    unread = 0..<unread.count
                }
            }
            guard !pending.isEmpty, try receive() else { return nil }
        }
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

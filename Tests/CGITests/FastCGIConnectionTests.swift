// The records of FastCGI, one connection at a time, without a process: any input ends within bounds.
// https://fastcgi-archives.github.io/FastCGI_Specification.html

import Glibc
import Platform
import TestSupport
import Testing

@testable import CGI

/// A connection, and the server's end of it.
private struct Pair {
    let connection: FastCGIConnection
    let server: Socket

    init(received: [UInt8] = []) {
        let (a, b) = try! Socket.pair()
        connection = FastCGIConnection(a, timeout: .seconds(5), received: received)
        server = b
    }

    /// The next request, once it is complete; nil if the connection is over, or nothing arrives for a while.
    func next(waiting limit: Int64 = 500) throws(FastCGIFault) -> Parameters? {
        let deadline = Uptime.now + Duration(milliseconds: limit)
        while true {
            if let parameters = try connection.take() { return parameters }
            if connection.isOver { return nil }
            while try !connection.receive() {
                guard Uptime.now < deadline else { return nil }
                Command.sleep(Duration(milliseconds: 1))
            }
        }
    }

    func send(_ bytes: [UInt8]) {
        try! server.write(bytes, timeout: .seconds(5))
    }

    /// Sends more than a socket holds, while the reader works.
    func sendMuch(_ bytes: [UInt8]) {
        nonisolated(unsafe) let server = server
        onThread { try? server.write(bytes, timeout: .seconds(5)) }
    }

    /// Everything received.
    var received: [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
        defer { buffer.deallocate() }
        let count = try! server.read(into: buffer, timeout: Duration(milliseconds: 20)) ?? 0
        return Array(buffer[..<count])
    }
}

private func record(_ type: UInt8, _ request: UInt16, _ content: [UInt8] = [], padding: UInt8 = 0) -> [UInt8] {
    [1, type, UInt8(request >> 8), UInt8(request & 255), UInt8(content.count >> 8), UInt8(content.count & 255), padding, 0]
        + content + [UInt8](repeating: 0xEE, count: Int(padding))
}

private func begin(_ request: UInt16 = 1, role: UInt8 = 1, keeps: Bool = false) -> [UInt8] {
    record(1, request, [0, role, keeps ? 1 : 0, 0, 0, 0, 0, 0])
}

private func pair(_ name: String, _ value: String) -> [UInt8] {
    [UInt8(name.utf8.count), UInt8(value.utf8.count)] + Array(name.utf8) + Array(value.utf8)
}

private func whole(_ pairs: [UInt8], body: [UInt8] = []) -> [UInt8] {
    begin() + record(4, 1, pairs) + record(4, 1) + (body.isEmpty ? [] : record(5, 1, body)) + record(5, 1)
}

private let ended: [UInt8] = [1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

@Suite struct FastCGIConnectionTests {
    init() { Signals.ignoreWriteSignals() }

    @Test func parametersAndBodyArriveAsTheyWereSent() throws {
        let pair = Pair()
        let long = String(repeating: "v", count: 300)
        let longPair = [1, 0x80, 0, 1, 44] + Array("L".utf8) + Array(long.utf8)
        pair.send(
            whole(
                CGITests.pair("A", "1") + longPair + CGITests.pair("A", "2") + CGITests.pair("E", ""), body: Array("hello".utf8)))
        let parameters = try #require(try pair.next())
        #expect(parameters.first("A") == "1")
        #expect(parameters.first("L") == long)
        #expect(parameters.first("E") == "")
        #expect(pair.connection.read(upTo: 3) == Array("hel".utf8))
        #expect(pair.connection.read(upTo: 10) == Array("lo".utf8))
        #expect(pair.connection.read(upTo: 10) == [])
        try pair.connection.answer(Array("Status: 200 OK\r\n\r\n".utf8))
        let output =
            record(6, 1, Array("Status: 200 OK\r\n\r\n".utf8)).enumerated().map { $0 == 6 ? 6 : $1 }
            + [UInt8](repeating: 0, count: 6)
        #expect(pair.received == output + record(6, 1) + ended)
    }

    @Test func anEmptyRecordBeforeTheBodyIsNotItsEnd() throws {
        let start = begin(keeps: true) + record(4, 1, CGITests.pair("A", "1")) + record(4, 1)
        let next =
            begin(keeps: true) + record(4, 1, CGITests.pair("A", "2")) + record(4, 1) + record(5, 1, Array("2".utf8))
            + record(5, 1)
        let pair = Pair()
        pair.send(
            start + record(5, 1) + record(5, 1, Array("bo".utf8)) + record(5, 1) + record(5, 1, Array("dy".utf8)) + record(5, 1))
        #expect(try pair.next() != nil)
        #expect(pair.connection.read(upTo: 9) == Array("body".utf8))
        try pair.connection.answer([])
        // After the body comes another request.
        pair.send(start + record(5, 1) + next)
        #expect(try pair.next() != nil)
        #expect(pair.connection.read(upTo: 9) == [])
        try pair.connection.answer([])
        #expect(try pair.next() != nil)
        #expect(pair.connection.read(upTo: 9) == Array("2".utf8))
    }

    @Test func piecesOfAnySizeAreOneRequest() throws {
        let pair = Pair()
        let bytes =
            begin(keeps: true) + record(4, 1, [1], padding: 255)
            + record(4, 1, Array(CGITests.pair("A", "1").dropFirst()), padding: 1)
            + record(4, 1) + record(5, 1, [7], padding: 9) + record(5, 1, [8, 9]) + record(5, 1)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            // Nothing is accepted before its last byte.
            #expect(try pair.next(waiting: 0) == nil)
            pair.send(Array(bytes[start..<min(start + 3, bytes.count)]))
        }
        #expect(try pair.next()?.first("A") == "1")
        #expect(pair.connection.isKept)
        #expect(pair.connection.read(upTo: 2) == [7, 8])
        #expect(pair.connection.read(upTo: 9) == [9] && pair.connection.read(upTo: 9) == [])
        try pair.connection.answer([])
        #expect(!pair.connection.isMidRequest && !pair.connection.isOver)
    }

    @Test func aRequestGoesOnInAnotherConnectionFromAnyByteOn() throws {
        let bytes =
            begin(keeps: true) + record(4, 1, CGITests.pair("A", "1"), padding: 3) + record(4, 1) + record(5, 1, [7, 8])
            + record(5, 1)
            + begin(keeps: true) + record(4, 1) + record(5, 1)
        for count in 1..<bytes.count - 40 {
            let before = Pair()
            before.send(Array(bytes[..<count]))
            #expect(try before.next(waiting: 0) == nil && before.connection.isMidRequest)
            let after = Pair(received: before.connection.unfinished)
            after.send(Array(bytes[count...]))
            #expect(try after.next()?.first("A") == "1", "\(count)")
            #expect(after.connection.isKept && after.connection.read(upTo: 9) == [7, 8])
            try after.connection.answer([])
            #expect(try after.next() != nil)
        }
    }

    @Test func aLongBodyGoesOnInAnotherConnection() throws {
        let head = begin(keeps: true) + record(4, 1, pair("A", "1")) + record(4, 1)
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let before = Pair()
        before.sendMuch(head + record(5, 1, Array(body[..<65_000])) + record(5, 1, Array(body[65_000..<90_000])) + [1, 5, 0])
        #expect(try before.next() == nil)
        let after = Pair(received: before.connection.unfinished)
        after.send(Array((record(5, 1, Array(body[90_000...])) + record(5, 1)).dropFirst(3)))
        #expect(try after.next()?.first("A") == "1")
        #expect(after.connection.read(upTo: 200_000) == body)
    }

    @Test func aRequestThatEndsWhereTheBufferDoesIsFollowedByAnother() throws {
        let head = begin(keeps: true) + record(4, 1, CGITests.pair("A", "1")) + record(4, 1)
        for size in 65_780..<65_820 {
            let pair = Pair()
            let body = [UInt8](repeating: 7, count: size - head.count - 24)
            pair.sendMuch(head + record(5, 1, Array(body[..<60_000])) + record(5, 1, Array(body[60_000...])) + record(5, 1))
            #expect(try pair.next() != nil)
            try pair.connection.answer([])
            pair.send(head + record(5, 1))
            #expect(try pair.next() != nil, "\(size)")
        }
    }

    @Test func aLongAnswerIsCutIntoRecordsAndWholeAgain() throws {
        let pair = Pair()
        let connection = pair.connection
        let output = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        let framed = connection.framed(output)
        var (index, found): (Int, [UInt8]) = (0, [])
        while framed[index + 1] == 6 {
            let count = Int(framed[index + 4]) << 8 | Int(framed[index + 5])
            #expect((count + Int(framed[index + 6])) % 8 == 0)
            found += framed[index + 8..<index + 8 + count]
            index += 8 + count + Int(framed[index + 6])
        }
        #expect(found == output)
        #expect(framed.count - index == 16)
    }

    @Test func whatBreaksTheProtocolEndsTheConnection() {
        let big = [UInt8](repeating: 0x41, count: 65535)
        for (what, bytes) in [
            ("another version", [2] + record(1, 1).dropFirst()),
            ("a short BEGIN_REQUEST", record(1, 1, [0, 1])),
            ("a body before the parameters' end", begin() + record(5, 1, [1])),
            ("a second BEGIN_REQUEST of the same id", begin() + begin()),
            ("a length beyond the end", whole([1, 200, 0x41])),
            ("a length cut off", whole([0x80, 0, 0])),
            ("a length of 2 GiB", whole([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1])),
            ("no name", whole(pair("", "x"))), ("a name with =", whole(pair("A=B", "x"))),
            ("a NUL in a name", whole(pair("A\0", "x"))), ("a NUL in a value", whole(pair("A", "x\0y"))),
            ("an unknown type within a request", begin() + record(99, 1)),
            ("parameters of more than a mebibyte", begin() + (0..<17).flatMap { _ in record(4, 1, big) } + record(4, 1)),
        ] as [(String, [UInt8])] {
            let pair = Pair()
            pair.sendMuch(bytes)
            #expect(throws: FastCGIFault.malformed, "\(what)") { _ = try pair.next() }
        }
    }

    @Test func whatIsNotWholeIsNotTaken() throws {
        for bytes in [[], [1], begin(), begin() + record(4, 1, pair("A", "1")), begin() + record(4, 1) + record(5, 1, [1])] {
            let pair = Pair()
            pair.send(bytes)
            #expect(try pair.next(waiting: 20) == nil)
            #expect(pair.connection.isMidRequest == !bytes.isEmpty)
        }
        let lost = Pair()
        lost.send(begin())
        #expect(shutdown(lost.server.descriptor.number, Int32(SHUT_RDWR)) == 0)
        #expect(throws: FastCGIFault.lost) { _ = try lost.next() }
    }

    @Test func aRequestThatIsTakenBackEndsAlone() throws {
        let early = Pair()
        early.send(begin(keeps: true) + record(4, 1, pair("A", "1")) + record(2, 1) + begin() + record(4, 1) + record(5, 1))
        #expect(try early.next() != nil)
        #expect(early.received == ended)
        let late = Pair()
        late.send(begin() + record(4, 1, pair("A", "1")) + record(4, 1) + record(5, 1, [1]) + record(2, 1))
        #expect(try late.next() == nil)
        #expect(late.connection.isOver)
        #expect(late.received == ended)
    }

    @Test func anotherRequestOnTheSameConnectionIsRefused() throws {
        let pair = Pair()
        pair.send(begin() + begin(2) + record(4, 2, [1]) + record(4, 1, CGITests.pair("A", "1")) + record(4, 1) + record(5, 1))
        #expect(try pair.next()?.first("A") == "1")
        #expect(pair.received == [1, 3, 0, 2, 0, 8, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    }

    @Test func anotherRoleIsRefused() throws {
        let pair = Pair()
        pair.send(begin(role: 2, keeps: true) + record(4, 1) + record(5, 1) + whole(CGITests.pair("A", "1")))
        #expect(try pair.next()?.first("A") == "1")
        #expect(pair.received == [1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0])
    }

    @Test func theServersQuestionsAreAnswered() throws {
        let connection = Pair()
        connection.send(
            record(9, 0, pair("FCGI_MAX_CONNS", "") + pair("FCGI_MPXS_CONNS", "") + pair("FCGI_MPXS_CONNS", "")) + record(77, 0)
                + record(9, 0, [255]) + whole(pair("A", "1")))
        #expect(try connection.next()?.first("A") == "1")
        #expect(
            connection.received == record(10, 0, pair("FCGI_MPXS_CONNS", "0")) + record(11, 0, [77, 0, 0, 0, 0, 0, 0, 0])
                + record(10, 0))
    }

    @Test func aBodyBeyondAllBoundsIsNotReadToItsEnd() throws {
        let pair = Pair()
        pair.sendMuch(
            begin(keeps: true) + record(4, 1) + (0..<40).flatMap { _ in record(5, 1, [UInt8](repeating: 0, count: 65535)) })
        #expect(try pair.next() != nil)
        #expect(pair.connection.read(upTo: 1 << 30).count < 1 << 18)
        try pair.connection.answer([])
        #expect(pair.connection.isOver)
    }

    /// Any bytes are either a request or a fault.
    @Test func noBytesAreTooStrange() {
        var numbers = Numbers(state: 20)
        let good = whole(pair("REQUEST_METHOD", "POST") + pair("CONTENT_LENGTH", "5"), body: Array("hello".utf8))
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 0...4, using: &numbers) {
                bytes[Int.random(in: bytes.indices, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
            }
            if Bool.random(using: &numbers) { bytes = Array(bytes.prefix(Int.random(in: bytes.indices, using: &numbers))) }
            let pair = Pair()
            pair.send(bytes)
            do throws(FastCGIFault) {
                guard try pair.next(waiting: 0) != nil else { continue }
                #expect(pair.connection.read(upTo: 100).count <= 100)
                try pair.connection.answer([])
            } catch {
                #expect(error == .lost || error == .malformed)
            }
        }
    }
}

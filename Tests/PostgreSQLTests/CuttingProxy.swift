// Stands between libpq and the server, and ends the first connection at a chosen message.

import Foundation
import Platform
import Synchronization

/// A proxy with a socket in a folder of its own.
final class CuttingProxy: Sendable {
    /// When the chosen message ends the connection.
    enum Moment: CaseIterable, Sendable {
        /// The server does not get the message.
        case request
        /// The server gets it and answers, and the client does not get the answer.
        case answer
    }

    private let folder: String
    private let server: String
    private let listener: Int32
    private let cutAt: Int
    private let moment: Moment
    /// Typed messages of the first connection; connections so far; whether it was cut.
    private let state = Mutex((messages: 0, connections: 0, hasCut: false))

    /// Forwards to the server with the socket in `server`. The message number `cutAt` of the first connection, counted from
    /// 1 after the start-up message, ends it at `moment`.
    init(to server: String, cutAt: Int, _ moment: Moment) throws {
        self.server = server
        self.cutAt = cutAt
        self.moment = moment
        folder = NSTemporaryDirectory() + "proxy-" + UUID.random().text.prefix(8)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = CuttingProxy.address(folder)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
        }
        guard isBound == 0, listen(listener, 8) == 0 else { throw Refusal() }
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                let isFirst = state.withLock { state in
                    state.connections += 1
                    return state.connections == 1
                }
                Thread.detachNewThread { [self] in forward(client, isFirst: isFirst) }
            }
        }
    }

    /// How to reach it: a folder for `host=`.
    var host: String { folder }
    /// Whether it cut the connection.
    var hasCut: Bool { state.withLock { $0.hasCut } }

    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        _ = Foundation.close(listener)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func address(_ folder: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(folder)/.s.PGSQL.5432".utf8) }
        return address
    }

    private func forward(_ client: Int32, isFirst: Bool) {
        let upstream = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = CuttingProxy.address(server)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        let hasAnswered = DispatchSemaphore(value: 0)
        let hasEnded = DispatchSemaphore(value: 0)
        let muted = Muted()
        Thread.detachNewThread {
            while let bytes = read(upstream) {
                if muted.value.withLock({ $0 }) {
                    hasAnswered.signal()
                } else {
                    send(bytes, to: client)
                }
            }
            shutdown(client, Int32(SHUT_RDWR))
            hasEnded.signal()
        }
        copyRequests(from: client, to: upstream, isFirst: isFirst, muted, hasAnswered)
        shutdown(upstream, Int32(SHUT_RDWR))
        shutdown(client, Int32(SHUT_RDWR))
        hasEnded.wait()
        _ = Foundation.close(upstream)
        _ = Foundation.close(client)
    }

    private func copyRequests(
        from client: Int32, to upstream: Int32, isFirst: Bool, _ muted: Muted, _ hasAnswered: DispatchSemaphore
    ) {
        var waiting: [UInt8] = []
        var hasStarted = false
        while let bytes = read(client) {
            waiting += bytes
            // A message: a type of one byte, but for the first, and a length of four that counts itself.
            while waiting.count >= (hasStarted ? 5 : 4) {
                let start = hasStarted ? 1 : 0
                let length = waiting[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } + start
                guard waiting.count >= length else { break }
                let message = Array(waiting[..<length])
                waiting.removeFirst(length)
                if hasStarted, isFirst, isTheOne() {
                    if moment == .answer {
                        muted.value.withLock { $0 = true }
                        send(message + waiting, to: upstream)
                        _ = hasAnswered.wait(timeout: .now() + 2)
                    }
                    return
                }
                hasStarted = true
                send(message, to: upstream)
            }
        }
    }

    private func isTheOne() -> Bool {
        state.withLock { state in
            state.messages += 1
            if state.messages == cutAt { state.hasCut = true }
            return state.messages == cutAt
        }
    }

    private final class Muted: Sendable {
        let value = Mutex(false)
    }
}

/// What can be read now; nil at the end.
private func read(_ descriptor: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return count > 0 ? Array(bytes[..<count]) : nil
}

private func send(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}

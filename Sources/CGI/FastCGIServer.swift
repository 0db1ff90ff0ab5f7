// Answers requests with FastCGI (FastCGI Specification 1.0), one at a time, until a signal stops it.
//
// 1. It waits for all connections at once, up to a limit, and answers a request once it is complete: neither an idle nor a
//    slow connection delays others.
// 2. On SIGTERM, SIGINT or SIGUSR1 the process answers what has arrived or is arriving, up to a limit, and exits with 0. A
//    web server that uses a kept connection at that moment finds it closed, and has to retry.
// 3. After the maximum number of requests it restarts between two of them, in place and with the same connections, so that
//    a request that arrives meanwhile only waits.
// 4. A trap costs only the current request: its prepared answer is written, and the process restarts as in 3.

package import Platform

/// A process that serves requests.
package struct FastCGIServer {
    private let socket: ListeningSocket

    /// Accepts connections from `socket`, which already listens (FastCGI Specification 1.0 §2.2).
    package init(_ socket: ListeningSocket) {
        self.socket = socket
    }

    /// The most open connections, mostly idle: more than web servers keep to one process.
    private static let mostConnections = 64
    /// How long a web server may be silent within a request, or not accept the answer.
    private static let timeout = Duration.seconds(60)
    /// The same for the rest of a request after a stop signal.
    private static let stopTimeout = Duration.seconds(5)

    /// Answers requests, and exits with 0 after a stop signal; calls `turn` for each request.
    ///
    /// It restarts when `hasReachedMaxRequests` says so for the number of answered requests. It calls `ending` before it
    /// restarts or exits.
    package func serve(hasReachedMaxRequests: (_ count: Int) -> Bool, ending: () -> Void, _ turn: () -> Turn) -> Never {
        File.keepNewFilesPrivate()
        Signals.answerTraps()
        Signals.forgetChildren()
        let stop = socket.hearStopSignals()
        var connections = Succession.connections().map {
            FastCGIConnection($0.socket, timeout: FastCGIServer.timeout, isNew: $0.isNew, received: $0.received)
        }
        let executable = try? File.target(ofLink: "/proc/self/exe")
        if let executable { Succession.name(executable) }
        var count = 0
        var prefersNewcomers = false
        var (isEnding, last) = (false, Int.max)
        // The bytes that another process has read may contain complete requests.
        for connection in connections {
            connections.removeFirst()
            if FastCGIServer.answer(connection, among: connections, &count, turn) { connections.append(connection) }
        }
        serving: while count < last {
            if !isEnding, executable != nil, hasReachedMaxRequests(count) {
                ending()
                Succession.begin(FastCGIServer.handedOver(connections))
            }
            // In turns, so that neither starves the other.
            prefersNewcomers.toggle()
            switch socket.wait(
                isEnding ? nil : stop, connections.map { $0.socket }, prefersNewcomers: prefersNewcomers,
                atMost: FastCGIServer.wait(for: connections, isEnding: isEnding))
            {
            case .stop: (isEnding, last) = (true, count + FastCGIServer.mostConnections)
            case .nothing:
                if isEnding { break serving }
                let now = Uptime.now
                connections.removeAll { $0.isMidRequest && $0.lastHeard + FastCGIServer.timeout <= now }
            case .newcomer:
                let newcomer: Socket?
                do throws(SystemError) {
                    newcomer = try socket.accept()
                } catch {
                    // No descriptor or memory is left.
                    if connections.isEmpty { Command.sleep(Duration(milliseconds: 10)) } else { connections.removeFirst() }
                    continue
                }
                guard let socket = newcomer else { continue }
                // Closes the connection that has been idle longest.
                if connections.count == FastCGIServer.mostConnections { connections.removeFirst() }
                let connection = FastCGIConnection(socket, timeout: FastCGIServer.timeout)
                if FastCGIServer.answer(connection, among: connections, &count, turn) { connections.append(connection) }
            case .connection(let index):
                let connection = connections.remove(at: index)
                if FastCGIServer.answer(connection, among: connections, &count, turn) { connections.append(connection) }
            }
        }
        ending()
        Signals.exit(0)
    }

    /// How long to wait for any of `connections`: until the first one within a request has been silent for too long; nil:
    /// forever.
    private static func wait(for connections: [FastCGIConnection], isEnding: Bool) -> Duration? {
        if isEnding {
            if connections.contains(where: { $0.isMidRequest }) { return stopTimeout }
            // A server that has just connected is about to send a request.
            return connections.contains { $0.isNew } ? .seconds(1) : .seconds(0)
        }
        var first: Duration?
        for connection in connections where connection.isMidRequest {
            let end = connection.lastHeard + timeout
            if let known = first, known <= end { continue }
            first = end
        }
        guard let first else { return nil }
        return Duration(milliseconds: max(0, first.milliseconds - Uptime.now.milliseconds))
    }

    private static func handedOver(_ connections: [FastCGIConnection]) -> [Succession.Connection] {
        connections.map { .init(socket: $0.socket, isNew: $0.isNew, received: $0.isMidRequest ? $0.unfinished : []) }
    }

    /// Reads from `connection`, and answers each complete request. Returns whether to keep the connection. `others` are
    /// the connections that survive a trap.
    static func answer(
        _ connection: FastCGIConnection, among others: [FastCGIConnection], _ count: inout Int, _ turn: () -> Turn
    ) -> Bool {
        do throws(FastCGIFault) {
            guard try connection.receive() else { return true }
            while let parameters = try connection.take() {
                count += 1
                try answer(parameters, on: connection, among: others, turn())
            }
        } catch {
            return false
        }
        return !connection.isOver
    }

    private static func answer(
        _ parameters: Parameters, on connection: FastCGIConnection, among others: [FastCGIConnection], _ turn: Turn
    ) throws(FastCGIFault) {
        Succession.prepare(handedOver(others))
        Signals.layReady(connection.framed(turn.trapped), on: connection.socket.descriptor)
        defer {
            Signals.forgetTrapAnswer()
            Succession.forget()
        }
        let request = Request(
            parameters: parameters, input: { connection.read(upTo: $0) }, errors: { connection.log($0) })
        let answer = turn.answer(request).serialized(headOnly: request.method == .head)
        Signals.forgetTrapAnswer()
        try connection.answer(answer)
    }
}

// Answers requests by FastCGI (FastCGI Specification 1.0), one at a time, until told to stop.
//
// 1. All connections are waited for at once, up to a number, and a request is answered once it is whole: neither one that
//    is idle nor one that sends slowly keeps others waiting.
// 2. Told to stop by SIGTERM, SIGINT or SIGUSR1, the process answers what has come or is on its way, up to a number, and
//    ends with 0. A web server that asks on a kept connection at that moment finds it closed, and has to ask again.
// 3. When it has answered as many requests as it may, it begins anew between two of them, in the same place and with the
//    same connections, so that a request that comes meanwhile only waits.
// 4. A trap costs the request at hand: its answer is written, and the process begins anew as in 3.

package import Platform

/// A process that serves.
package struct FastCGIServer {
    private let socket: ListeningSocket

    /// Takes connections from `socket`, which listens already (FastCGI Specification 1.0 §2.2).
    package init(_ socket: ListeningSocket) {
        self.socket = socket
    }

    /// Connections that are open at once, idle ones mostly: more than web servers keep to one process.
    private static let mostConnections = 64
    /// How long a web server may be silent within a request, or not take the answer.
    private static let timeout = Duration.seconds(60)
    /// The same for the rest of a request once the process was told to stop.
    private static let stopTimeout = Duration.seconds(5)

    /// Answers requests, and ends the process with 0 when it is told to stop; `turn` is asked for each request.
    ///
    /// It begins anew when `hasReachedMaxRequests` says so of the number of requests that were answered; before either,
    /// `ending` is called.
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
        // What another process has read may hold whole requests.
        for connection in connections {
            connections.removeFirst()
            if FastCGIServer.answer(connection, among: connections, &count, turn) { connections.append(connection) }
        }
        serving: while count < last {
            if !isEnding, executable != nil, hasReachedMaxRequests(count) {
                ending()
                Succession.begin(FastCGIServer.handedOver(connections))
            }
            // By turns, so that neither can keep the other out.
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
                    // No descriptor is left, or no memory.
                    if connections.isEmpty { Command.sleep(Duration(milliseconds: 10)) } else { connections.removeFirst() }
                    continue
                }
                guard let socket = newcomer else { continue }
                // The one that has been idle for the longest has to go.
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

    /// How long to wait for any of `connections`: until the first that is within a request has been silent for too long;
    /// nil: for ever.
    private static func wait(for connections: [FastCGIConnection], isEnding: Bool) -> Duration? {
        if isEnding {
            if connections.contains(where: { $0.isMidRequest }) { return stopTimeout }
            // A server that has connected just now is about to ask.
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

    /// Takes what has come on `connection`, and answers each request that is whole; whether it is to be kept. `others` are
    /// the connections that outlive a trap.
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

// Answers requests by FastCGI, one at a time, until told to stop.
//
// 1. A connection that is open and idle keeps nobody waiting: all are waited for at once, up to a number.
// 2. Told to stop by SIGTERM, SIGINT or SIGUSR1, the process answers the request at hand and what waits for it
//    already, up to a number, and ends with 0. Who asks again on a kept connection at that moment finds it closed, as at
//    any web server's keep-alive time-out, and has to ask again.
// 3. Spent, it begins anew between two requests, in the same place and with the same connections, so that whoever asks
//    meanwhile only waits.

import System

/// A process that serves.
struct FastCGIServer {
    private let socket: ListeningSocket

    init(_ socket: ListeningSocket) {
        self.socket = socket
    }

    /// Connections that are open at once, idle ones mostly: more than web servers keep to one process.
    private static let mostConnections = 64
    /// How long a web server may be silent within a request, or not take the answer.
    private static let patience = Duration.seconds(60)

    func serve(isSpent: (_ count: Int) -> Bool, ending: () -> Void, _ turn: () -> Turn) -> Never {
        Signals.forgetChildren()
        let stop = socket.hearStopSignals()
        var connections = socket.handedOver().map {
            FastCGIConnection($0.socket, patience: FastCGIServer.patience, isNew: $0.isNew)
        }
        var count = 0
        var prefersNewcomers = false
        let executable = try? File.target(ofLink: "/proc/self/exe")
        var (isEnding, last) = (false, Int.max)
        serving: while count < last {
            if !isEnding, let executable, isSpent(count) {
                ending()
                socket.handOver(connections.map { .init(socket: $0.socket, isNew: $0.isNew) })
                Command.replaceThisProcess(by: executable)
            }
            // Whoever has connected just now is about to ask.
            let wait: Duration? = isEnding ? (connections.contains { $0.isNew } ? .seconds(1) : .seconds(0)) : nil
            // By turns, so that neither can keep the other out.
            prefersNewcomers.toggle()
            switch socket.wait(
                isEnding ? nil : stop, connections.map { $0.socket }, prefersNewcomers: prefersNewcomers, atMost: wait)
            {
            case .stop: (isEnding, last) = (true, count + FastCGIServer.mostConnections)
            case .nothing: break serving
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
                let connection = FastCGIConnection(socket, patience: FastCGIServer.patience)
                if FastCGIServer.answer(connection, &count, turn) { connections.append(connection) }
            case .connection(let index):
                let connection = connections.remove(at: index)
                if FastCGIServer.answer(connection, &count, turn) { connections.append(connection) }
            }
        }
        ending()
        Signals.exit(0)
    }

    /// Answers the request that comes on `connection`, if one does, and those that came with it; whether it is to
    /// be kept.
    static func answer(_ connection: FastCGIConnection, _ count: inout Int, _ turn: () -> Turn) -> Bool {
        do throws(FastCGIFault) {
            guard try connection.isReady() else { return true }
            repeat {
                guard let parameters = try connection.begin() else { continue }
                count += 1
                try answer(parameters, on: connection, turn())
            } while connection.isKept && connection.hasUnread
        } catch {
            return false
        }
        return connection.isKept
    }

    private static func answer(
        _ parameters: Parameters, on connection: FastCGIConnection, _ turn: Turn
    ) throws(FastCGIFault) {
        Signals.layReady(connection.framed(turn.trapped), on: connection.socket.descriptor)
        defer { Signals.forgetTrapAnswer() }
        let request = Request(
            parameters: parameters, input: { connection.read(upTo: $0) }, errors: { connection.log($0) })
        let answer = turn.answer(request).serialized(headOnly: request.method == .head)
        try connection.discardInput()
        Signals.forgetTrapAnswer()
        try connection.answer(answer)
    }
}

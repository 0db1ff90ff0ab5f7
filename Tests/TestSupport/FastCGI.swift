// A web server's side of FastCGI: processes on one listening socket, and connections to it, record by record.

import API
import Foundation
import Glibc

/// Whether handlers run by FastCGI, in persistent processes, instead of by CGI, in one process for each request.
package let isFastCGI = ProcessInfo.processInfo.environment["LATCHKEY_TEST_GATEWAY"] == "fastcgi"

/// Processes of one executable that share a listening socket on descriptor 0; deinit stops them.
package final class FastCGIProcesses: @unchecked Sendable {
    private let name = "latchkey-test-\(Foundation.UUID().uuidString)"
    private let listening: Int32
    private let path: String
    private let arguments: [String]
    private let endpoint: String
    private let environment: [String: String]
    private let lock = NSLock()
    private var running: [Int32] = []
    /// Their standard error.
    private let errors: Int32

    /// Starts `count` of them with only `environment`; their standard error goes to the file `errors`. Requests that name no
    /// path go to `endpoint`.
    package init(
        _ path: String, _ arguments: [String] = [], environment: [String: String], count: Int = 1,
        errors: String = "/dev/null", endpoint: String = ""
    ) {
        self.endpoint = endpoint
        self.path = path
        self.arguments = arguments
        self.environment = TestDatabase.named(in: environment)
        listening = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.errors = open(errors, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        precondition(FastCGIProcesses.call(bind, listening, name) == 0 && listen(listening, 128) == 0)
        for _ in 0..<count { start() }
    }

    deinit {
        for id in running { kill(id, SIGKILL) }
        for id in running { _ = FastCGIProcesses.wait(id, 0) }
        close(listening)
        close(errors)
    }

    package var ids: [Int32] { lock.withLock { running } }

    /// Starts one more.
    package func start() {
        starting.lock()
        defer { starting.unlock() }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, listening, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        let id = spawn(
            path, cStrings([path] + arguments), cStrings(environment.map { "\($0.key)=\($0.value)" }), &actions)
        lock.withLock { running.append(id) }
    }

    /// Starts a replacement for each process that has ended.
    package func replaceEnded() {
        for id in ids where FastCGIProcesses.wait(id, WNOHANG) != nil {
            lock.withLock { running.removeAll { $0 == id } }
            start()
        }
    }

    /// Sends `signal` to the only process.
    package func signal(_ signal: Int32) {
        for id in ids { kill(id, signal) }
    }

    /// The exit code of the only process, once it has ended by itself; nil if it is still running after ten seconds.
    package func exitCode() -> Int32? {
        guard let id = ids.first else { return nil }
        for _ in 0..<400 {
            if let code = FastCGIProcesses.wait(id, WNOHANG) {
                lock.withLock { running.removeAll { $0 == id } }
                return code
            }
            Thread.sleep(forTimeInterval: 0.025)
        }
        return nil
    }

    /// A new connection.
    package func connect() -> FastCGIClient {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 90, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        precondition(FastCGIProcesses.call(Glibc.connect, descriptor, name) == 0)
        return FastCGIClient(descriptor, endpoint: endpoint)
    }

    /// Sends a request on a new connection.
    package func ask(_ variables: [String: String], body: String = "") -> FastCGIAnswer {
        connect().ask(variables, body: Array(body.utf8))
    }

    private static func wait(_ id: Int32, _ options: Int32) -> Int32? {
        var status: Int32 = 0
        guard waitpid(id, &status, options) == id else { return nil }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }

    /// The socket's name is in Linux's abstract namespace, which needs no file.
    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ socket: Int32, _ name: String
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            for (index, byte) in name.utf8.enumerated() { path[index + 1] = byte }
        }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(socket, $0, socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count))
            }
        }
    }
}

/// The result of one request.
package struct FastCGIAnswer: Sendable {
    package let output: [UInt8]
    package let errors: String
    /// `protocolStatus` of END_REQUEST (§5.5); nil if the connection ended without one.
    package let status: UInt8?

    package var answer: Answer { Answer(output) }
}

/// One connection to a FastCGI process.
package final class FastCGIClient: @unchecked Sendable {
    private let descriptor: Int32
    private let endpoint: String

    init(_ descriptor: Int32, endpoint: String) {
        self.descriptor = descriptor
        self.endpoint = endpoint
    }

    deinit {
        close()
    }

    private var isOpen = true

    package func close() {
        if isOpen { Glibc.close(descriptor) }
        isOpen = false
    }

    /// Sends one record as it is.
    package func send(_ type: UInt8, _ request: UInt16 = 1, _ content: [UInt8] = [], padding: UInt8 = 0) {
        let count = content.count
        send(
            [1, type, UInt8(request >> 8), UInt8(request & 255), UInt8(count >> 8), UInt8(count & 255), padding, 0]
                + content + [UInt8](repeating: 0xAA, count: Int(padding)))
    }

    /// Sends any bytes.
    package func send(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            done += count
        }
    }

    /// Begins a request, with its parameters; the variables in `again` are sent a second time.
    package func begin(
        _ variables: [String: String], again: [String: String] = [:], request: UInt16 = 1, keeps: Bool = false, role: UInt8 = 1
    ) {
        send(1, request, [0, role, keeps ? 1 : 0, 0, 0, 0, 0, 0])
        send(4, request, FastCGIClient.pairs(addressed(endpoint, variables)) + FastCGIClient.pairs(again), padding: 5)
        send(4, request)
    }

    /// Sends the body, and its end.
    package func finish(_ body: [UInt8], request: UInt16 = 1) {
        var start = 0
        while start < body.count {
            let end = min(start + 40000, body.count)
            send(5, request, Array(body[start..<end]), padding: 3)
            start = end
        }
        send(5, request)
    }

    /// Sends a whole request and returns the result.
    package func ask(_ variables: [String: String], body: [UInt8] = [], keeps: Bool = false) -> FastCGIAnswer {
        begin(variables, keeps: keeps)
        finish(body)
        return answer()
    }

    /// Everything received until the request `request` ends.
    package func answer(to request: UInt16 = 1) -> FastCGIAnswer {
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        while let record = receive() {
            guard record.request == request else { continue }
            switch record.type {
            case 6: output += record.content
            case 7: errors += record.content
            case 3:
                return FastCGIAnswer(
                    output: output, errors: String(decoding: errors, as: UTF8.self), status: record.content[4])
            default: break
            }
        }
        return FastCGIAnswer(output: output, errors: String(decoding: errors, as: UTF8.self), status: nil)
    }

    /// The next record; nil at the connection's end.
    package func receive() -> (type: UInt8, request: UInt16, content: [UInt8])? {
        guard let header = receive(8) else { return nil }
        let count = Int(header[4]) << 8 | Int(header[5])
        guard let content = receive(count + Int(header[6])) else { return nil }
        return (header[1], UInt16(header[2]) << 8 | UInt16(header[3]), Array(content[..<count]))
    }

    /// Whether the other side closes within 90 seconds without sending anything.
    package var isEnded: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, 0)
        return count == 0 || count < 0 && errno == ECONNRESET
    }

    private func receive(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + done, count - done, 0) }
            if read <= 0 { return nil }
            done += read
        }
        return bytes
    }

    /// `variables` as names and values (§3.4).
    package static func pairs(_ variables: [String: String]) -> [UInt8] {
        func length(_ text: String) -> [UInt8] {
            let count = UInt32(text.utf8.count)
            if count < 128 { return [UInt8(count)] }
            return [UInt8(count >> 24 | 0x80), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
        }
        return variables.flatMap { length($0.key) + length($0.value) + Array($0.key.utf8) + Array($0.value.utf8) }
    }
}

/// `variables` of a request to the executable `name`, plus the path that a client asks for if they do not have it.
package func addressed(_ name: String, _ variables: [String: String]) -> [String: String] {
    guard variables["REQUEST_URI"] == nil, let route = Route.all.first(where: { $0.name.description == name }) else {
        return variables
    }
    // By CGI the rest of the path starts with the first id.
    let words = route.path.prefix { $0 != nil }.map { "/\($0!)" }.joined()
    let rest = (variables["PATH_INFO"] ?? "").addingPercentEncoding(withAllowedCharacters: .urlPathAllowed)!
    return variables.merging(["REQUEST_URI": words + rest]) { $1 }
}

/// The processes that stay while a `Home` is in use: two for each set of settings.
final class FastCGIPool: @unchecked Sendable {
    private let lock = NSLock()
    private var processes: [String: FastCGIProcesses] = [:]

    func processes(environment: [String: String]) -> FastCGIProcesses {
        let key = environment.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "\n")
        return lock.withLock {
            if let known = processes[key] {
                known.replaceEnded()
                return known
            }
            let new = FastCGIProcesses("\(executables)/latchkey-fcgi", environment: environment, count: 2)
            processes[key] = new
            return new
        }
    }

    func stop() {
        lock.withLock { processes = [:] }
    }
}

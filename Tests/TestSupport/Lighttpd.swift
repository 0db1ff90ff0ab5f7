// A real lighttpd with the project's own configuration, on a free loopback port, for the duration of a test.

import Foundation
import Glibc

/// A running server; deinit stops it by its process id.
package final class Lighttpd: @unchecked Sendable {
    package let port: UInt16
    package let home: Home
    private let process: Int32

    /// `configuration` is a file next to the project's own, or an absolute path; `variables` are in the server's environment.
    package init(_ home: Home = Home(), configuration: String = "lighttpd.conf", variables: [String: String] = [:]) {
        self.home = home
        port = Lighttpd.freePort()
        let script = "cd \"$1\" && exec lighttpd -D -f \"$3\" 2>>\"$2\" >/dev/null </dev/null"
        let log = "\(NSTemporaryDirectory())\((home.path as NSString).lastPathComponent).log"
        logPath = log
        let argv = cStrings(["/bin/sh", "-c", script, "sh", projectFolder, log, configuration])
        let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PORT": "\(port)", "LATCHKEY_HOME": home.path]
            .merging(isFastCGI ? ["LATCHKEY_FASTCGI": "1"] : [:]) { $1 }.merging(variables) { $1 }
        let envp = cStrings(TestDatabase.named(in: environment).map { "\($0.key)=\($0.value)" })
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        process = spawn("/bin/sh", argv, envp, &actions)
        for _ in 0..<200 {
            if let socket = Lighttpd.connect(to: port) {
                close(socket)
                return
            }
            Thread.sleep(forTimeInterval: 0.025)
        }
        fatalError("lighttpd does not answer: \(self.log)")
    }

    private let logPath: String

    /// The standard error of the server and its handlers.
    package var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    deinit {
        kill(process, SIGTERM)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        unlink(logPath)
    }

    /// Sends `request` unchanged, and returns everything until the server closes. Lines end in CR LF.
    package func exchange(_ request: String) -> Answer {
        guard let socket = Lighttpd.connect(to: port) else { return Answer([]) }
        defer { close(socket) }
        let text = request.replacingOccurrences(of: "\r\n", with: "\n").replacingOccurrences(of: "\n", with: "\r\n")
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(socket, $0.baseAddress!, $0.count) }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(socket, &chunk, chunk.count)
            if count <= 0 { break }
            answer += chunk[..<count]
        }
        return Answer(answer)
    }

    /// Sends a request with a JSON body and its length.
    package func send(_ line: String, _ headers: [String] = [], body: String? = nil) -> Answer {
        var lines = ["\(line) HTTP/1.1", "Host: localhost:\(port)", "Accept: */*", "Connection: close"] + headers
        if let body {
            lines += ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
        }
        return exchange(lines.joined(separator: "\n") + "\n\n" + (body ?? ""))
    }

    /// Connects, sends `text`, and resets the connection without reading.
    package func abandon(_ text: String) {
        guard let socket = Lighttpd.connect(to: port) else { return }
        _ = Array(text.utf8).withUnsafeBytes { write(socket, $0.baseAddress!, $0.count) }
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(socket)
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ socket: Int32, _ port: UInt16
    ) -> Int32 {
        var address = address(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func connect(to port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if call(Glibc.connect, descriptor, port) == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private static func freePort() -> UInt16 {
        while true {
            // Below the ephemeral ports: a client could otherwise take the port before the server does.
            let port = UInt16.random(in: 20000..<32768)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            if call(bind, descriptor, port) == 0 { return port }
        }
    }
}

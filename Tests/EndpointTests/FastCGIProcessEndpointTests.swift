// FastCGI processes: how they start, trap and end, what they write, and how much memory they use.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct FastCGIProcessEndpointTests {
    let home = Home(settings: "resend_after = 0s")

    @Test(arguments: [SIGTERM, SIGINT, SIGUSR1])
    func toldToStopItAnswersWhatItHasBegunAndEndsWithZero(_ signal: Int32) {
        let body = #"{"email":"ada@example.com"}"#
        let busy = home.processes("send-code")
        let request = busy.connect()
        request.begin(postRequest(body))
        Thread.sleep(forTimeInterval: 0.2)
        busy.signal(signal)
        Thread.sleep(forTimeInterval: 0.1)
        request.finish(Array(body.utf8))
        #expect(request.answer().answer.status == 202)
        #expect(busy.exitCode() == 0)
        let idle = home.processes("send-code")
        let kept = idle.connect()
        #expect(kept.ask(["REQUEST_METHOD": "GET"], keeps: true).answer.status == 405)
        idle.signal(signal)
        #expect(idle.exitCode() == 0)
    }

    @Test func aSpentProcessBeginsAnewBetweenRequests() throws {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("current-user", ["LATCHKEY_FASTCGI_REQUESTS": "3"])
        // Settings that just changed are read for each request; later they are remembered.
        Thread.sleep(forTimeInterval: 2.1)
        let kept = process.connect()
        let silent = process.connect()
        let id = try #require(process.ids.first)
        let sockets = {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").filter {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/fd/\($0)"))?.hasPrefix("socket:") == true
            }.count
        }
        #expect(kept.ask(ada.getRequest, keeps: true).answer.status == 200)
        // The listening socket, two connections once both are accepted, and one to PostgreSQL.
        for _ in 0..<400 where try sockets() < (isPostgreSQL ? 4 : 3) { shortPause() }
        let before = try sockets()
        for _ in 0..<2 { #expect(kept.ask(ada.getRequest, keeps: true).answer.status == 200) }
        // It keeps its connections, including those without a request yet.
        for _ in 0..<20 { #expect(kept.ask(ada.getRequest, keeps: true).answer.status == 200) }
        #expect(silent.ask(ada.getRequest, keeps: true).answer.status == 200)
        // As many as before its first restart. A process that has just begun anew has no connection to PostgreSQL yet.
        let after = try sockets()
        #expect(after == before || (isPostgreSQL && after == before - 1))
        // Connections that the environment names for another process are ignored.
        let fooled = home.processes("current-user", ["FASTCGI_KEPT_CONNECTIONS": "0 1 2 999 -1 x 99999999999"])
        #expect(fooled.ask(ada.getRequest).answer.status == 200)
        // Clients that connect meanwhile wait, and the process keeps its id.
        for _ in 0..<20 { #expect(process.ask(ada.getRequest).answer.status == 200) }
        process.signal(SIGTERM)
        #expect(process.exitCode() == 0)
    }

    @Test func logLinesGoToTheServer() {
        let errors = "\(home.path)/stderr"
        let process = home.processes("send-code", errors: errors)
        let body = #"{"email":"ada@example.com"}"#
        let answer = process.ask(postRequest(body), body: body)
        #expect(answer.answer.status == 202)
        #expect(answer.errors.contains("ip=192.0.2.7 endpoint=send-code status=202 outcome=ok"))
        #expect(answer.errors.contains("request=\(answer.answer.header("X-Request-Id") ?? "none")\n"))
        #expect(try! String(contentsOfFile: errors, encoding: .utf8) == "")
        #expect(home.code(for: "ada@example.com") != "")
    }

    /// A deliverer holds nothing of the process that started it, and leaves no zombie.
    @Test func delivererIsLeftBehind() throws {
        let started = "\(home.path)/started"
        let command = "\(home.path)/mailer"
        try """
        #!/bin/sh
        cat >/dev/null
        for one in /proc/$PPID/fd/* /proc/self/fd/*; do readlink $one; done >"\(started).part"
        grep -E '^Sig(Blk|Ign)' /proc/$PPID/status >>"\(started).part"
        mv "\(started).part" "\(started)"
        """.write(toFile: command, atomically: true, encoding: .utf8)
        chmod(command, 0o700)
        let process = home.processes("send-code", ["LATCHKEY_MAIL": "sendmail \(command)"])
        let body = #"{"email":"ada@example.com"}"#
        let kept = process.connect()
        kept.begin(postRequest(body), keeps: true)
        kept.finish(Array(body.utf8))
        #expect(kept.answer().answer.status == 202)
        for _ in 0..<400 where access(started, F_OK) != 0 { shortPause() }
        let seen = try String(contentsOfFile: started, encoding: .utf8)
        // The deliverer has a connection of its own to PostgreSQL, and the mailer does not inherit it.
        let sockets = seen.split(separator: "\n").count { $0.hasPrefix("socket:") }
        #expect(sockets == (isPostgreSQL ? 1 : 0), "\(seen)")
        #expect(seen.contains("SigBlk:\t0000000000000000"), "\(seen)")
        // SIGCHLD is signal 17.
        let ignored = seen.components(separatedBy: "SigIgn:\t").last.flatMap { UInt64($0.prefix(16), radix: 16) }
        #expect(ignored.map { $0 & 1 << 16 } == 0, "\(seen)")
        for _ in 0..<400 where home.count("SELECT count(*) FROM mail_items") != 0 { shortPause() }
        #expect(home.count("SELECT count(*) FROM mail_items") == 0)
        Thread.sleep(forTimeInterval: 0.2)
        let children = Program.run("ps", ["--ppid", String(process.ids[0]), "-o", "stat="])
        #expect(String(decoding: children.output, as: UTF8.self) == "")
    }

    /// Makes the process trap during a request that waits for the database; returns the answer.
    private func trap(_ process: FastCGIProcesses, _ signal: Int32, _ person: Person) -> FastCGIAnswer {
        let holder = ExclusiveLock(home)
        let body = #"{"full_name":"Ada"}"#
        let client = process.connect()
        client.begin(
            addressed("update-user", person.bearer.merging(postRequest(body).merging(["REQUEST_METHOD": "PATCH"]) { $1 }) { $1 }))
        client.finish(Array(body.utf8))
        Thread.sleep(forTimeInterval: 0.3)
        process.signal(signal)
        let answer = client.answer()
        #expect(client.isEnded)
        holder.release()
        return answer
    }

    @Test(arguments: [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP])
    func aTrapCostsOneRequest(_ signal: Int32) throws {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("send-code")
        let id = try #require(process.ids.first)
        let me = addressed("current-user", ada.getRequest)
        // A client that may ask again, one that has not asked, one that has sent part of a request, and one that will connect.
        let kept = process.connect()
        #expect(kept.ask(me, keeps: true).answer.status == 200)
        let silent = process.connect()
        let body = #"{"email":"eve@example.com"}"#
        let partial = process.connect()
        partial.begin(postRequest(body), keeps: true)
        partial.send(5, 1, Array(body.utf8.prefix(9)))
        #expect(process.ask(me).answer.status == 200)
        let answer = trap(process, signal, ada)
        #expect(answer.status == 0)
        #expect(answer.answer.code == "internal_error" && answer.answer.status == 500)
        #expect(answer.answer.header("Content-Length") == String(answer.answer.body.utf8.count))
        #expect(answer.answer.header("X-Request-Id") == answer.answer.field("request_id"))
        #expect(process.ask(me).answer.status == 200)
        #expect(kept.ask(me, keeps: true).answer.status == 200)
        #expect(silent.ask(me, keeps: true).answer.status == 200)
        partial.send(5, 1, Array(body.utf8.dropFirst(9)))
        partial.send(5)
        #expect(partial.answer().answer.status == 202)
        // The server sees the same process, which then traps again.
        #expect(process.ids == [id] && kill(id, 0) == 0)
        #expect(trap(process, signal, ada).answer.status == 500)
        #expect(kept.ask(me, keeps: true).answer.status == 200)
    }

    @Test func withoutASocketItServesNobody() {
        let path = "\(executables)/latchkey-fcgi"
        let alone = Program(path, environment: ["LATCHKEY_HOME": home.path]).finish()
        #expect(alone.exitCode == 64 && alone.errors.contains("not a listening socket") && alone.output.isEmpty)
        let asked = Program(
            path, environment: ["LATCHKEY_HOME": home.path, "REQUEST_METHOD": "GET", "REQUEST_URI": "/cgi-bin/latchkey-fcgi"]
        ).finish()
        #expect(Answer(asked.output).code == "not_found" && asked.exitCode == 0)
    }

    @Test func standardOutputAndErrorMayBeClosed() {
        let ada = home.signIn("ada@example.com")
        let process = FastCGIProcesses(
            "/bin/sh", ["-c", #"exec "$0" >&- 2>&-"#, "\(executables)/latchkey-fcgi"], environment: ["LATCHKEY_HOME": home.path],
            endpoint: "current-user")
        for _ in 0..<3 { #expect(process.ask(ada.getRequest).answer.status == 200) }
        for number in 1...2 {
            #expect(
                try! FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process.ids[0])/fd/\(number)") == "/dev/null")
        }
    }

    /// Memory stays as after the first thousand requests; `make torture` sends more.
    @Test func memoryStaysAsItIs() {
        let ada = home.signIn("ada@example.com")
        for (name, variables, body) in [
            ("current-user", ada.getRequest, ""),
            ("current-user", ["REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": "Bearer x"], ""),
            ("list-sessions", ada.getRequest, ""), ("create-api-key", ada.onProject.merging(postRequest("{}")) { $1 }, "{}"),
        ] {
            let process = home.processes(name)
            let client = process.connect()
            func memory() -> Int {
                let status = try! String(contentsOfFile: "/proc/\(process.ids[0])/status", encoding: .utf8)
                return Int(status.components(separatedBy: "VmRSS:").last!.split(whereSeparator: \.isWhitespace).first!)!
            }
            func ask(_ count: Int) {
                for _ in 0..<count { _ = client.ask(variables, body: Array(body.utf8), keeps: true) }
            }
            ask(1000)
            let before = memory()
            ask(3000)
            #expect(memory() - before <= 64, "\(name): \(before) kB, then \(memory()) kB")
        }
    }
}

// Processes that stay: what they keep, what they look at again for every request, and how they end.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct FastCGITests {
    private let home = Home(settings: "resend_after = 0s")

    /// Processes of the one executable; requests to them that name no path are for the endpoint `name`.
    private func processes(
        _ name: String, _ environment: [String: String] = [:], count: Int = 1, errors: String = "/dev/null"
    ) -> FastCGIProcesses {
        FastCGIProcesses(
            "\(executables)/latchkey-fcgi", environment: ["LATCHKEY_HOME": home.path].merging(environment) { $1 }, count: count,
            errors: errors, endpoint: name)
    }

    private func get(_ person: Person) -> [String: String] { person.bearer.merging(["REQUEST_METHOD": "GET"]) { $1 } }

    private func post(_ body: String) -> [String: String] {
        ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(body.utf8.count), "REMOTE_ADDR": "192.0.2.7"]
    }

    @Test func manyRequestsOnOneConnectionAndOneAConnection() {
        let ada = home.signIn("ada@example.com")
        let expected = home.get("current-user", ada.bearer).shown
        let process = processes("current-user")
        let kept = process.connect()
        for _ in 0..<20 {
            let answer = kept.ask(get(ada), body: [7], keeps: true)
            #expect(answer.status == 0 && answer.errors == "")
            #expect(answer.answer.shown == expected)
        }
        // An open connection that says nothing keeps nobody waiting.
        let silent = process.connect()
        let begun = process.connect()
        for _ in 0..<20 { #expect(process.ask(get(ada)).answer.shown == expected) }
        #expect(kept.ask(get(ada)).answer.shown == expected)
        #expect(kept.isEnded)
        #expect(begun.ask(get(ada)).answer.shown == expected)
        silent.close()
    }

    @Test func moreConnectionsThanItKeepsEndTheOldest() {
        let ada = home.signIn("ada@example.com")
        let process = processes("current-user")
        let connections = (0..<65).map { _ in process.connect() }
        #expect(process.ask(get(ada)).answer.status == 200)
        #expect(connections[0].isEnded)
        #expect(connections[64].ask(get(ada)).answer.status == 200)
    }

    @Test func whoIsIdleGivesWayWhenDescriptorsRunOut() throws {
        let ada = home.signIn("ada@example.com")
        let process = processes("current-user")
        // Until settings and key are remembered, each request opens their files.
        Thread.sleep(forTimeInterval: 2.1)
        #expect(process.ask(get(ada)).answer.status == 200)
        let id = try #require(process.ids.first)
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").compactMap { Int($0) }
        // The number below which five are free.
        let limit = (0...).lazy.filter { !open.contains($0) }.prefix(6).max()!
        let limiting = try Process.run(URL(filePath: "/usr/bin/prlimit"), arguments: ["--pid", "\(id)", "--nofile=\(limit)"])
        limiting.waitUntilExit()
        try #require(limiting.terminationStatus == 0)
        let idle = (0..<20).map { _ in process.connect() }
        #expect(process.ask(get(ada)).answer.status == 200)
        #expect(idle[0].isEnded)
        #expect(idle[19].ask(get(ada)).answer.status == 200)
    }

    @Test func thoseWhoAreConnectedKeepNobodyOut() {
        let body = #"{"email":"ada@example.com","code":"00000000"}"#
        let process = processes(
            "verify-code", ["LATCHKEY_LIMIT_VERIFY_PER_IP": "off", "LATCHKEY_LIMIT_FAILURES_PER_EMAIL": "off"])
        let (isOver, ended) = (NSCondition(), DispatchGroup())
        nonisolated(unsafe) var goesOn = true
        for _ in 0..<2 {
            let (kept, variables) = (process.connect(), post(body))
            ended.enter()
            Thread {
                while isOver.withLock({ goesOn }) { _ = kept.ask(variables, body: Array(body.utf8), keeps: true) }
                ended.leave()
            }.start()
        }
        Thread.sleep(forTimeInterval: 0.5)
        let start = ContinuousClock.now
        #expect(process.ask(post(body), body: body).answer.code == "invalid_code")
        #expect(ContinuousClock.now - start < .seconds(5))
        isOver.withLock { goesOn = false }
        ended.wait()
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGUSR1])
    func toldToStopItAnswersWhatItHasBegunAndEndsWithZero(_ signal: Int32) {
        let body = #"{"email":"ada@example.com"}"#
        let busy = processes("send-code")
        let request = busy.connect()
        request.begin(post(body))
        Thread.sleep(forTimeInterval: 0.2)
        busy.signal(signal)
        Thread.sleep(forTimeInterval: 0.1)
        request.finish(Array(body.utf8))
        #expect(request.answer().answer.status == 202)
        #expect(busy.exitCode() == 0)
        let idle = processes("send-code")
        let kept = idle.connect()
        #expect(kept.ask(["REQUEST_METHOD": "GET"], keeps: true).answer.status == 405)
        idle.signal(signal)
        #expect(idle.exitCode() == 0)
    }

    @Test func aSpentProcessBeginsAnewBetweenRequests() throws {
        let ada = home.signIn("ada@example.com")
        let process = processes("current-user", ["LATCHKEY_FASTCGI_REQUESTS": "3"])
        // Settings that were changed just now are read for each request, and remembered from then on.
        Thread.sleep(forTimeInterval: 2.1)
        let kept = process.connect()
        let silent = process.connect()
        let id = try #require(process.ids.first)
        let sockets = {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").filter {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/fd/\($0)"))?.hasPrefix("socket:") == true
            }.count
        }
        #expect(kept.ask(get(ada), keeps: true).answer.status == 200)
        // The listening one, and two connections once both have been taken.
        for _ in 0..<400 where try sockets() < 3 { shortPause() }
        let before = try sockets()
        for _ in 0..<2 { #expect(kept.ask(get(ada), keeps: true).answer.status == 200) }
        // It has the same connections, those too that nobody has asked on.
        for _ in 0..<20 { #expect(kept.ask(get(ada), keeps: true).answer.status == 200) }
        #expect(silent.ask(get(ada), keeps: true).answer.status == 200)
        // As many as before it began anew for the first time.
        #expect(try sockets() == before)
        // What somebody else put into its environment is no connection.
        let fooled = processes("current-user", ["FASTCGI_KEPT_CONNECTIONS": "0 1 2 999 -1 x 99999999999"])
        #expect(fooled.ask(get(ada)).answer.status == 200)
        // Whoever connects meanwhile waits, and the process is the same to whoever started it.
        for _ in 0..<20 { #expect(process.ask(get(ada)).answer.status == 200) }
        process.signal(SIGTERM)
        #expect(process.exitCode() == 0)
    }

    @Test func changedSettingsAreSeen() {
        let ada = home.signIn("ada@example.com")
        let process = processes("current-user")
        func set(_ text: String) { try! text.write(toFile: "\(home.path)/latchkey.conf", atomically: true, encoding: .utf8) }
        #expect(process.ask(get(ada)).answer.status == 200)
        for _ in 0..<2 {
            set("base_url = https://other.example.com\n")
            #expect(process.ask(get(ada)).answer.code == "invalid_token")
            set("nonsense")
            #expect(process.ask(get(ada)).answer.code == "internal_error")
            set("# as before")
            #expect(process.ask(get(ada)).answer.status == 200)
            // Long enough for what was read to be remembered; in place, and of the same length.
            Thread.sleep(forTimeInterval: 2.1)
            #expect(process.ask(get(ada)).answer.status == 200)
            #expect(process.ask(get(ada)).answer.status == 200)
            try! FileHandle(forWritingTo: URL(filePath: "\(home.path)/latchkey.conf")).write(contentsOf: Array("x".utf8))
            #expect(process.ask(get(ada)).answer.code == "internal_error")
            home.remove("latchkey.conf")
            #expect(process.ask(get(ada)).answer.status == 200)
        }
        chmod(home.path, 0o755)
        #expect(process.ask(get(ada)).answer.status == 500)
        chmod(home.path, 0o700)
        #expect(process.ask(get(ada)).answer.status == 200)
        // A web root that holds the state is refused, whatever was allowed before.
        let inRoot = get(ada).merging(["DOCUMENT_ROOT": home.path]) { $1 }
        #expect(process.ask(inRoot).answer.status == 500)
        #expect(process.ask(get(ada)).answer.status == 200)
    }

    @Test func changedKeysAndSecretAreSeen() throws {
        let ada = home.signIn("ada@example.com")
        let process = processes("current-user")
        let refresh = processes("refresh-token")
        let body = #"{"refresh_token":"\#(ada.refreshToken)","user_uuid":"\#(ada.id)"}"#
        // From now on the token is not its session's last, which is known without its key.
        #expect(refresh.ask(post(body), body: body).answer.status == 200)
        // Long enough for the key to be remembered.
        Thread.sleep(forTimeInterval: 2.1)
        for _ in 0..<3 { #expect(process.ask(get(ada)).answer.status == 200) }
        let name = try String(contentsOfFile: "\(home.path)/keys/current", encoding: .utf8)
        let file = "\(home.path)/keys/\(name).key"
        let key = try Data(contentsOf: URL(filePath: file))
        unlink(file)
        #expect(process.ask(get(ada)).answer.code == "invalid_token")
        try key.write(to: URL(filePath: file))
        #expect(process.ask(get(ada)).answer.status == 200)
        try Data(key.reversed()).write(to: URL(filePath: file))
        #expect(process.ask(get(ada)).answer.code == "invalid_token")
        try key.write(to: URL(filePath: file))

        #expect(refresh.ask(post(body), body: body).answer.status == 200)
        let secret = try Data(contentsOf: URL(filePath: "\(home.path)/secret.key"))
        try Data(secret.reversed()).write(to: URL(filePath: "\(home.path)/secret.key"))
        #expect(refresh.ask(post(body), body: body).answer.code == "invalid_refresh_token")
        unlink("\(home.path)/secret.key")
        #expect(refresh.ask(post(body), body: body).answer.code == "internal_error")
        try secret.write(to: URL(filePath: "\(home.path)/secret.key"))
        #expect(refresh.ask(post(body), body: body).answer.status == 200)
    }

    @Test func whatEndsInTheDatabaseEndsAtOnceInAWarmProcess() {
        let (ada, eve) = (home.signIn("ada@example.com"), home.signIn("eve@example.com"))
        let process = processes("current-user", count: 2)
        for _ in 0..<6 { for person in [ada, eve] { #expect(process.ask(get(person)).answer.status == 200) } }
        #expect(home.post("revoke-token", #"{"refresh_token":"\#(ada.refreshToken)"}"#).status == 200)
        for _ in 0..<6 { #expect(process.ask(get(ada)).answer.code == "invalid_token") }
        home.sql("UPDATE users SET is_active = 0")
        for _ in 0..<6 { #expect(process.ask(get(eve)).answer.code == "account_inactive") }
        home.sql("UPDATE users SET is_active = 1, full_name = 'E'")
        for _ in 0..<6 { #expect(process.ask(get(eve)).answer.field("full_name") == "E") }
    }

    @Test func aRememberedTokenEndsWhenItExpires() {
        let ada = home.signIn("ada@example.com", ["LATCHKEY_ACCESS_TTL": "4s"])
        let process = processes("current-user")
        let start = Date()
        #expect(process.ask(get(ada)).answer.status == 200)
        while Date().timeIntervalSince(start) < 5 {
            if Date().timeIntervalSince(start) < 2 { #expect(process.ask(get(ada)).answer.status == 200) }
            Thread.sleep(forTimeInterval: 0.1)
        }
        #expect(process.ask(get(ada)).answer.code == "invalid_token")
    }

    /// A token's hash has one place: what differs in one letter is not what was verified.
    @Test func onlyTheVeryTokenIsRemembered() {
        let ada = home.signIn("ada@example.com")
        let process = processes("current-user")
        #expect(process.ask(get(ada)).answer.status == 200)
        let token = Array(ada.accessToken.utf8)
        for index in stride(from: 0, to: token.count, by: 7) {
            var other = token
            other[index] = other[index] == 0x41 ? 0x42 : 0x41
            if other == token { continue }
            let answer = process.ask([
                "REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": "Bearer \(String(decoding: other, as: UTF8.self))",
            ])
            #expect(answer.answer.code == "invalid_token", "\(index)")
        }
        #expect(process.ask(get(ada)).answer.status == 200)
    }

    @Test func aReplacedDatabaseIsOpenedAndANewerOneIsLeftAlone() throws {
        let ada = home.signIn("ada@example.com")
        let process = processes("current-user")
        #expect(process.ask(get(ada)).answer.status == 200)
        home.sql("VACUUM INTO '\(home.path)/backup.db'")
        home.sql("UPDATE users SET full_name = 'later'")
        #expect(process.ask(get(ada)).answer.field("full_name") == "later")
        for suffix in ["-wal", "-shm"] { unlink("\(home.path)/latchkey.db\(suffix)") }
        #expect(rename("\(home.path)/backup.db", "\(home.path)/latchkey.db") == 0)
        let restored = process.ask(get(ada)).answer
        #expect(restored.status == 200 && restored.body.contains(#""full_name":null"#))
        let version = home.number("PRAGMA user_version")
        home.sql("PRAGMA user_version = 1000")
        #expect(process.ask(get(ada)).answer.status == 503)
        home.sql("PRAGMA user_version = \(version)")
        #expect(process.ask(get(ada)).answer.status == 200)
        for suffix in ["", "-wal", "-shm"] { unlink("\(home.path)/latchkey.db\(suffix)") }
        // By CGI it would be the same: no new, empty database takes its place.
        #expect(process.ask(get(ada)).answer.code == "temporarily_unavailable")
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/latchkey.db"))
    }

    /// `latchkey restore` and `secret rotate` begin a new epoch; whoever works on in the old one is refused.
    @Test func anEpochThatBeganIsSeen() {
        let ada = home.signIn("ada@example.com")
        let process = processes("refresh-token")
        var token = ada.refreshToken
        for epoch in [0, 7, 8] {
            if epoch > 0 { home.sql("PRAGMA application_id = \(epoch)") }
            let body = "{\"refresh_token\":\"\(token)\",\"user_uuid\":\"\(ada.id)\"}"
            let answer = process.ask(post(body), body: body).answer
            #expect(answer.status == 200)
            token = answer.field("refresh_token")
        }
    }

    @Test func parametersAreNoSettings() {
        let ada = home.signIn("ada@example.com")
        let other = Home(settings: "base_url = https://other.example.com")
        let process = processes("current-user")
        let variables = [
            "LATCHKEY_HOME": other.path, "LATCHKEY_BASE_URL": "https://other.example.com", "LATCHKEY_NONSENSE": "1",
            "LATCHKEY_TRUSTED_PROXIES": "0.0.0.0/0", "LATCHKEY_FASTCGI_REQUESTS": "1", "PATH": "/x",
        ]
        for _ in 0..<3 { #expect(process.ask(get(ada).merging(variables) { $1 }).answer.status == 200) }
        #expect(home.get("current-user", ada.bearer).status == 200)
        // And one request's are not the next one's.
        #expect(process.ask(["REQUEST_METHOD": "GET"]).answer.code == "not_authenticated")
    }

    @Test func aHeaderThatArrivesTwiceIsAmbiguous() {
        let process = processes("list-api-keys")
        let client = process.connect()
        client.send(1, 1, [0, 1, 0, 0, 0, 0, 0, 0])
        for value in ["a", "b"] {
            client.send(4, 1, FastCGIClient.pairs(["HTTP_X_API_KEY": value]))
        }
        client.send(4, 1, FastCGIClient.pairs(["REQUEST_METHOD": "GET", "REQUEST_URI": "/auth/api-keys/"]))
        client.send(4)
        client.finish([])
        #expect(client.answer().answer.code == "ambiguous_credentials")
    }

    @Test func logLinesGoToTheServer() {
        let errors = "\(home.path)/stderr"
        let process = processes("send-code", errors: errors)
        let body = #"{"email":"ada@example.com"}"#
        let answer = process.ask(post(body), body: body)
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
        let process = processes("send-code", ["LATCHKEY_MAIL": "sendmail \(command)"])
        let body = #"{"email":"ada@example.com"}"#
        let kept = process.connect()
        kept.begin(post(body), keeps: true)
        kept.finish(Array(body.utf8))
        #expect(kept.answer().answer.status == 202)
        for _ in 0..<400 where access(started, F_OK) != 0 { shortPause() }
        let seen = try String(contentsOfFile: started, encoding: .utf8)
        #expect(!seen.contains("socket:"), "\(seen)")
        #expect(seen.contains("SigBlk:\t0000000000000000"), "\(seen)")
        // SIGCHLD is the 17th.
        let ignored = seen.components(separatedBy: "SigIgn:\t").last.flatMap { UInt64($0.prefix(16), radix: 16) }
        #expect(ignored.map { $0 & 1 << 16 } == 0, "\(seen)")
        for _ in 0..<400 where home.count("SELECT count(*) FROM mail_items") != 0 { shortPause() }
        #expect(home.count("SELECT count(*) FROM mail_items") == 0)
        Thread.sleep(forTimeInterval: 0.2)
        let children = Program.run("ps", ["--ppid", String(process.ids[0]), "-o", "stat="])
        #expect(String(decoding: children.output, as: UTF8.self) == "")
    }

    @Test func whatIsNoRequestHurtsNobody() {
        let ada = home.signIn("ada@example.com")
        let process = processes("create-api-key")
        let variables = ada.onProject.merging(post("x")) { $1 }
        let broken = process.connect()
        broken.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(broken.isEnded)
        let huge = process.connect()
        huge.send(1, 1, [0, 1, 0, 0, 0, 0, 0, 0])
        for _ in 0..<20 { huge.send(4, 1, [UInt8](repeating: 1, count: 65535)) }
        #expect(huge.isEnded)
        // One that goes in the middle of its body, and one that takes it back.
        let gone = process.connect()
        gone.begin(variables.merging(["CONTENT_LENGTH": "100"]) { $1 })
        gone.send(5, 1, [1, 2, 3])
        gone.close()
        let back = process.connect()
        back.begin(variables.merging(["CONTENT_LENGTH": "100"]) { $1 }, keeps: true)
        back.send(5, 1, [1, 2, 3])
        back.send(2)
        let taken = back.answer()
        #expect(taken.status == 0 && taken.output.isEmpty)
        let body = #"{"name":"good"}"#
        let good = variables.merging(["CONTENT_LENGTH": String(body.utf8.count)]) { $1 }
        #expect(back.ask(good, body: Array(body.utf8), keeps: true).answer.status == 201)
        // A body without a length, as servers pass on what came in chunks.
        var chunked = good.merging(["HTTP_TRANSFER_ENCODING": "chunked"]) { $1 }
        chunked["CONTENT_LENGTH"] = nil
        #expect(back.ask(chunked, body: Array(body.utf8), keeps: true).answer.status == 201)
        // Shorter than announced, longer, and far too long.
        #expect(
            back.ask(variables.merging(["CONTENT_LENGTH": "100"]) { $1 }, body: Array(body.utf8), keeps: true).answer.status
                >= 400)
        #expect(back.ask(good, body: Array((body + "   ").utf8), keeps: true).answer.status == 201)
        #expect(back.ask(good, body: [UInt8](repeating: 0x20, count: 1 << 20), keeps: true).answer.status == 422)
        #expect(process.ids.count == 1 && kill(process.ids[0], 0) == 0)
        #expect(home.count("SELECT count(*) FROM api_keys") == 3)
    }

    @Test func aKeyIsGoodWhileOthersWriteAndItsUseIsNotedLater() {
        for mode in ["wal", "delete"] {
            let home = Home(settings: "journal = \(mode)")
            let key = home.createKey(by: home.signIn("ada@example.com"))
            let process = FastCGIProcesses(
                "\(executables)/latchkey-fcgi", environment: ["LATCHKEY_HOME": home.path], endpoint: "verify-api-key")
            let variables = ["HTTP_X_API_KEY": key.secret, "REQUEST_METHOD": "GET"]
            let noted = { home.number("SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL") }
            for _ in 0..<2 { #expect(process.ask(variables).answer.status == 200) }
            #expect(noted() == 1)
            home.sql("UPDATE api_keys SET last_used_at = NULL")
            if mode == "wal" {
                let holder = ExclusiveLock(home)
                #expect(process.ask(variables).answer.status == 200)
                holder.release()
                #expect(noted() == 0)
            }
            #expect(process.ask(variables).answer.status == 200)
            #expect(noted() == 1)
            // Nothing is left open that would keep others from writing.
            home.sql("UPDATE api_keys SET last_used_at = NULL")
        }
    }

    @Test func aLongAnswerArrivesWhole() {
        let ada = home.signIn("ada@example.com")
        let name = String(repeating: "n", count: 255)
        let scopes = (0..<64).map { #""\#(String(repeating: "s", count: 100))\#($0)""# }.joined(separator: ",")
        let process = processes("create-api-key")
        let body = #"{"name":"\#(name)","scopes":[\#(scopes)]}"#
        let create = ada.onProject.merging(post(body)) { $1 }
        for _ in 0..<100 { #expect(process.ask(create, body: body).answer.status == 201) }
        let answer = processes("list-api-keys").ask(
            ada.onProject.merging(["REQUEST_METHOD": "GET", "QUERY_STRING": "limit=100"]) { $1 }
        ).answer
        #expect(answer.body.utf8.count > 500_000)
        #expect(answer.header("Content-Length") == String(answer.body.utf8.count))
    }

    /// Has the process trap within a request, which waits for the database; the answer.
    private func trap(_ process: FastCGIProcesses, _ signal: Int32, _ person: Person) -> FastCGIAnswer {
        let holder = ExclusiveLock(home)
        let body = #"{"full_name":"Ada"}"#
        let client = process.connect()
        client.begin(
            addressed("update-user", person.bearer.merging(post(body).merging(["REQUEST_METHOD": "PATCH"]) { $1 }) { $1 }))
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
        let process = processes("send-code")
        let id = try #require(process.ids.first)
        let me = addressed("current-user", get(ada))
        // One that has asked and may again, one that has not, one whose request has come in part, one that will connect.
        let kept = process.connect()
        #expect(kept.ask(me, keeps: true).answer.status == 200)
        let silent = process.connect()
        let body = #"{"email":"eve@example.com"}"#
        let partial = process.connect()
        partial.begin(post(body), keeps: true)
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
        // It is the same process to the server that started it, and traps once more.
        #expect(process.ids == [id] && kill(id, 0) == 0)
        #expect(trap(process, signal, ada).answer.status == 500)
        #expect(kept.ask(me, keeps: true).answer.status == 200)
    }

    @Test func aBodyThatArrivesSlowlyHoldsNobodyUp() {
        let ada = home.signIn("ada@example.com")
        let process = processes("current-user")
        let body = #"{"email":"eve@example.com"}"#
        let slow = (0..<30).map { _ in process.connect() }
        for (index, client) in slow.enumerated() {
            client.begin(addressed("send-code", post(body)))
            client.send(5, 1, Array(body.utf8.prefix(index % 20)))
        }
        let start = ContinuousClock.now
        for _ in 0..<20 { #expect(process.ask(get(ada)).answer.status == 200) }
        #expect(ContinuousClock.now - start < .seconds(2))
        for byte in body.utf8.dropFirst(3) {
            slow[3].send(5, 1, [byte])
            #expect(process.ask(get(ada)).answer.status == 200)
        }
        slow[3].send(5)
        #expect(slow[3].answer().answer.status == 202)
    }

    @Test func withoutASocketItServesNobody() {
        let path = "\(executables)/latchkey-fcgi"
        let alone = Program(path, environment: ["LATCHKEY_HOME": home.path]).finish()
        #expect(alone.exitCode == 64 && alone.errors.contains("no listening socket") && alone.output.isEmpty)
        let asked = Program(
            path, environment: ["LATCHKEY_HOME": home.path, "REQUEST_METHOD": "GET", "REQUEST_URI": "/cgi-bin/latchkey-fcgi"]
        ).finish()
        #expect(Answer(asked.output).code == "not_found" && asked.exitCode == 0)
    }

    @Test func pathsAndMethodsAreJudgedAsByCGI() {
        let process = processes("")
        for (method, uri, status, allow) in [
            ("GET", "/auth/users/me", 401, nil), ("GET", "//auth//users/./me", 401, nil),
            ("PUT", "/auth/users/me", 405, "GET, HEAD, PATCH, DELETE, OPTIONS"),
            ("OPTIONS", "//auth/users/me", 204, "GET, HEAD, PATCH, DELETE, OPTIONS"), ("GET", "/auth/users/me/", 404, nil),
            ("OPTIONS", "/cgi-bin/delete-api-key/x", 204, "DELETE, POST, OPTIONS"),
            ("POST", "/cgi-bin/delete-api-key/x", 401, nil),
            ("GET", "/cgi-bin/delete-api-key/x", 405, "DELETE, POST, OPTIONS"), ("GET", "/cgi-bin/current-user", 401, nil),
            ("GET", "/cgi-bin/latchkey-fcgi", 404, nil), ("GET", "/cgi-bin/deliver-mail", 404, nil), ("GET", "/", 404, nil),
        ] as [(String, String, Int, String?)] {
            let answer = process.ask(["REQUEST_METHOD": method, "REQUEST_URI": uri]).answer
            #expect(answer.status == status && answer.header("Allow") == allow, "\(method) \(uri)")
        }
    }

    @Test func standardOutputAndErrorMayBeClosed() {
        let ada = home.signIn("ada@example.com")
        let process = FastCGIProcesses(
            "/bin/sh", ["-c", #"exec "$0" >&- 2>&-"#, "\(executables)/latchkey-fcgi"], environment: ["LATCHKEY_HOME": home.path],
            endpoint: "current-user")
        for _ in 0..<3 { #expect(process.ask(get(ada)).answer.status == 200) }
        for number in 1...2 {
            #expect(
                try! FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process.ids[0])/fd/\(number)") == "/dev/null")
        }
    }

    /// Memory is that of the first thousand requests; `make torture` asks for more.
    @Test func memoryStaysAsItIs() {
        let ada = home.signIn("ada@example.com")
        for (name, variables, body) in [
            ("current-user", get(ada), ""), ("current-user", ["REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": "Bearer x"], ""),
            ("list-sessions", get(ada), ""), ("create-api-key", ada.onProject.merging(post("{}")) { $1 }, "{}"),
        ] {
            let process = processes(name)
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

// FastCGI connections: many, slow, broken; requests get the same checks as by CGI.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct FastCGIConnectionEndpointTests {
    let home = Home(settings: "resend_after = 0s")

    @Test func manyRequestsOnOneConnectionAndOneAConnection() {
        let ada = home.signIn("ada@example.com")
        let expected = home.get("current-user", ada.bearer).shown
        let process = home.processes("current-user")
        let kept = process.connect()
        for _ in 0..<20 {
            let answer = kept.ask(ada.getRequest, body: [7], keeps: true)
            #expect(answer.status == 0 && answer.errors == "")
            #expect(answer.answer.shown == expected)
        }
        // An idle connection blocks no other.
        let silent = process.connect()
        let begun = process.connect()
        for _ in 0..<20 { #expect(process.ask(ada.getRequest).answer.shown == expected) }
        #expect(kept.ask(ada.getRequest).answer.shown == expected)
        #expect(kept.isEnded)
        #expect(begun.ask(ada.getRequest).answer.shown == expected)
        silent.close()
    }

    @Test func moreConnectionsThanItKeepsEndTheOldest() {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("current-user")
        let connections = (0..<65).map { _ in process.connect() }
        #expect(process.ask(ada.getRequest).answer.status == 200)
        #expect(connections[0].isEnded)
        #expect(connections[64].ask(ada.getRequest).answer.status == 200)
    }

    @Test func whoIsIdleGivesWayWhenDescriptorsRunOut() throws {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("current-user")
        // Each request opens the files of settings and key until the process remembers them.
        Thread.sleep(forTimeInterval: 2.1)
        #expect(process.ask(ada.getRequest).answer.status == 200)
        let id = try #require(process.ids.first)
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").compactMap { Int($0) }
        // Five descriptors below this number are free.
        let limit = (0...).lazy.filter { !open.contains($0) }.prefix(6).max()!
        let limiting = try Process.run(URL(filePath: "/usr/bin/prlimit"), arguments: ["--pid", "\(id)", "--nofile=\(limit)"])
        limiting.waitUntilExit()
        try #require(limiting.terminationStatus == 0)
        let idle = (0..<20).map { _ in process.connect() }
        #expect(process.ask(ada.getRequest).answer.status == 200)
        #expect(idle[0].isEnded)
        #expect(idle[19].ask(ada.getRequest).answer.status == 200)
    }

    @Test func thoseWhoAreConnectedKeepNobodyOut() {
        let body = #"{"email":"ada@example.com","code":"00000000"}"#
        let process = home.processes(
            "verify-code", ["LATCHKEY_LIMIT_VERIFY_PER_IP": "off", "LATCHKEY_LIMIT_FAILURES_PER_EMAIL": "off"])
        let (isOver, ended) = (NSCondition(), DispatchGroup())
        nonisolated(unsafe) var goesOn = true
        for _ in 0..<2 {
            let (kept, variables) = (process.connect(), postRequest(body))
            ended.enter()
            Thread {
                while isOver.withLock({ goesOn }) { _ = kept.ask(variables, body: Array(body.utf8), keeps: true) }
                ended.leave()
            }.start()
        }
        Thread.sleep(forTimeInterval: 0.5)
        let start = ContinuousClock.now
        #expect(process.ask(postRequest(body), body: body).answer.code == "invalid_code")
        #expect(ContinuousClock.now - start < .seconds(5))
        isOver.withLock { goesOn = false }
        ended.wait()
    }

    @Test func parametersAreNoSettings() {
        let ada = home.signIn("ada@example.com")
        let other = Home(settings: "base_url = https://other.example.com")
        let process = home.processes("current-user")
        let variables = [
            "LATCHKEY_HOME": other.path, "LATCHKEY_BASE_URL": "https://other.example.com", "LATCHKEY_NONSENSE": "1",
            "LATCHKEY_TRUSTED_PROXIES": "0.0.0.0/0", "LATCHKEY_FASTCGI_REQUESTS": "1", "PATH": "/x",
        ]
        for _ in 0..<3 { #expect(process.ask(ada.getRequest.merging(variables) { $1 }).answer.status == 200) }
        #expect(home.get("current-user", ada.bearer).status == 200)
        // One request's variables do not reach the next.
        #expect(process.ask(["REQUEST_METHOD": "GET"]).answer.code == "not_authenticated")
    }

    @Test func aHeaderThatArrivesTwiceIsAmbiguous() {
        let process = home.processes("list-api-keys")
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

    @Test func whatIsNoRequestHurtsNobody() {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("create-api-key")
        let variables = ada.onProject.merging(postRequest("x")) { $1 }
        let broken = process.connect()
        broken.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(broken.isEnded)
        let huge = process.connect()
        huge.send(1, 1, [0, 1, 0, 0, 0, 0, 0, 0])
        for _ in 0..<20 { huge.send(4, 1, [UInt8](repeating: 1, count: 65535)) }
        #expect(huge.isEnded)
        // One client disconnects in the middle of its body, and one aborts the request.
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
        // A body without a length: servers pass chunked bodies like this.
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

    @Test func aLongAnswerArrivesWhole() {
        let ada = home.signIn("ada@example.com")
        let name = String(repeating: "n", count: 255)
        let scopes = (0..<64).map { #""\#(String(repeating: "s", count: 100))\#($0)""# }.joined(separator: ",")
        let process = home.processes("create-api-key")
        let body = #"{"name":"\#(name)","scopes":[\#(scopes)]}"#
        let create = ada.onProject.merging(postRequest(body)) { $1 }
        for _ in 0..<100 { #expect(process.ask(create, body: body).answer.status == 201) }
        let answer = home.processes("list-api-keys").ask(
            ada.onProject.merging(["REQUEST_METHOD": "GET", "QUERY_STRING": "limit=100"]) { $1 }
        ).answer
        #expect(answer.body.utf8.count > 500_000)
        #expect(answer.header("Content-Length") == String(answer.body.utf8.count))
    }

    @Test func aBodyThatArrivesSlowlyHoldsNobodyUp() {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("current-user")
        let body = #"{"email":"eve@example.com"}"#
        let slow = (0..<30).map { _ in process.connect() }
        for (index, client) in slow.enumerated() {
            client.begin(addressed("send-code", postRequest(body)))
            client.send(5, 1, Array(body.utf8.prefix(index % 20)))
        }
        let start = ContinuousClock.now
        for _ in 0..<20 { #expect(process.ask(ada.getRequest).answer.status == 200) }
        #expect(ContinuousClock.now - start < .seconds(2))
        for byte in body.utf8.dropFirst(3) {
            slow[3].send(5, 1, [byte])
            #expect(process.ask(ada.getRequest).answer.status == 200)
        }
        slow[3].send(5)
        #expect(slow[3].answer().answer.status == 202)
    }

    @Test func pathsAndMethodsAreJudgedAsByCGI() {
        let process = home.processes("")
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
}

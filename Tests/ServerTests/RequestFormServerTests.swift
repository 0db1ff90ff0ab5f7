// Malformed requests through a real lighttpd: whatever a client puts into a line or a header changes only its own answer.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct RequestFormServerTests {
    private let send = "POST /auth/verification/send-code"

    private func body(_ name: String) -> String { #"{"email": "\#(name)@example.com"}"# }

    @Test func lineBreaksInLinesAndHeadersAddNothing() {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let bearer = "Authorization: Bearer \(ada.accessToken)"
        for path in ["/auth/users/me%0d%0aX-Injected:%201", "/auth/users/me%00", "/auth/api-keys/x%0ay", "/%0d%0aX-Injected:1"] {
            let answer = server.send("GET \(path)", [bearer])
            #expect([400, 404, 405].contains(answer.status), "\(path)")
            #expect(!answer.headers.contains { $0.lowercased().hasPrefix("x-injected") }, "\(path)")
            #expect(!answer.body.contains("ada@"), "\(path)")
        }
        let split = server.send("GET /auth/api-keys/", [bearer, "x-project-id: \(ada.project)\rX-Injected: 1"])
        #expect([400, 422].contains(split.status))
        #expect(!split.headers.contains { $0.lowercased().hasPrefix("x-injected") })
        // A folded header is either one value or refused.
        let folded = server.send("GET /auth/users/me", ["Authorization: Bearer", " \(ada.accessToken)"])
        #expect([200, 400, 401].contains(folded.status))
        #expect(server.send("GET /auth/users/me", [bearer]).status == 200)
    }

    @Test func noHeaderSetsTheServicesOwnEnvironment() {
        let server = Lighttpd()
        let elsewhere = "\(NSTemporaryDirectory())latchkey-elsewhere-\(server.port)"
        let answer = server.send(
            send,
            ["LATCHKEY_HOME: \(elsewhere)", "Latchkey-Mail: sendmail /bin/true", "LATCHKEY_CODE_LENGTH: 8", "Proxy: http://x"],
            body: body("ada"))
        #expect(answer.status == 202)
        #expect(server.home.code(for: "ada@example.com").utf8.count == 6)
        #expect(!FileManager.default.fileExists(atPath: elsewhere))
    }

    @Test func hostAndForwardedHeadersReachNeitherMailNorLog() {
        let server = Lighttpd()
        let text = body("ada")
        let answer = server.exchange(
            """
            POST /auth/verification/send-code HTTP/1.1
            Host: evil.example
            X-Forwarded-Host: evil.example
            X-Forwarded-For: 203.0.113.9
            Forwarded: for=203.0.113.9;host=evil.example
            X-Request-Id: evil.example
            Connection: close
            Content-Length: \(text.utf8.count)

            \(text)
            """)
        #expect(answer.status == 202)
        #expect(answer.shown.contains("X-Request-Id: <uuid>"))
        #expect(server.home.code(for: "ada@example.com").utf8.count == 6)
        #expect(!server.home.mails[0].contains("evil.example"))
        #expect(!server.log.contains("203.0.113.9") && !server.log.contains("evil.example"))
        #expect(server.log.contains("ip=127.0.0.1"), "\(server.log)")
    }

    @Test func wordsOfTheQueryAreNoArguments() {
        let server = Lighttpd()
        #expect(server.send("GET /auth/users/me?--help").code == "not_authenticated")
        #expect(server.send("GET /auth/users/me?migrate+--force").code == "not_authenticated")
        let ada = server.home.signIn("ada@example.com")
        let headers = ["Authorization: Bearer \(ada.accessToken)", "x-project-id: \(ada.project)"]
        #expect(server.send("GET /auth/api-keys?page=1&limit=3", headers).body.contains(#""limit":3"#))
        #expect(server.send("GET /auth/api-keys/?page=0", headers).status == 422)
    }

    @Test func unusualMethodsNeverReachAnEndpoint() {
        let server = Lighttpd()
        for method in ["TRACE", "PROPFIND", "PUT", "LINK", "get", "CONNECT"] {
            let answer = server.send("\(method) /auth/users/me")
            #expect([400, 405, 501].contains(answer.status), "\(method)")
            #expect(!answer.body.contains("not_authenticated"), "\(method)")
        }
        let key = server.send("POST /auth/api-keys/63f188cc-77d4-493a-9ce2-164471d9ac29", body: "{}")
        #expect(key.status == 405)
        #expect(key.header("Allow") == "DELETE, PATCH, OPTIONS")
    }

    @Test func aPostWithoutALengthAndAHugeOneAreRefused() {
        let server = Lighttpd()
        #expect(server.send(send).status == 411)
        let huge = server.send(send, ["Content-Length: 2000000"])
        #expect(huge.status == 413)
        #expect(server.send(send, body: body("ada")).status == 202)
    }

    @Test func aConnectionThatIsKeptGivesOneAnswerARequest() {
        let server = Lighttpd()
        let line = "GET /auth/users/me HTTP/1.1\nHost: localhost\n"
        let answers = server.exchange("\(line)\n\(line)\n\(line)Connection: close\n\n")
        #expect(answers.status == 401)
        #expect(answers.body.components(separatedBy: "HTTP/1.1 401").count == 3)
    }

    @Test func headHasTheLengthOfGetAndNoBody() {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let headers = ["Authorization: Bearer \(ada.accessToken)", "x-project-id: \(ada.project)"]
        for path in ["/auth/users/me", "/auth/api-keys/", "/auth/api-keys"] {
            let (get, head) = (server.send("GET \(path)", headers), server.send("HEAD \(path)", headers))
            #expect(head.status == 200, "\(path)")
            #expect(head.body == "", "\(path)")
            #expect(head.header("Content-Length") == String(get.body.utf8.count), "\(path)")
        }
        #expect(server.send("HEAD /auth/nope").status == 404)
        #expect(server.send("HEAD /auth/verification/send-code").status == 405)
        for path in ["/auth/users/me", "/auth/verification/send-code", "/auth/api-keys/x"] {
            let options = server.send("OPTIONS \(path)")
            #expect(options.status == 204, "\(path)")
            #expect(options.body == "", "\(path)")
        }
    }

    @Test func aRestartedServerKnowsEverybodyStill() {
        let home = Home()
        var server: Lighttpd? = Lighttpd(home)
        let ada = home.signIn("ada@example.com")
        #expect(server?.send("GET /auth/users/me", ["Authorization: Bearer \(ada.accessToken)"]).status == 200)
        server = nil
        server = Lighttpd(home)
        #expect(server?.send("GET /auth/users/me", ["Authorization: Bearer \(ada.accessToken)"]).status == 200)
    }

    @Test func manyClientsAtOnceAreAllAnswered() {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let lock = NSLock()
        nonisolated(unsafe) var statuses: [Int] = []
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 20
        for _ in 0..<60 {
            queue.addOperation {
                let status = server.send("GET /auth/users/me", ["Authorization: Bearer \(ada.accessToken)"]).status
                lock.withLock { statuses.append(status) }
            }
        }
        queue.waitUntilAllOperationsAreFinished()
        #expect(statuses == Array(repeating: 200, count: 60))
    }
}

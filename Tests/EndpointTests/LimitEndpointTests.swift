// Limits on the wire: the whole 429, whose address counts, and the owner's share.

import TestSupport
import Testing

@Suite struct LimitEndpointTests {
    private func send(_ home: Home, _ email: String, _ variables: [String: String] = [:]) -> Answer {
        home.post("send-code", "{\"email\":\"\(email)\"}", variables)
    }

    /// `answer`, with a name in place of the wait's seconds.
    private func shown(_ answer: Answer) -> String {
        let wait = answer.header("Retry-After") ?? ""
        return answer.shown
            .replacingOccurrences(of: "Retry-After: \(wait)\n", with: "Retry-After: <wait>\n")
            .replacingOccurrences(of: "t=\(wait)\n", with: "t=<wait>\n").replacingOccurrences(
                of: " \(wait) seconds", with: " <wait> seconds")
    }

    private func refused(by policy: String) -> String {
        """
        429
        \(standardHeaders)
        Retry-After: <wait>
        RateLimit: \(policy.split(separator: ";")[0]);r=0;t=<wait>
        RateLimit-Policy: \(policy)
        Content-Length: <count>

        {"success":false,"data":null,"error":{"code":"rate_limited","message":"Too many requests. Try again in <wait> seconds."}}
        """
    }

    @Test func eachLimitRefusesWithTheWholeAnswer() {
        let home = Home(
            settings: "limit_send_per_ip = 2/5m\nlimit_verify_per_ip = 2/1m\nlimit_refresh_per_ip = 1/1h\nresend_after = 0s")
        let ada = home.signIn("ada@example.com")
        #expect(send(home, "b@example.com").status == 202)
        #expect(shown(send(home, "c@example.com")) == refused(by: #""send-ip";q=2;w=300"#))
        #expect(home.verify("123456").status == 400)
        #expect(shown(home.verify("123456")) == refused(by: #""verify-ip";q=2;w=60"#))
        let refresh = #"{"refresh_token":"\#(ada.refreshToken)","user_uuid":"\#(ada.id)"}"#
        #expect(home.post("refresh-token", refresh).status == 200)
        #expect(shown(home.post("refresh-token", refresh)) == refused(by: #""refresh-ip";q=1;w=3600"#))
    }

    @Test func theAddressAndTheTotalRefuseToo() {
        let home = Home(settings: "limit_send_per_email = 1/1h\nlimit_send_total = 2/1d\nresend_after = 0s")
        #expect(send(home, "ada@example.com").status == 202)
        #expect(shown(send(home, "ada@example.com")) == refused(by: #""send-email";q=1;w=3600"#))
        #expect(send(home, "b@example.com").status == 202)
        #expect(shown(send(home, "c@example.com")) == refused(by: #""send-total";q=2;w=86400"#))
    }

    @Test func failuresOverSeveralCodesRefuseEvenTheRightOne() {
        let home = Home(settings: "limit_failures_per_email = 7/24h\nresend_after = 0s\ncode_attempts = 3")
        var answers: [Int] = []
        for round in 1...4 {
            #expect(send(home, "ada@example.com").status == 202)
            for _ in 0..<200 where home.mails.count < round { shortPause() }
            let code = home.code(for: "ada@example.com")
            for _ in 0..<3 {
                answers.append(home.verify(wrongCode(for: code)).status)
            }
        }
        #expect(answers == [400, 400, 400, 400, 400, 400, 400, 429, 429, 429, 429, 429])
        #expect(shown(home.verify(home.code(for: "ada@example.com"))) == refused(by: #""failures-email";q=7;w=86400"#))
    }

    @Test func anAttackerLocksNeitherTheOwnerNorEveryoneOut() {
        let home = Home(
            settings: """
                limit_send_per_email = 2/1h
                limit_send_total = 3/1h
                limit_failures_per_email = 5/24h
                resend_after = 0s
                """)
        let own = ["REMOTE_ADDR": "2001:db8:1:2::1"]
        let neighbour = ["REMOTE_ADDR": "2001:db8:1:2::77"]
        let attacker = ["REMOTE_ADDR": "203.0.113.9"]
        _ = home.signIn("ada@example.com", own)
        for index in 0..<3 { _ = send(home, "victim\(index)@example.com", attacker) }
        _ = send(home, "ada@example.com", attacker)
        for _ in 0..<10 { _ = home.verify("000000", attacker) }
        #expect(send(home, "new@example.com", attacker).code == "rate_limited")
        #expect(send(home, "ada@example.com", attacker).code == "rate_limited")
        let before = home.mails.count
        #expect(send(home, "ada@example.com", neighbour).status == 202)
        for _ in 0..<200 where home.mails.count == before { shortPause() }
        #expect(home.verify(home.code(for: "ada@example.com"), neighbour).status == 200)
    }

    @Test func onlyTrustedProxiesSayWhoseRequestItIs() {
        let home = Home(settings: "limit_send_per_ip = 1/5m\ntrusted_proxies = 10.0.0.0/8\nresend_after = 0s")
        func status(_ peer: String, _ forwarded: String?) -> Int {
            var variables = ["REMOTE_ADDR": peer]
            variables["HTTP_X_FORWARDED_FOR"] = forwarded
            return send(home, "ada\(Int.random(in: 0..<Int.max))@example.com", variables).status
        }
        #expect(status("10.0.0.1", "198.51.100.1") == 202)
        #expect(status("10.0.0.2", "6.6.6.6, 198.51.100.1") == 429)
        #expect(status("10.0.0.1", "198.51.100.2") == 202)
        // An address that the client writes changes nothing.
        #expect(status("203.0.113.1", "198.51.100.3") == 202)
        #expect(status("203.0.113.1", "198.51.100.4") == 429)
        #expect(status("198.51.100.3", nil) == 202)
        #expect(status("10.0.0.9", "garbage") == 202)
        #expect(status("10.0.0.9", "more garbage") == 429)
        #expect(status("", "198.51.100.5") == 202)
        #expect(status("", "198.51.100.6") == 429)
    }

    @Test func withoutAWordFromTheServerAllClientsAreOne() {
        let home = Home(settings: "limit_send_per_ip = 1/5m")
        #expect(send(home, "a@example.com", ["REMOTE_ADDR": ""]).status == 202)
        #expect(send(home, "b@example.com", ["REMOTE_ADDR": "not an address"]).status == 429)
    }

    @Test func ofFiftyAtOnceTheQuotaIsLetThrough() {
        let home = Home(settings: "limit_send_per_ip = 7/5m")
        let statuses = inParallel(50) { index in send(home, "user\(index)@example.com").status }
        #expect(statuses.filter { $0 == 202 }.count == 7)
        #expect(statuses.filter { $0 == 429 }.count == 43)
    }
}

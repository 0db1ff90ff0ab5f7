// GET /health and GET /metrics: requests that the environment contains entirely.

import TestSupport
import Testing

@Suite struct MetricsEndpointTests {
    private let token = "0123456789abcdef-metrics"

    private func metrics(_ home: Home, _ variables: [String: String] = ["REMOTE_ADDR": "127.0.0.1"]) -> Answer {
        home.get("metrics", variables)
    }

    // MARK: Health

    @Test func aServiceThatCanWorkSaysSoEvenBeforeItsFirstRequest() {
        let home = Home()
        for _ in 0..<2 {
            #expect(
                home.get("health").shown == """
                    200
                    \(standardHeaders)
                    Content-Length: <count>

                    {"success":true,"data":{"status":"ok","version":"1.0.0"},"error":null}
                    """)
        }
    }

    @Test func oneThatCannotSaysSoWithoutSayingWhy() throws {
        let busy = Home(settings: isPostgreSQL ? "" : "journal = delete")
        #expect(busy.get("health").status == 200)
        let holder = ExclusiveLock(busy)
        if isPostgreSQL { busy.sql("UPDATE store_state SET closure = 1") }
        #expect(
            busy.get("health").shownBody
                == #"{"success":false,"data":null,"error":{"code":"temporarily_unavailable","message":"The service is not available. Try again in a moment.","request_id":"<uuid>"}}"#
        )
        if isPostgreSQL { busy.sql("UPDATE store_state SET closure = 0") }
        holder.release()
        #expect(busy.get("health").status == 200)
        let robbed = Home()
        _ = robbed.get("health")
        robbed.remove("secret.key")
        let (answer, log) = robbed.run("health", ["REQUEST_METHOD": "GET"])
        #expect(answer.status == (isPostgreSQL ? 503 : 500))
        #expect(log.contains("secret.key is missing, but \(isPostgreSQL ? "the database has one" : "there is a database")"))
        #expect(!answer.body.contains("secret.key"))
    }

    @Test func aDatabaseOfANewerReleaseIsNotHealthy() throws {
        let home = Home()
        _ = home.get("health")
        try TestDatabase.setSchemaNumber(99, in: home.path)
        let (answer, log) = home.run("health", ["REQUEST_METHOD": "GET"])
        #expect(answer.status == 503 && log.contains("the database was created by a newer version of Latchkey"))
    }

    // MARK: Metrics

    @Test func theyAreTextThatPrometheusReads() {
        let home = Home(settings: "mail = sendmail /nonexistent\nresend_after = 0s\nlimit_send_per_email = 2/1h")
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        _ = home.post("verify-code", #"{"email":"ada@example.com","code":"000000"}"#)
        for _ in 0..<3 { _ = home.post("send-code", #"{"email":"ada@example.com"}"#) }
        home.sql("UPDATE mail_items SET created_at = 1000 * (unixepoch() - 30)")
        let answer = metrics(home)
        #expect(answer.status == 200)
        #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.header("Cache-Control") == "no-store")
        let age = answer.body.components(separatedBy: "latchkey_mail_oldest_seconds ").last?.prefix { $0.isNumber } ?? ""
        #expect((30...40).contains(Int(age) ?? 0), "\(answer.body)")
        #expect(
            answer.body.replacingOccurrences(of: "seconds \(age)\n", with: "seconds <age>\n") == """
                # HELP latchkey_events_total Events, named as in the audit log.
                # TYPE latchkey_events_total counter
                latchkey_events_total{event="limit-hit",detail="send-email"} 2
                latchkey_events_total{event="sign-in-failed",detail="code"} 1
                # HELP latchkey_mail_pending Mails waiting to be sent. 10000 means that many or more.
                # TYPE latchkey_mail_pending gauge
                latchkey_mail_pending 2
                # HELP latchkey_mail_oldest_seconds How long the oldest waiting mail has waited.
                # TYPE latchkey_mail_oldest_seconds gauge
                latchkey_mail_oldest_seconds <age>
                # HELP latchkey_mail_failed Mails that were given up in the last days. 10000 means that many or more.
                # TYPE latchkey_mail_failed gauge
                latchkey_mail_failed 0

                """)
    }

    @Test func countersGrowAndOutliveTheRowsThatTheyCounted() {
        let home = Home()
        _ = home.signIn("ada@example.com")
        #expect(metrics(home).body.contains(#"latchkey_events_total{event="sign-in",detail="first"} 1"#))
        home.sql("DELETE FROM audit_events")
        _ = home.signIn("eve@example.com")
        #expect(metrics(home).body.contains(#"latchkey_events_total{event="sign-in",detail="first"} 2"#))
    }

    @Test func onlyThisMachineOrTheTokenReadsThem() {
        let home = Home(settings: "metrics_token = \(token)")
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            #expect(metrics(home, ["REMOTE_ADDR": address]).status == 200, "\(address)")
        }
        for address in ["192.0.2.1", "", "::2", "128.0.0.1", "unix:"] {
            let refused = metrics(home, ["REMOTE_ADDR": address])
            #expect(refused.status == 401 && refused.code == "not_authenticated", "\(address)")
            #expect(metrics(home, ["REMOTE_ADDR": address, "HTTP_AUTHORIZATION": "Bearer \(token)"]).status == 200)
            #expect(metrics(home, ["REMOTE_ADDR": address, "HTTP_AUTHORIZATION": "Bearer \(token)x"]).code == "invalid_token")
        }
    }

    @Test func aLocalProxyMakesNobodyLocal() {
        let home = Home()
        for header in ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP"] {
            #expect(metrics(home, ["REMOTE_ADDR": "127.0.0.1", header: "127.0.0.1"]).code == "not_authenticated", "\(header)")
        }
        #expect(metrics(home, ["REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "Bearer x"]).code == "invalid_token")
    }
}

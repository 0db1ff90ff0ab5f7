// Each setting has a workable range: both ends are accepted, and values beyond them are refused.

import Auth
import Platform
import Store
import Testing

@testable import Settings

@Suite struct SettingRangeTests {
    @Test(arguments: [
        ("code_ttl", "1s", "1d", "0s", "25h"),
        ("resend_after", "0s", "24h", "-1s", "86401s"),
        ("access_ttl", "1s", "24h", "0s", "30d"),
        ("refresh_ttl", "1s", "3660d", "0s", "3661d"),
        ("session_ttl", "1s", "3660d", "0s", "3661d"),
        ("refresh_grace", "0s", "1h", "-1s", "61m"),
        ("audit_ttl", "1d", "3660d", "23h", "3661d"),
        ("limit_send_per_ip", "1/1s", "1000000/31d", "0/1s", "1/32d"),
        ("limit_verify_per_ip", "1/1s", "1000000/31d", "1/0s", "1000001/1d"),
        ("limit_refresh_per_ip", "1/1s", "1000000/31d", "1/0s", "1/3660d"),
        ("limit_send_per_email", "1/1s", "1000000/31d", "1/0s", "1/32d"),
        ("limit_failures_per_email", "1/1s", "1000000/31d", "1/0s", "1/32d"),
        ("limit_send_total", "1/1s", "1000000/31d", "1/0s", "1/32d"),
        ("limit_invite_per_user", "1/1s", "1000000/31d", "1/0s", "1/32d"),
        ("code_length", "6", "8", "5", "9"),
        ("code_attempts", "1", "100", "0", "101"),
        ("argon2_slots", "1", "1024", "0", "1025"),
        ("deliverers", "2", "64", "1", "65"),
        ("fastcgi_requests", "1", "1000000000", "0", "1000000001"),
    ]) func aRangeHasTwoEnds(key: String, least: String, most: String, below: String, above: String) {
        #expect(fault("\(key) = \(least)") == nil)
        #expect(fault("\(key) = \(most)") == nil)
        for beyond in [below, above] { #expect(fault("\(key) = \(beyond)")?.hasPrefix("f:1: \(key): ") == true, "\(beyond)") }
    }

    @Test func aTextIsAsLongAsItsUseBears() {
        for (key, text, most) in [
            ("test_identities", "t", 4000),
            ("metrics_token", "0", 1024),
            ("client_tokens", "0", 1024),
        ] {
            #expect(fault("\(key) = \(String(repeating: text, count: most))") == nil, "\(key)")
            #expect(fault("\(key) = \(String(repeating: text, count: most + 1))")?.hasPrefix("f:1: \(key): ") == true, "\(key)")
        }
        let host = String(repeating: "a", count: 247)
        #expect(fault("base_url = https://\(host)") == nil)
        #expect(fault("base_url = https://\(host)a") == "f:1: base_url: must have at most 255 bytes")
        #expect(fault("mail_from = \(String(repeating: "n", count: 303)) <a@b.example>") == nil)
        #expect(
            fault("mail_from = \(String(repeating: "n", count: 310)) <a@b.example>")
                == "f:1: mail_from: must have at most 320 bytes")
        #expect(fault("mail = sendmail /\(String(repeating: "m", count: 4000))") == "f:1: mail: must have at most 4000 bytes")
    }

    @Test func theReasonSaysTheBound() {
        #expect(fault("access_ttl = 30d") == "f:1: access_ttl: must be at most 1d")
        #expect(fault("refresh_grace = 2h") == "f:1: refresh_grace: must be at most 1h")
        #expect(fault("audit_ttl = 1h") == "f:1: audit_ttl: must be at least 1d")
        #expect(fault("deliverers = 1") == "f:1: deliverers: must be a whole number from 2 to 64")
    }
}

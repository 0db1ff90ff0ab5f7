// Properties of every settings file: the order of lines does not matter, no bytes cause a trap, and near misses of a key,
// word or number are refused.

import Platform
import TestSupport
import Testing

@testable import Settings

@Suite struct SettingsFilePropertyTests {
    private let lines = [
        "base_url = https://id.example.com", "sign_up = example.com example.org", "code_length = 8", "code_ttl = 5m",
        "resend_after = 0s",
        "limit_send_per_ip = off", "limit_send_total = 7/1h", "client_tokens = 0123456789abcdef",
        "cors_origins = https://a.example",
        "# comment", "", "\tjournal = wal \r", "trusted_proxies = ::1/128, 10.0.0.0/8",
    ]

    @Test func theOrderOfLinesMeansNothing() throws {
        var numbers = Numbers(state: 1)
        let first = try read(lines.joined(separator: "\n"))
        for _ in 0..<200 {
            let other = try read(lines.shuffled(using: &numbers).joined(separator: "\n"))
            #expect(other.policy == first.policy && other.corsOrigins == first.corsOrigins)
            #expect(other.trustedProxies.map(\.prefix) == [128, 8])
        }
    }

    @Test func aLineGivenTwiceIsAFault() {
        for line in lines where line.contains("=") {
            #expect(fault("\(line)\n\(lines.joined(separator: "\n"))") != nil)
        }
    }

    @Test func noBytesMakeATrap() {
        var numbers = Numbers(state: 2)
        let text = Array(lines.joined(separator: "\n").utf8)
        for _ in 0..<2000 {
            var changed = text
            for _ in 0..<3 {
                changed[Int.random(in: 0..<changed.count, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
            }
            guard let settings = try? read(changed) else { continue }
            #expect(6...8 ~= settings.policy.codeLength && settings.policy.clientTokens.allSatisfy { $0.utf8.count >= 16 })
        }
    }

    @Test(arguments: [
        "code_length = 6\u{301}", "code_length = ٧", "code_length = +7", "code_length = 7\0", "code_ttl = 5m\u{301}",
        "code_ttl = 5\u{301}m",
        "code_ttl = +5m", "journal = wal\u{301}", "journal\u{301} = wal", "sign_up = open\u{301}", "sign_up = \u{212A}.example",
        "base_url = http://\u{212A}.example",
        "limit_send_per_ip = +1/1h", "limit_send_per_ip = 1/1h\u{301}", "trusted_proxies = 10.0.0.0/+8",
        "trusted_proxies = １0.0.0.0", "client_tokens = 0123456789abcde\u{301}",
        "journal \u{A0}= wal", "allow_state_in_web_root = yes\u{200B}",
    ]) func whatOnlyLooksRightIsAFault(line: String) {
        #expect(fault(line) != nil)
    }
}

// Settings: every key with its default, and a named error for every fault.

import Auth
import Platform
import Store
import Testing

@testable import Settings

@Suite struct SettingsTests {
    @Test func theDefaultsAreTheTables() {
        let settings = Settings()
        let policy = settings.policy
        #expect(policy.baseURL == "http://localhost:8000")
        #expect(settings.mail == .maildir && settings.mailFrom == nil)
        #expect(policy.signUp == .open)
        #expect(policy.codeLength == 6 && policy.codeLifetime == .minutes(10) && policy.codeAttempts == 5)
        #expect(policy.resendAfter == .seconds(60))
        #expect(policy.accessLifetime == .minutes(15) && policy.refreshLifetime == .days(30))
        #expect(policy.sessionLifetime == .days(90) && policy.refreshGrace == .seconds(30))
        #expect(policy.sendPerAddressOfClient == Quota(count: 30, window: .minutes(5)))
        #expect(policy.verifyPerAddressOfClient == Quota(count: 30, window: .minutes(5)))
        #expect(policy.refreshPerAddressOfClient == Quota(count: 150, window: .minutes(5)))
        #expect(policy.sendPerEmail == Quota(count: 5, window: .hours(1)))
        #expect(policy.failuresPerEmail == Quota(count: 30, window: .hours(24)))
        #expect(policy.sendTotal == Quota(count: 1000, window: .hours(1)))
        #expect(policy.auditLifetime == .days(90) && policy.metricsToken == nil)
        #expect(policy.argon2Slots == nil && settings.trustedProxies.isEmpty && policy.clientTokens.isEmpty)
        #expect(settings.corsOrigins.isEmpty && settings.testIdentities == nil)
        #expect(settings.journal == nil && !settings.allowStateInWebRoot)
    }

    @Test func everyKeyIsRead() throws {
        let settings = try read(
            """
            # comment
            base_url = https://id.example.com/auth
              mail=sendmail /usr/sbin/sendmail\t
            mail_from = Acme, Inc. <no-reply@example.com>
            sign_up = example.com, Example.ORG
            invitations_admit = no
            code_length = 8
            code_ttl = 5m\r
            code_attempts = 3
            resend_after = 0s
            access_ttl = 1h
            refresh_ttl = 7d
            session_ttl = 30d
            refresh_grace = 10s
            limit_send_per_ip = off
            limit_verify_per_ip = 1/1s
            limit_refresh_per_ip = 2/2m
            limit_send_per_email = 3/3h
            limit_failures_per_email = 4/4d
            limit_send_total = 1000000/1d
            limit_write_per_user = 5/5m
            max_projects_per_user = 1
            max_keys_per_project = 2
            max_keys_per_member = 3
            max_members_per_project = 4
            max_invitations_per_project = 5
            max_sessions_per_user = 10000
            deliverers = 4
            argon2_slots = 2
            audit_ttl = 365d
            metrics_token = 0123456789abcdef
            trusted_proxies = 127.0.0.1, 10.0.0.0/8 2001:db8::/32
            client_tokens = 0123456789abcdef
            cors_origins = https://a.example https://b.example:8443
            test_identities = {code} = yours
            fastcgi_requests = 1000
            fastcgi_processes = 64
            journal = delete
            allow_state_in_web_root = yes
            """)
        let policy = settings.policy
        #expect(policy.baseURL == "https://id.example.com/auth")
        #expect(settings.mail == .sendmail("/usr/sbin/sendmail"))
        #expect(settings.mailFrom == Mailbox(name: "Acme, Inc.", address: try Email("no-reply@example.com")))
        #expect(policy.signUp == .domains(["example.com", "example.org"]) && !policy.invitationsAdmit)
        #expect(policy.codeLength == 8 && policy.codeLifetime == .minutes(5) && policy.codeAttempts == 3)
        #expect(policy.resendAfter == .seconds(0) && policy.accessLifetime == .hours(1))
        #expect(policy.refreshLifetime == .days(7) && policy.sessionLifetime == .days(30) && policy.refreshGrace == .seconds(10))
        #expect(policy.sendPerAddressOfClient == nil && policy.verifyPerAddressOfClient == Quota(count: 1, window: .seconds(1)))
        #expect(policy.refreshPerAddressOfClient == Quota(count: 2, window: .minutes(2)))
        #expect(
            policy.sendPerEmail == Quota(count: 3, window: .hours(3))
                && policy.failuresPerEmail == Quota(count: 4, window: .days(4)))
        #expect(policy.sendTotal == Quota(count: 1_000_000, window: .days(1)))
        #expect(policy.changesPerUser == Quota(count: 5, window: .minutes(5)))
        #expect(policy.projectsPerUser == 1 && policy.keysPerProject == 2 && policy.keysPerMember == 3)
        #expect(policy.membersPerProject == 4 && policy.invitationsPerProject == 5 && policy.sessionsPerUser == 10_000)
        #expect(policy.auditLifetime == .days(365) && policy.metricsToken == "0123456789abcdef")
        #expect(policy.deliverers == 4)
        #expect(policy.argon2Slots == 2 && settings.trustedProxies.map(\.prefix) == [32, 8, 32])
        #expect(policy.clientTokens == ["0123456789abcdef"] && settings.corsOrigins.count == 2)
        #expect(settings.testIdentities == "{code} = yours" && settings.journal == .delete)
        #expect(settings.allowStateInWebRoot && settings.fastCGIRequests == 1000)
    }

    @Test func whatIsWrongHasFileLineKeyAndReason() {
        #expect(fault("\n\nbase_urls = x") == "f:3: base_urls: unknown setting")
        #expect(fault("mail") == "f:1: must have the form key = value")
        #expect(fault("journal = wal\njournal = wal") == "f:2: journal: given twice")
        #expect(fault("access_ttl = 15") == "f:1: access_ttl: must be a duration such as 90s, 15m, 1h or 30d")
        for line in [
            "base_url = localhost", "base_url = http://a/", "base_url = http://a\"b", "base_url = ftp://a", "base_url = http://",
            "base_url = http://:80",
            "mail = smtp", "mail = sendmail", "mail = sendmail sendmail", "mail_from = x", "mail_from = A <b>",
            "test_identities =",
            "sign_up = maybe", "code_length = 5", "code_length = 9", "code_length = +6", "code_length = ６", "code_ttl = 0s",
            "code_ttl = -1m",
            "code_ttl = 1w", "code_ttl = 99999999999999999999d", "code_attempts = 0", "limit_send_per_ip = 30",
            "limit_send_per_ip = 0/5m",
            "limit_send_per_ip = 30/5", "limit_send_per_ip = OFF", "argon2_slots = 0", "max_projects_per_user = 0",
            "max_sessions_per_user = 10001", "max_keys_per_member = off", "audit_ttl = 23h", "metrics_token = short",
            "trusted_proxies = 10.0.0.0/33",
            "trusted_proxies = ::/129", "trusted_proxies = localhost", "trusted_proxies = 10.0.0", "client_tokens = short",
            "client_tokens = 0123456789abcdef\"", "cors_origins = *", "cors_origins = https://a/b", "cors_origins = null",
            "cors_origins = file://", "journal = memory",
            "allow_state_in_web_root = true", "fastcgi_processes = 0", "fastcgi_processes = 65", "= x", "access_ttl = 25h",
            "access_ttl = 86401s", "access_ttl = 30d",
        ] {
            #expect(fault(line)?.hasPrefix("f:1: ") == true, "\(line)")
        }
    }

    @Test func aNetworkIsReadWholeAndWithItsOwnBits() throws {
        for (text, bytes, prefix) in [
            ("10.0.0.0/8", [10, 0, 0, 0], 8), ("::ffff:10.0.0.0/104", [10, 0, 0, 0], 8), ("::ffff:10.0.0.1", [10, 0, 0, 1], 32),
            ("0.0.0.0/0", [0, 0, 0, 0], 0),
        ] as [(String, [UInt8], Int)] {
            let range = try networkRange(text)
            #expect(range.address.bytes == bytes && range.prefix == prefix, "\(text)")
        }
        for wrong in ["127.0.0.1\0", "127.0.0.1\0x", "::1\0/8", "127.0.0.1\0/8", "::ffff:10.0.0.0/8", "::ffff:10.0.0.0/129"] {
            #expect(throws: ValueFault.self, "\(wrong)") { try networkRange(wrong) }
        }
    }

    @Test func aVariableThatIsGivenTwiceIsRefused() throws {
        var settings = Settings()
        try settings.read(Array("code_ttl = 4m".utf8), file: "f")
        try settings.readVariable("LATCHKEY_CODE_TTL", "5m")
        #expect(settings.policy.codeLifetime == .minutes(5))
        for name in ["LATCHKEY_code_ttl", "LATCHKEY_CODE_TTL"] {
            do throws(ConfigurationFault) {
                try settings.readVariable(name, "6m")
                Issue.record("\(name) is taken")
            } catch {
                #expect(error.reason == "environment:\(name): code_ttl: given twice")
            }
        }
    }

    /// A file of variables from Windows contains such values.
    @Test func aVariablesValueIsTakenWithoutSpacesAroundIt() throws {
        var settings = Settings()
        for (name, value) in [("CODE_TTL", "5m\r"), ("BASE_URL", " https://id.example.com\r"), ("SIGN_UP", "closed\t")] {
            try settings.readVariable("LATCHKEY_\(name)", value)
        }
        #expect(settings.policy.codeLifetime == .minutes(5) && settings.policy.baseURL == "https://id.example.com")
        #expect(settings.policy.signUp == .closed)
    }

    @Test func aBaseURLHasAHostAndAPortThatBrowsersTake() {
        for url in [
            "http://localhost:8000", "https://id.example.com/auth", "https://ID.example.com", "http://latch_key:8000",
            "http://127.0.0.1",
            "http://[::1]:8000", "https://a.example/x:y/z", "https://a.example/%7Eann", "https://a.example:65535/x",
        ] { #expect(fault("base_url = \(url)") == nil, "\(url)") }
        for url in [
            "https://[::1", "https://[::1]8000", "https://::1", "https://a.example:", "https://a.example:0",
            "https://a.example:65536/x",
            "https://a.example:80:80", "https://a.example:x", "http://127.1", "http://1.2.3.4.5", "https://a%2e.example",
        ] { #expect(fault("base_url = \(url)")?.hasPrefix("f:1: base_url: ") == true, "\(url)") }
    }

    @Test func theEnvironmentHasTheSameKeys() throws {
        var settings = Settings()
        try settings.readVariable("LATCHKEY_CODE_LENGTH", "7")
        try settings.readVariable("LATCHKEY_HOME", "/anything")
        // Variables that container platforms set for a service of that name, and that servers' files read.
        for name in [
            "PORT", "SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_8000_TCP", "PORT_8000_TCP_PROTO",
            "PORT_8000_TCP_PORT",
            "PORT_8000_TCP_ADDR", "MAIL_SERVICE_HOST", "MAIL_SERVICE_PORT", "MAIL_PORT", "MAIL_PORT_25_TCP_ADDR", "NAME",
            "ENV_PATH",
            "FASTCGI",
        ] {
            try settings.readVariable("LATCHKEY_\(name)", "tcp://10.0.0.1:8000")
        }
        #expect(settings.given.count == 1 && settings.mail == .maildir)
        #expect(settings.policy.codeLength == 7)
        do throws(ConfigurationFault) {
            try settings.readVariable("LATCHKEY_NONSENSE", "7")
            Issue.record("there is such a setting")
        } catch {
            #expect(error.reason == "environment:LATCHKEY_NONSENSE: nonsense: unknown setting")
        }
    }
}

// The table of settings: each setting once, with its key, its default, the form of its value, a sentence for the operator,
// and where its value is stored.
//
// Everything that needs the settings reads this table, in this order: the file and the environment (Settings.swift),
// `latchkey settings`, samples/latchkey.conf, which `latchkey init` writes too, and the table in docs/configuration.md
// (SettingTexts.swift). After a change, `make settings` writes the last two.

import Auth
import Platform
import Store

extension Settings {
    /// Passes each setting to `reader`.
    static func readTable(by reader: inout some SettingReader) {
        addMail(to: &reader)
        addSignIn(to: &reader)
        addLimits(to: &reader)
        addMachine(to: &reader)
    }

    private static func addMail(to table: inout some SettingReader) {
        table.setting(
            "base_url", default: .value("http://localhost:8000"), baseURL,
            "the service's address: `iss` of access tokens, and the start of links in mail"
        ) { $0.policy.baseURL = $1 }
        table.setting(
            "mail", default: .value("maildir"), mailSetting,
            "`maildir` writes each mail into a file in `mail/new`; `sendmail /usr/sbin/sendmail` hands it to that command"
        ) { $0.mail = $1 }
        table.setting(
            "mail_from", default: .words("`Latchkey <latchkey@host>`"), mailbox,
            """
            the sender: an address, or `Name <address>`, of whose name 128 characters count; the default's host is that of \
            `base_url`
            """
        ) { $0.mailFrom = $1 }
    }

    private static func addSignIn(to table: inout some SettingReader) {
        table.setting(
            "sign_up", default: .value("open"), signUp,
            """
            who may make an account: `open`, `closed`, or domains such as `example.com, example.org`; other addresses get the \
            same answer and no mail
            """
        ) { $0.policy.signUp = $1 }
        table.setting(
            "invitations_admit", default: .value("yes"), yesOrNo,
            """
            an open invitation lets its address sign up whatever `sign_up` says; with `no`, inviting an address that may not \
            sign up mails nothing, and the answer is the same
            """
        ) { $0.policy.invitationsAdmit = $1 }
        table.setting("code_length", default: .value("6"), number(in: 6...8), "digits of a code, 6 to 8") {
            $0.policy.codeLength = Int($1)
        }
        table.setting("code_ttl", default: .value("10m"), duration(atMost: .days(1)), "a code's life; up to `1d`") {
            $0.policy.codeLifetime = $1
        }
        table.setting(
            "code_attempts", default: .value("5"), number(in: 1...100), "guesses at one code that are compared, 1 to 100"
        ) { $0.policy.codeAttempts = $1 }
        table.setting(
            "resend_after", default: .value("60s"), duration(orNone: true, atMost: .days(1)),
            "the time between two mails to one address; up to `1d`"
        ) { $0.policy.resendAfter = $1 }
        table.setting(
            "access_ttl", default: .value("15m"), duration(atMost: StoreBounds.longestAccessLifetime),
            "an access token's life; up to `1d`"
        ) { $0.policy.accessLifetime = $1 }
        table.setting(
            "refresh_ttl", default: .value("30d"), duration(),
            "a session that is not refreshed for this long ends, and its access token with it"
        ) { $0.policy.refreshLifetime = $1 }
        table.setting(
            "session_ttl", default: .value("90d"), duration(), "a session's life, however often it is refreshed"
        ) { $0.policy.sessionLifetime = $1 }
        table.setting(
            "refresh_grace", default: .value("30s"), duration(orNone: true, atMost: .hours(1)),
            "for this long a spent refresh token still gets its successor; up to `1h`"
        ) { $0.policy.refreshGrace = $1 }
    }

    private static func addLimits(to table: inout some SettingReader) {
        table.setting(
            "limit_send_per_ip", default: .value("30/5m"), quota,
            """
            codes asked for from one IPv4 address or IPv6 /64, and twice as many from an IPv6 /48; `off` drops a limit; the \
            time of a limit is up to `31d`
            """
        ) { $0.policy.sendPerAddressOfClient = $1 }
        table.setting(
            "limit_verify_per_ip", default: .value("30/5m"), quota,
            "guesses from one IPv4 address or IPv6 /64, and twice as many from an IPv6 /48"
        ) { $0.policy.verifyPerAddressOfClient = $1 }
        table.setting(
            "limit_refresh_per_ip", default: .value("150/5m"), quota,
            """
            refreshes from one IPv4 address or IPv6 /64; by one account four times as many, from any network; refused ones, twice \
            as many from an IPv6 /48
            """
        ) { $0.policy.refreshPerAddressOfClient = $1 }
        table.setting(
            "limit_send_per_email", default: .value("5/1h"), quota,
            "sign-in codes to one address; codes to change an address, and to delete an account, that one account asks for"
        ) { $0.policy.sendPerEmail = $1 }
        table.setting(
            "limit_failures_per_email", default: .value("30/24h"), quota,
            "wrong guesses for one address, for all purposes together; a new code does not reset them"
        ) { $0.policy.failuresPerEmail = $1 }
        table.setting("limit_send_total", default: .value("1000/1h"), quota, "mails to all") { $0.policy.sendTotal = $1 }
        table.setting(
            "limit_invite_per_user", default: .value("20/1h"), quota,
            "invitations to projects by one account; five a day go to one address"
        ) { $0.policy.invitationsPerUser = $1 }
        table.setting(
            "limit_write_per_user", default: .value("600/5m"), quota,
            """
            changes by one account. Ending something is always possible: revoking, deleting, leaving, and rotating a key
            """
        ) { $0.policy.changesPerUser = $1 }
        table.setting(
            "max_projects_per_user", default: .value("100"), bound,
            """
            projects that an account belongs to. This and the next five settings are 1 to 10000; beyond them the answer is 409. \
            What is there already stays
            """
        ) { $0.policy.projectsPerUser = $1 }
        table.setting(
            "max_keys_per_project", default: .value("1000"), bound,
            """
            API keys of a project that have not ended; a rotated key keeps its place, and where there is no other, rotating the \
            old one again ends the first new one. A project keeps as many keys that have ended, for 90 days
            """
        ) { $0.policy.keysPerProject = $1 }
        table.setting(
            "max_keys_per_member", default: .value("100"), bound, "the same for one member's keys in a project"
        ) { $0.policy.keysPerMember = $1 }
        table.setting("max_members_per_project", default: .value("100"), bound, "members of a project") {
            $0.policy.membersPerProject = $1
        }
        table.setting("max_invitations_per_project", default: .value("100"), bound, "open invitations of a project") {
            $0.policy.invitationsPerProject = $1
        }
        table.setting(
            "max_sessions_per_user", default: .value("100"), bound,
            "sessions of an account; instead of 409, the session that was not used for longest ends"
        ) { $0.policy.sessionsPerUser = $1 }
    }

    private static func addMachine(to table: inout some SettingReader) {
        table.setting(
            "argon2_slots", default: .words("number of cores"), number(in: 1...1024),
            "codes hashed at once, 1 to 1024, each in 7 MiB; others wait up to 5 s, then get 503"
        ) { $0.policy.argon2Slots = $1 }
        table.setting(
            "deliverers", default: .value("8"), number(in: 2...64),
            """
            processes that send mail at once, 2 to 64; a quarter of them is for mail that was not tried yet, so that mails whose \
            command hangs do not hold up others
            """
        ) { $0.policy.deliverers = $1 }
        table.setting(
            "audit_ttl", default: .value("90d"), duration(atLeast: .days(1)), "how long the audit is kept; at least `1d`"
        ) { $0.policy.auditLifetime = $1 }
        table.setting(
            "metrics_token", default: .words("none"), clientToken, isSecret: true,
            "the Bearer token that reads `/metrics` from elsewhere; without it, only this machine does"
        ) { $0.policy.metricsToken = $1 }
        table.setting(
            "trusted_proxies", default: .words("none"), elements(of: networkRange),
            """
            addresses and ranges whose `X-Forwarded-For` is believed, from the right; behind a proxy that is not listed, all \
            clients count as one
            """
        ) { $0.trustedProxies = $1 }
        table.setting(
            "test_identities", default: .words("none"), line(atMost: 4000),
            "a file of fixed codes for app reviewers, with lines `address hash last-day`"
        ) { $0.testIdentities = $1 }
        table.setting(
            "cors_origins", default: .words("none"), elements(of: origin),
            """
            origins such as `https://app.example.com`, or an app's `capacitor://localhost`, whose pages may call the API; exact \
            ones
            """
        ) { $0.corsOrigins = $1 }
        table.setting(
            "client_tokens", default: .words("none"), elements(of: clientToken), isSecret: true,
            "if set, the four verification endpoints need one of them as Bearer token"
        ) { $0.policy.clientTokens = $1 }
        table.setting(
            "fastcgi_requests", default: .value("100000"), number(in: 1...1_000_000_000),
            "answers after which a FastCGI process begins anew"
        ) { $0.fastCGIRequests = $1 }
        table.setting(
            "fastcgi_processes", default: .words("number of cores"), number(in: 1...64),
            "FastCGI processes of each pool, 1 to 64, that lighttpd starts; read when it starts"
        ) { _, _ in }  // lighttpd-fastcgi.sh reads it.
        table.setting(
            "journal", default: .words("by the file system"), journalMode,
            """
            `wal`, or `delete`, which is what network file systems (NFS, SMB, FUSE and the like) and shared folders of virtual \
            machines get, also if the state is moved there
            """
        ) { $0.journal = $1 }
        table.setting(
            "allow_state_in_web_root", default: .value("no"), yesOrNo,
            "`yes` allows a state folder inside a web root"
        ) { $0.allowStateInWebRoot = $1 }
    }

    /// What replaces a former setting; nil for any other key.
    static func replacement(of key: String) -> String? {
        key.isSame(as: "mail_subject") || key.isSame(as: "mail_template")
            ? "removed: put the mail's subject and text into templates/code.txt in the state folder, and its HTML into code.html"
            : nil
    }
}

/// A reader of the table of settings.
///
/// Implementations are inlined, so that an executable does not contain texts that it does not use: endpoints read settings,
/// but need no sentences.
protocol SettingReader {
    /// The setting `key`. Its value has the form `form`, and `store` stores it in the settings. `default` and `sentence` are
    /// Markdown.
    mutating func setting<Value>(
        _ key: String, default: SettingDefault, _ form: @autoclosure () -> SettingForm<Value>, isSecret: Bool,
        _ sentence: String, store: @escaping (inout Settings, Value) -> Void)
}

extension SettingReader {
    /// A setting whose value is not secret.
    @inline(__always)
    mutating func setting<Value>(
        _ key: String, default standard: SettingDefault, _ form: @autoclosure () -> SettingForm<Value>,
        _ sentence: String, store: @escaping (inout Settings, Value) -> Void
    ) {
        setting(key, default: standard, form(), isSecret: false, sentence, store: store)
    }
}

/// How to read a value.
typealias SettingForm<Value> = (String) throws(ValueFault) -> Value

/// The default of a setting.
enum SettingDefault {
    /// This value.
    case value(String)
    /// A default that no value can express: how it is determined, in words.
    case words(String)
}

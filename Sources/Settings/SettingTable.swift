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
            "The URL that clients use. Access tokens name it as their issuer (`iss`), and links in mail begin with it."
        ) { $0.policy.baseURL = $1 }
        table.setting(
            "mail", default: .value("maildir"), mailSetting,
            "`maildir` writes each mail to a file in `mail/new`. `sendmail /usr/sbin/sendmail` passes it to that command."
        ) { $0.mail = $1 }
        table.setting(
            "mail_from", default: .words("`Latchkey <latchkey@host>`"), mailbox,
            """
            The sender: an address, or `Name <address>` with a name of at most 128 characters. The default uses the host of \
            `base_url`, or `localhost.localdomain` if no mail can come from that host.
            """
        ) { $0.mailFrom = $1 }
    }

    private static func addSignIn(to table: inout some SettingReader) {
        table.setting(
            "sign_up", default: .value("open"), signUp,
            """
            Who can create an account: `open`, `closed`, or a list of domains such as `example.com, example.org`. An \
            address that has no account and cannot create one gets the same answer, but no mail.
            """
        ) { $0.policy.signUp = $1 }
        table.setting(
            "invitations_admit", default: .value("yes"), yesOrNo,
            """
            `yes`: an open invitation lets its address sign up, whatever `sign_up` says. `no`: Latchkey does not mail an \
            invitation to an address that cannot sign up; the answer is the same.
            """
        ) { $0.policy.invitationsAdmit = $1 }
        table.setting("code_length", default: .value("6"), number(in: 6...8), "The number of digits of a code, 6 to 8.") {
            $0.policy.codeLength = Int($1)
        }
        table.setting("code_ttl", default: .value("10m"), duration(atMost: .days(1)), "How long a code is valid, at most `1d`.") {
            $0.policy.codeLifetime = $1
        }
        table.setting(
            "code_attempts", default: .value("5"), number(in: 1...100), "How many guesses a code allows, 1 to 100."
        ) { $0.policy.codeAttempts = $1 }
        table.setting(
            "resend_after", default: .value("60s"), duration(orNone: true, atMost: .days(1)),
            "The minimum time between two codes mailed to one address, at most `1d`."
        ) { $0.policy.resendAfter = $1 }
        table.setting(
            "access_ttl", default: .value("15m"), duration(atMost: StoreBounds.longestAccessLifetime),
            "How long an access token is valid, at most `1d`."
        ) { $0.policy.accessLifetime = $1 }
        table.setting(
            "refresh_ttl", default: .value("30d"), duration(),
            "A session that is not refreshed for this long ends, and so does its access token."
        ) { $0.policy.refreshLifetime = $1 }
        table.setting(
            "session_ttl", default: .value("90d"), duration(), "How long a session lasts, however often it is refreshed."
        ) { $0.policy.sessionLifetime = $1 }
        table.setting(
            "refresh_grace", default: .value("30s"), duration(orNone: true, atMost: .hours(1)),
            "How long a used refresh token still returns its successor, at most `1h`."
        ) { $0.policy.refreshGrace = $1 }
    }

    private static func addLimits(to table: inout some SettingReader) {
        table.setting(
            "limit_send_per_ip", default: .value("30/5m"), quota,
            """
            Codes requested from one IPv4 address or IPv6 /64; twice as many from an IPv6 /48. Invitations have the same \
            limit, counted separately. `off` turns a limit off. The period of a limit is at most `31d`.
            """
        ) { $0.policy.sendPerAddressOfClient = $1 }
        table.setting(
            "limit_verify_per_ip", default: .value("30/5m"), quota,
            "Guesses from one IPv4 address or IPv6 /64; twice as many from an IPv6 /48."
        ) { $0.policy.verifyPerAddressOfClient = $1 }
        table.setting(
            "limit_refresh_per_ip", default: .value("150/5m"), quota,
            """
            Refreshes from one IPv4 address or IPv6 /64. One account can make four times as many, from all networks together. \
            One IPv6 /48 can make twice as many that Latchkey refuses.
            """
        ) { $0.policy.refreshPerAddressOfClient = $1 }
        table.setting(
            "limit_send_per_email", default: .value("5/1h"), quota,
            """
            Sign-in codes to one address. Codes to change an account's address have the same limit, counted separately; so do \
            codes to delete an account.
            """
        ) { $0.policy.sendPerEmail = $1 }
        table.setting(
            "limit_failures_per_email", default: .value("30/24h"), quota,
            "Wrong guesses at all codes for one address together. A new code does not reset the count."
        ) { $0.policy.failuresPerEmail = $1 }
        table.setting(
            "limit_send_total", default: .value("1000/1h"), quota,
            """
            Codes mailed to all addresses together. Requests from a network from which the address has signed in lately do \
            not count. Invitations have the same limit, counted separately.
            """
        ) { $0.policy.sendTotal = $1 }
        table.setting(
            "limit_invite_per_user", default: .value("20/1h"), quota,
            "Invitations to projects by one account. One address gets at most five a day."
        ) { $0.policy.invitationsPerUser = $1 }
        table.setting(
            "limit_write_per_user", default: .value("600/5m"), quota,
            """
            Changes by one account. Revoking, deleting and leaving do not count. Rotating a key has a limit of its own, which \
            is always `600/5m`.
            """
        ) { $0.policy.changesPerUser = $1 }
        table.setting(
            "max_projects_per_user", default: .value("100"), bound,
            """
            Projects that one account can belong to. This and the next five settings are 1 to 10000. Requests for more get \
            409. If you lower a value, nothing is deleted.
            """
        ) { $0.policy.projectsPerUser = $1 }
        table.setting(
            "max_keys_per_project", default: .value("1000"), bound,
            """
            API keys of one project that are neither expired nor deactivated. A rotated key and its replacement count as one. \
            If the project is full when the same key is rotated again, the first replacement ends. Latchkey also keeps as many \
            expired and deactivated keys, for 90 days.
            """
        ) { $0.policy.keysPerProject = $1 }
        table.setting(
            "max_keys_per_member", default: .value("100"), bound, "The same, for the keys of one member in a project."
        ) { $0.policy.keysPerMember = $1 }
        table.setting("max_members_per_project", default: .value("100"), bound, "Members of one project.") {
            $0.policy.membersPerProject = $1
        }
        table.setting("max_invitations_per_project", default: .value("100"), bound, "Open invitations of one project.") {
            $0.policy.invitationsPerProject = $1
        }
        table.setting(
            "max_sessions_per_user", default: .value("100"), bound,
            "Sessions of one account. When one more begins, the least recently used session ends. There is no 409."
        ) { $0.policy.sessionsPerUser = $1 }
    }

    private static func addMachine(to table: inout some SettingReader) {
        table.setting(
            "argon2_slots", default: .words("number of cores"), number(in: 1...1024),
            """
            How many codes Latchkey hashes at once, 1 to 1024. Each takes 7 MiB of memory. Other requests wait up to 5 s, then \
            get 503.
            """
        ) { $0.policy.argon2Slots = $1 }
        table.setting(
            "deliverers", default: .value("8"), number(in: 2...64),
            """
            How many processes send mail at once, 2 to 64. A quarter of them send only new mail, so that a mail command that \
            hangs does not delay all mail.
            """
        ) { $0.policy.deliverers = $1 }
        table.setting(
            "audit_ttl", default: .value("90d"), duration(atLeast: .days(1)),
            "How long Latchkey keeps the audit log, at least `1d`."
        ) { $0.policy.auditLifetime = $1 }
        table.setting(
            "metrics_token", default: .words("none"), clientToken, isSecret: true,
            "The Bearer token for reading `/metrics` from other machines. Without it, only this machine can read them."
        ) { $0.policy.metricsToken = $1 }
        table.setting(
            "trusted_proxies", default: .words("none"), elements(of: networkRange),
            """
            Addresses and ranges of proxies. Latchkey trusts their `X-Forwarded-For`, and reads it from right to left. Behind \
            a proxy that is not listed, all clients share the same limits.
            """
        ) { $0.trustedProxies = $1 }
        table.setting(
            "test_identities", default: .words("none"), line(atMost: 4000),
            "A file of fixed codes for app reviewers, with lines `address hash last-day`."
        ) { $0.testIdentities = $1 }
        table.setting(
            "cors_origins", default: .words("none"), elements(of: origin),
            """
            The exact origins whose pages can call the API, such as `https://app.example.com`, or `capacitor://localhost` for \
            an app.
            """
        ) { $0.corsOrigins = $1 }
        table.setting(
            "client_tokens", default: .words("none"), elements(of: clientToken), isSecret: true,
            "If set, the four verification endpoints require one of these Bearer tokens."
        ) { $0.policy.clientTokens = $1 }
        table.setting(
            "fastcgi_requests", default: .value("100000"), number(in: 1...1_000_000_000),
            "After this many requests, a FastCGI process restarts."
        ) { $0.fastCGIRequests = $1 }
        table.setting(
            "fastcgi_processes", default: .words("number of cores"), number(in: 1...64),
            """
            How many FastCGI processes lighttpd starts in each pool, 1 to 64. With PostgreSQL, the default is eight per core, at \
            most 64. Restart lighttpd after a change.
            """
        ) { _, _ in }  // lighttpd-fastcgi.sh reads it.
        table.setting(
            "journal", default: .words("depends on the file system"), journalMode,
            """
            SQLite's journal mode, `wal` or `delete`. Without this setting, Latchkey uses `delete` on network file systems \
            (NFS, SMB, FUSE and the like) and in shared folders of virtual machines, even if you move the state there later. \
            Everywhere else it uses `wal`.
            """
        ) { $0.journal = $1 }
        table.setting(
            "database", default: .words("none"), databaseAddress, isSecret: true,
            """
            Where the database is, as `postgresql://user@host/name` or as libpq's keywords and values. Put the password into \
            `.pgpass` or the environment. Only for the PostgreSQL build: the SQLite build refuses this setting.
            """
        ) { $0.database = $1 }
        table.setting(
            "database_tls", default: .value("verify-full"), modeOfTLS,
            """
            How TCP connections to PostgreSQL are protected: `verify-full` checks the server's certificate and name, \
            `verify-ca` only the certificate, `require` encrypts without a check, and `disable` does not encrypt. Unix \
            sockets do not use TLS.
            """
        ) { $0.databaseTLS = $1 }
        table.setting(
            "database_pooled", default: .value("no"), yesOrNo,
            "`yes` if Latchkey connects through PgBouncer in transaction mode, or a similar pooler."
        ) { $0.databaseIsPooled = $1 }
        table.setting(
            "allow_state_in_web_root", default: .value("no"), yesOrNo,
            "`yes` allows a state folder inside a web root."
        ) { $0.allowStateInWebRoot = $1 }
    }

    /// What replaces a former setting; nil for any other key.
    static func replacement(of key: String) -> String? {
        key.isSame(as: "mail_subject") || key.isSame(as: "mail_template")
            ? "this setting was removed: put the mail's subject and text into templates/code.txt in the state folder, "
                + "and its HTML into code.html"
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

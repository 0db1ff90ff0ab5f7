// The settings, as `key = value` lines and as `LATCHKEY_<KEY>` in the environment. Nothing is
// guessed: a key that is not known, given twice, or has a value that cannot be meant is a fault
// with a name.

package import Auth
package import Platform
package import Store

/// Every setting, with its default. README lists them.
package struct Settings {
    package var policy = Policy()
    /// nil: by the file system.
    package var journal: JournalMode?
    package var mail = MailSetting.maildir
    package var mailFrom: Mailbox?
    package var mailSubject: String?
    package var mailTemplate: String?
    package var allowStateInWebRoot = false
    package var trustedProxies: [NetworkRange] = []
    package var corsOrigins: [String] = []
    package var testIdentities: String?
    /// How many requests a FastCGI process answers before it begins anew.
    package var fastCGIRequests = Settings.defaultFastCGIRequests
    package static let defaultFastCGIRequests: Int64 = 100_000

    /// What was given, in order; the last of a key counts.
    package private(set) var given: [Given] = []

    /// A setting that was given, and where.
    package struct Given {
        package let key: String
        package let value: String
        package let place: Place
    }

    /// Where a setting stands: its text is made only where somebody asks.
    package enum Place {
        case line(Int, file: String)
        case variable(String)

        /// `file:line`, or `environment:NAME`.
        package var text: String {
            switch self {
            case .line(let number, let file): "\(file):\(number)"
            case .variable(let name): "environment:\(name)"
            }
        }
    }

    /// The `mail` setting.
    package enum MailSetting: Equatable {
        case maildir
        /// The absolute path of a mail command.
        case sendmail(String)
    }

    package init() {}

    /// Takes the lines of `text`, the file called `file`.
    package mutating func read(_ text: [UInt8], file: String) throws(ConfigurationFault) {
        guard String(validating: text, as: UTF8.self) != nil else {
            throw ConfigurationFault(reason: "\(file): not UTF-8")
        }
        var seen: [String] = []
        // As bytes: where text of its own begins in a string takes long to tell.
        for (index, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = trimmed(line)
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            let place = Place.line(index + 1, file: file)
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
                throw ConfigurationFault(reason: "\(place.text): not of the form key = value")
            }
            let key = String(decoding: trimmed(line[..<equals]), as: UTF8.self)
            let value = String(decoding: trimmed(line[equals...].dropFirst()), as: UTF8.self)
            guard !seen.contains(where: { $0.isSame(as: key) }) else {
                throw ConfigurationFault(reason: "\(place.text): \(key): given twice")
            }
            seen.append(key)
            try set(key, value, place: place)
        }
    }

    /// Takes one setting from the environment; `name` is the variable's.
    package mutating func readVariable(_ name: String, _ value: String) throws(ConfigurationFault) {
        let key = String(decoding: name.utf8.dropFirst(9).map { $0.asciiLowercased }, as: UTF8.self)
        if isAnothers(key) { return }
        if Environment.isMalformed(name) { throw ConfigurationFault(reason: "environment:\(name): not UTF-8") }
        // In capitals and not, say: none of them is meant more than the other.
        for one in given where one.key.isSame(as: key) {
            if case .variable = one.place { throw ConfigurationFault(reason: "environment:\(name): \(key): given twice") }
        }
        // A file of variables may come from Windows.
        try set(key, String(Substring(trimmed(value.utf8[...]))), place: .variable(name))
    }

    private mutating func set(
        _ key: String, _ value: String, place: Place
    ) throws(ConfigurationFault) {
        do throws(ValueFault) {
            try set(key, value)
            given.append(Given(key: key, value: value, place: place))
        } catch {
            throw ConfigurationFault(reason: "\(place.text): \(key): \(error.reason)")
        }
    }

    private mutating func set(_ key: String, _ value: String) throws(ValueFault) {
        switch key {
        case "base_url": policy.baseURL = try baseURL(value)
        case "mail": mail = try mailSetting(value)
        case "mail_from": mailFrom = try mailbox(value)
        case "mail_subject": mailSubject = try line(value, atMost: 200)
        case "mail_template": mailTemplate = try line(value, atMost: 4000)
        case "sign_up": policy.signUp = try signUp(value)
        case "invitations_admit": policy.invitationsAdmit = try yesOrNo(value)
        case "code_length": policy.codeLength = Int(try number(value, in: 6...8))
        case "code_ttl": policy.codeLifetime = try duration(value, atMost: .days(1))
        case "code_attempts": policy.codeAttempts = try number(value, in: 1...100)
        case "resend_after": policy.resendAfter = try duration(value, orNone: true, atMost: .days(1))
        case "access_ttl": policy.accessLifetime = try duration(value, atMost: StoreBounds.longestAccessLifetime)
        case "refresh_ttl": policy.refreshLifetime = try duration(value)
        case "session_ttl": policy.sessionLifetime = try duration(value)
        case "refresh_grace": policy.refreshGrace = try duration(value, orNone: true, atMost: .hours(1))
        case "limit_send_per_ip": policy.sendPerAddressOfClient = try quota(value)
        case "limit_verify_per_ip": policy.verifyPerAddressOfClient = try quota(value)
        case "limit_refresh_per_ip": policy.refreshPerAddressOfClient = try quota(value)
        case "limit_send_per_email": policy.sendPerEmail = try quota(value)
        case "limit_failures_per_email": policy.failuresPerEmail = try quota(value)
        case "limit_send_total": policy.sendTotal = try quota(value)
        case "limit_invite_per_user": policy.invitationsPerUser = try quota(value)
        case "limit_write_per_user": policy.changesPerUser = try quota(value)
        case "max_projects_per_user": policy.projectsPerUser = try bound(value)
        case "max_keys_per_project": policy.keysPerProject = try bound(value)
        case "max_keys_per_member": policy.keysPerMember = try bound(value)
        case "max_members_per_project": policy.membersPerProject = try bound(value)
        case "max_invitations_per_project": policy.invitationsPerProject = try bound(value)
        case "max_sessions_per_user": policy.sessionsPerUser = try bound(value)
        case "argon2_slots": policy.argon2Slots = try number(value, in: 1...1024)
        case "trusted_proxies": trustedProxies = try elements(value, networkRange)
        case "deliverers": policy.deliverers = try number(value, in: 2...64)
        case "audit_ttl": policy.auditLifetime = try duration(value, atLeast: .days(1))
        case "client_tokens": policy.clientTokens = try elements(value, clientToken)
        case "metrics_token": policy.metricsToken = try clientToken(value)
        case "cors_origins": corsOrigins = try elements(value, origin)
        case "test_identities": testIdentities = try line(value, atMost: 4000)
        case "fastcgi_requests": fastCGIRequests = try number(value, in: 1...1_000_000_000)
        // Who starts the processes reads it: lighttpd-fastcgi.sh.
        case "fastcgi_processes": _ = try number(value, in: 1...64)
        case "journal": journal = try journalMode(value)
        case "allow_state_in_web_root": allowStateInWebRoot = try yesOrNo(value)
        default: throw ValueFault("there is no such setting")
        }
    }
}

/// Why the service cannot be configured: one sentence with file, line, key and reason.
package struct ConfigurationFault: Error {
    package let reason: String
    /// Whether it may pass: the state folder is not there now.
    package let isTemporary: Bool

    package init(reason: String, isTemporary: Bool = false) {
        self.reason = reason
        self.isTemporary = isTemporary
    }
}

/// Whether the variable `LATCHKEY_<KEY>` is known to be no setting: the state folder's, lighttpd.conf's own, or what
/// container platforms set for a service that is called "latchkey" (Kubernetes' service variables, Docker's links).
private func isAnothers(_ key: String) -> Bool {
    let key = key.utf8
    if ["home", "fastcgi", "port", "name"].contains(where: { key.elementsEqual($0.utf8) }) { return true }
    if ["port_", "env_", "service_host", "service_port"].contains(where: { key.starts(with: $0.utf8) }) { return true }
    // Of a service that is called "latchkey-mail", say.
    let words = key.split(separator: UInt8(ascii: "_"))
    func has(_ first: String, _ isSecond: (Substring.UTF8View) -> Bool) -> Bool {
        zip(words, words.dropFirst()).contains { $0.elementsEqual(first.utf8) && isSecond($1) }
    }
    return words.last?.elementsEqual("port".utf8) == true
        || has("service") { $0.elementsEqual("host".utf8) || $0.elementsEqual("port".utf8) }
        || has("port") { $0.allSatisfy { $0.isDigit } }
}

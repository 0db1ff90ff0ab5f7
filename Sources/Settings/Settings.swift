// The settings, as `key = value` lines and as `LATCHKEY_<KEY>` in the environment. Nothing is guessed: an unknown
// key, a key that is given twice, or an invalid value is a fault with a name.

package import Auth
package import Platform
package import Store

/// Every setting that processes use, with its default.
package struct Settings {
    /// The settings of the rules.
    package var policy = Policy()
    /// nil: the file system decides.
    package var journal: JournalMode?
    /// `database`: where PostgreSQL is; nil: not set.
    package var database: String?
    /// `database_tls`: libpq's `sslmode` for connections by TCP.
    package var databaseTLS = "verify-full"
    /// `database_pooled`: whether a pooler in transaction mode stands before PostgreSQL.
    package var databaseIsPooled = false
    /// `mail`: how mail leaves the service.
    package var mail = MailSetting.maildir
    /// `mail_from`: the sender of all mail; nil: `latchkey@` and the host of `base_url`.
    package var mailFrom: Mailbox?
    /// `allow_state_in_web_root`: whether the state folder may be inside a web root.
    package var allowStateInWebRoot = false
    /// `trusted_proxies`: the proxies whose `X-Forwarded-For` counts; empty: none.
    package var trustedProxies: [NetworkRange] = []
    /// `cors_origins`: the origins whose pages may call the API, as browsers write them; empty: none.
    package var corsOrigins: [String] = []
    /// `test_identities`: the path of the file of fixed codes, absolute or in the state folder; nil: no fixed codes.
    package var testIdentities: String?
    /// How many requests a FastCGI process answers before it restarts.
    package var fastCGIRequests = Settings.defaultFastCGIRequests
    /// The default of `fastcgi_requests`, in requests.
    package static let defaultFastCGIRequests: Int64 = 100_000

    /// The given settings, in order; the last one of a key counts.
    package private(set) var given: [Given] = []

    /// A given setting, and its place.
    package struct Given {
        /// The setting's key as in the file; for a variable, its name in lower case without `LATCHKEY_`.
        package let key: String
        /// The value as written, without spaces around it, even if it is secret.
        package let value: String
        /// The line or the variable that sets it.
        package let place: Place
    }

    /// Where a setting was given. The text is made only on request.
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

    /// Every setting at its default.
    package init() {}

    /// Reads the lines of `text` from the file `file`.
    package mutating func read(_ text: [UInt8], file: String) throws(ConfigurationFault) {
        guard String(validating: text, as: UTF8.self) != nil else {
            throw ConfigurationFault(reason: "\(file): not UTF-8")
        }
        var seen: [String] = []
        // As bytes: finding where text begins in a string is slow.
        for (index, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = trimmed(line)
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            let place = Place.line(index + 1, file: file)
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
                throw ConfigurationFault(reason: "\(place.text): must have the form key = value")
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

    /// Reads one setting from the environment; `name` is the variable's name.
    package mutating func readVariable(_ name: String, _ value: String) throws(ConfigurationFault) {
        let key = String(decoding: name.utf8.dropFirst(9).map { $0.asciiLowercased }, as: UTF8.self)
        if isAnothers(key) { return }
        if Environment.isMalformed(name) { throw ConfigurationFault(reason: "environment:\(name): not UTF-8") }
        // For example in capitals and in lower case: neither takes precedence.
        for one in given where one.key.isSame(as: key) {
            if case .variable = one.place { throw ConfigurationFault(reason: "environment:\(name): \(key): given twice") }
        }
        // A file with variables may come from Windows.
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
        var search = SettingSearch(of: key)
        Settings.readTable(by: &search)
        guard let take = search.take else {
            throw ValueFault(Settings.replacement(of: key) ?? "unknown setting")
        }
        try take(&self, value)
    }
}

/// Finds one setting.
private struct SettingSearch: SettingReader {
    private let key: String
    private let count: Int
    /// Stores a value of it; nil if there is no such setting.
    private(set) var take: ((inout Settings, String) throws(ValueFault) -> Void)?

    init(of key: String) {
        self.key = key
        count = key.utf8.count
    }

    @inline(__always)
    mutating func setting<Value>(
        _ key: String, default _: SettingDefault, _ form: @autoclosure () -> SettingForm<Value>, isSecret _: Bool,
        _: String, store: @escaping (inout Settings, Value) -> Void
    ) {
        // For most keys the length already differs.
        guard key.utf8.count == count, key.isSame(as: self.key) else { return }
        let read = form()
        take = { (settings, value) throws(ValueFault) in store(&settings, try read(value)) }
    }
}

/// Why the service cannot be configured: one sentence with file, line, key and reason.
package struct ConfigurationFault: Error {
    /// One sentence for the operator: where the fault is, and what it is.
    package let reason: String
    /// Whether it may pass: the state folder is missing now.
    package let isTemporary: Bool

    /// A fault for `reason`. It stays until the operator acts, unless `isTemporary`.
    package init(reason: String, isTemporary: Bool = false) {
        self.reason = reason
        self.isTemporary = isTemporary
    }
}

/// Whether the variable `LATCHKEY_<KEY>` is known not to be a setting: the state folder's, lighttpd.conf's own, or
/// what container platforms set for a service called "latchkey" (Kubernetes' service variables, Docker's links).
private func isAnothers(_ key: String) -> Bool {
    let key = key.utf8
    if ["home", "fastcgi", "port", "name"].contains(where: { key.elementsEqual($0.utf8) }) { return true }
    if ["port_", "env_", "service_host", "service_port"].contains(where: { key.starts(with: $0.utf8) }) { return true }
    // For example of a service called "latchkey-mail".
    let words = key.split(separator: UInt8(ascii: "_"))
    func has(_ first: String, _ isSecond: (Substring.UTF8View) -> Bool) -> Bool {
        zip(words, words.dropFirst()).contains { $0.elementsEqual(first.utf8) && isSecond($1) }
    }
    return words.last?.elementsEqual("port".utf8) == true
        || has("service") { $0.elementsEqual("host".utf8) || $0.elementsEqual("port".utf8) }
        || has("port") { $0.allSatisfy { $0.isDigit } }
}

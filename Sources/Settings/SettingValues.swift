// The forms of a setting's value.

import Auth
import Platform
import Store

/// Why a value is refused.
struct ValueFault: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

// MARK: Forms that take a bound, or another form

func number(in range: ClosedRange<Int64>) -> SettingForm<Int64> {
    { (value) throws(ValueFault) in try number(value, in: range) }
}

func duration(
    orNone: Bool = false, atLeast least: Duration = .seconds(0), atMost most: Duration = longestDuration
) -> SettingForm<Duration> {
    { (value) throws(ValueFault) in try duration(value, orNone: orNone, atLeast: least, atMost: most) }
}

func line(atMost limit: Int) -> SettingForm<String> {
    { (value) throws(ValueFault) in try line(value, atMost: limit) }
}

func elements<Element>(of form: @escaping SettingForm<Element>) -> SettingForm<[Element]> {
    { (value) throws(ValueFault) in try elements(value, form) }
}

// MARK: Each form

/// Elements separated by commas or spaces; at least one.
func elements<T>(
    _ value: String, _ element: (String) throws(ValueFault) -> T
) throws(ValueFault) -> [T] {
    var results: [T] = []
    for piece in value.utf8.split(whereSeparator: { $0 == UInt8(ascii: ",") || $0 == 0x20 || $0 == 0x09 }) {
        results.append(try element(String(Substring(piece))))
    }
    guard !results.isEmpty else { throw ValueFault("must not be empty") }
    return results
}

/// Non-empty text of at most `limit` bytes, without control characters or characters that change its direction.
func line(_ value: String, atMost limit: Int) throws(ValueFault) -> String {
    guard !value.utf8.isEmpty else { throw ValueFault("must not be empty") }
    guard value.utf8.count <= limit else { throw ValueFault("must have at most \(limit) bytes") }
    guard !value.unicodeScalars.contains(where: { $0.isControl || $0.turnsDirection }) else {
        throw ValueFault("must not contain control characters")
    }
    return value
}

/// Decimal digits.
func number(_ value: String, in range: ClosedRange<Int64>) throws(ValueFault) -> Int64 {
    guard value.utf8.count <= 15, !value.utf8.isEmpty, value.utf8.allSatisfy({ $0.isDigit }),
        let number = Int64(value), range.contains(number)
    else { throw ValueFault("must be a whole number from \(range.lowerBound) to \(range.upperBound)") }
    return number
}

/// A number with s, m, h or d: from a second (or, if `orNone`, zero) to ten years, or to `most`.
func duration(
    _ value: String, orNone: Bool = false, atLeast least: Duration = .seconds(0), atMost most: Duration = longestDuration
) throws(ValueFault) -> Duration {
    let unit: Duration
    switch value.utf8.last {
    case UInt8(ascii: "s"): unit = .seconds(1)
    case UInt8(ascii: "m"): unit = .minutes(1)
    case UInt8(ascii: "h"): unit = .hours(1)
    case UInt8(ascii: "d"): unit = .days(1)
    default: throw ValueFault("must be a duration such as 90s, 15m, 1h or 30d")
    }
    let count: Int64
    do throws(ValueFault) {
        let digits = String(decoding: value.utf8.dropLast(), as: UTF8.self)
        count = try number(digits, in: (orNone ? 0 : 1)...(10 * 366 * 86400))
    } catch {
        throw ValueFault("must be a duration such as 90s, 15m, 1h or 30d")
    }
    let duration = Duration(milliseconds: unit.milliseconds * count)
    guard duration <= longestDuration else { throw ValueFault("must be at most ten years") }
    guard duration <= most else { throw ValueFault("must be at most \(most.words)") }
    guard duration >= least else {
        throw ValueFault("must be at least \(least.words)")
    }
    return duration
}

/// Ten years.
private let longestDuration = Duration.days(10 * 366)

extension Duration {
    /// `1d`, `1h` or `90s`, as in a setting.
    fileprivate var words: String {
        let seconds = secondsRoundedUp
        if seconds % 86400 == 0 { return "\(seconds / 86400)d" }
        return seconds % 3600 == 0 ? "\(seconds / 3600)h" : "\(seconds)s"
    }
}

/// `30/5m`, or `off` for nil.
func quota(_ value: String) throws(ValueFault) -> Quota? {
    if value.isSame(as: "off") { return nil }
    guard let slash = value.utf8.firstIndex(of: UInt8(ascii: "/")) else {
        throw ValueFault("must be off or a quota such as 30/5m")
    }
    return Quota(
        count: try number(String(value[..<slash]), in: 1...1_000_000),
        window: try duration(String(decoding: value.utf8[slash...].dropFirst(), as: UTF8.self), atMost: .days(31)))
}

/// A limit on how many: at most as many as one transaction can count.
func bound(_ value: String) throws(ValueFault) -> Int64 { try number(value, in: 1...10_000) }

func yesOrNo(_ value: String) throws(ValueFault) -> Bool {
    switch value {
    case "yes": true
    case "no": false
    default: throw ValueFault("must be yes or no")
    }
}

func journalMode(_ value: String) throws(ValueFault) -> JournalMode {
    guard let mode = JournalMode(named: value) else { throw ValueFault("must be wal or delete") }
    return mode
}

/// PostgreSQL's connection URI, or libpq's keywords and values. The build with SQLite refuses every value.
func databaseAddress(_ value: String) throws(ValueFault) -> String {
    #if POSTGRESQL
    let value = try line(value, atMost: 4000)
    guard !value.utf8.isEmpty else { throw ValueFault("must be a connection URI, or keywords and values") }
    return value
    #else
    throw ValueFault("these executables keep their data in SQLite: make build STORE=postgresql builds those for PostgreSQL")
    #endif
}

/// A `sslmode` of libpq whose protection is clear.
func modeOfTLS(_ value: String) throws(ValueFault) -> String {
    switch value {
    case "verify-full", "verify-ca", "require", "disable": return value
    default: throw ValueFault("must be verify-full, verify-ca, require or disable")
    }
}

/// `open`, `closed`, or domains.
func signUp(_ value: String) throws(ValueFault) -> SignUp {
    switch value {
    case "open": return .open
    case "closed": return .closed
    default: return .domains(try elements(value, domain))
    }
}

private func domain(_ value: String) throws(ValueFault) -> String {
    do throws(EmailFault) {
        return try Email("a@\(value)").domain
    } catch {
        throw ValueFault("must be open, closed or a list of domains: \(value)")
    }
}

/// `http://…` or `https://…` without a final slash, of characters that need no escape in JSON and HTML.
func baseURL(_ value: String) throws(ValueFault) -> String {
    guard let rest = withoutScheme(value) else {
        throw ValueFault("must begin with http:// or https://")
    }
    guard !rest.isEmpty, rest.first != UInt8(ascii: "/"), rest.first != UInt8(ascii: ":"),
        rest.allSatisfy({ $0.isLetter || $0.isDigit || "-._~:/[]%".utf8.contains($0) })
    else { throw ValueFault("must be a URL with a host, and optionally a port and a path") }
    guard rest.last != UInt8(ascii: "/") else { throw ValueFault("must not end in a slash") }
    // Host and port in the form that browsers accept.
    _ = try origin(String(Substring(value.utf8.dropLast(rest.drop { $0 != UInt8(ascii: "/") }.count))))
    // It is the issuer in every token.
    guard value.utf8.count <= 255 else { throw ValueFault("must have at most 255 bytes") }
    return value
}

/// The host of a `baseURL`, without a port.
func host(ofBaseURL url: String) -> String {
    let rest = withoutScheme(url) ?? url.utf8[...]
    let end = rest.firstIndex { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") } ?? rest.endIndex
    return String(Substring(rest[..<end]))
}

private func withoutScheme(_ url: String) -> Substring.UTF8View? {
    for scheme in ["http://", "https://"] where url.utf8.starts(with: scheme.utf8) {
        return url.utf8.dropFirst(scheme.utf8.count)
    }
    return nil
}

/// `maildir`, or `sendmail` and an absolute path.
func mailSetting(_ value: String) throws(ValueFault) -> Settings.MailSetting {
    if value.isSame(as: "maildir") { return .maildir }
    guard value.utf8.starts(with: "sendmail ".utf8) else {
        throw ValueFault("must be maildir, or sendmail and a path")
    }
    let path = try line(String(Substring(trimmed(value.utf8.dropFirst(9)))), atMost: 4000)
    guard path.utf8.first == UInt8(ascii: "/") else {
        throw ValueFault("the mail command's path must begin with /")
    }
    return .sendmail(path)
}

/// `address`, or `Name <address>`.
func mailbox(_ value: String) throws(ValueFault) -> Mailbox {
    // A header line holds 998 bytes (RFC 5322 §2.1.1), and encoding takes up to three times as many.
    let value = try line(value, atMost: 320)
    var (name, address): (String?, String) = (nil, value)
    if value.utf8.last == UInt8(ascii: ">"), let open = value.utf8.lastIndex(of: UInt8(ascii: "<")) {
        name = String(Substring(trimmed(value.utf8[..<open])))
        address = String(decoding: value.utf8[open...].dropFirst().dropLast(), as: UTF8.self)
    }
    do throws(EmailFault) {
        return Mailbox(
            name: name?.utf8.isEmpty == true ? nil : name, address: try Email(address))
    } catch {
        throw ValueFault("must be an address or Name <address>: \(error.reason)")
    }
}

/// A token that a client can send as Bearer (RFC 6750 §2.1), long enough not to be guessed.
func clientToken(_ value: String) throws(ValueFault) -> String {
    guard 16...1024 ~= value.utf8.count,
        value.utf8.allSatisfy({ $0.isLetter || $0.isDigit || "-._~+/=".utf8.contains($0) })
    else { throw ValueFault("must have 16 to 1024 characters of A-Z a-z 0-9 - . _ ~ + / =") }
    return value
}

/// An address, or an address, a slash and the number of leading bits.
func networkRange(_ value: String) throws(ValueFault) -> NetworkRange {
    let slash = value.utf8.firstIndex(of: UInt8(ascii: "/"))
    guard let address = NetworkAddress(slash.map { String(value[..<$0]) } ?? value) else {
        throw ValueFault("not a network address: \(value)")
    }
    let bits = Int64(address.bytes.count * 8)
    guard let slash else { return NetworkRange(address: address, prefix: Int(bits)) }
    let prefix = String(decoding: value.utf8[slash...].dropFirst(), as: UTF8.self)
    // An IPv4 address mapped into IPv6 is written with IPv6's bit count.
    let mapped: Int64 = bits == 32 && value.utf8.contains(UInt8(ascii: ":")) ? 96 : 0
    return NetworkRange(
        address: address, prefix: Int(try number(prefix, in: mapped...(mapped + bits)) - mapped))
}

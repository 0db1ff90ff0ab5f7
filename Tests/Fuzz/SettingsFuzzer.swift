// The settings file: accepted values are within their bounds, whatever the order of the lines.

import Auth
import Cryptography
import Platform
import Store

@testable import Settings

@Sendable func checkSettings(_ bytes: [UInt8]) {
    var settings = Settings()
    do throws(ConfigurationFault) {
        try settings.read(bytes, file: "f")
    } catch {
        must(error.reason.utf8.starts(with: "f:".utf8), "a fault names its file: \(error.reason)")
        return
    }
    checkBounds(settings)

    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    var reversed = Settings()
    let order = Array(lines.reversed().joined(separator: [0x0A]))
    must((try? reversed.read(order, file: "f")) != nil, "lines are taken in any order")
    must(
        reversed.policy == settings.policy && reversed.mail == settings.mail && reversed.corsOrigins == settings.corsOrigins,
        "their order means nothing")

    var varied = Settings()
    for line in lines { checkVariable(line, &varied) }
    must(varied.policy == settings.policy && varied.mail == settings.mail, "the environment means the same as the file")

    let settable = lines.contains { $0.contains(UInt8(ascii: "=")) && trimmed(text($0).utf8[...]).first != UInt8(ascii: "#") }
    var twice = Settings()
    must((try? twice.read(bytes + [0x0A] + bytes, file: "f")) == nil || !settable, "nothing is given twice")
}

private func checkBounds(_ settings: Settings) {
    let policy = settings.policy
    must(6...8 ~= policy.codeLength && 1...100 ~= policy.codeAttempts, "codes are bounded")
    for duration in [policy.codeLifetime, policy.accessLifetime, policy.refreshLifetime, policy.sessionLifetime] {
        must(.seconds(1) <= duration && duration <= .days(3660), "a lifetime is a second to ten years")
    }
    for duration in [policy.resendAfter, policy.refreshGrace] {
        must(.seconds(0) <= duration && duration <= .days(3660), "a wait is at most ten years")
    }
    for quota in [
        policy.sendPerAddressOfClient, policy.verifyPerAddressOfClient, policy.refreshPerAddressOfClient, policy.sendPerEmail,
        policy.failuresPerEmail, policy.sendTotal,
    ].compactMap(\.self) {
        must(1...1_000_000 ~= quota.count && .seconds(1) <= quota.window && quota.window <= .days(3660), "a quota is bounded")
    }
    must(policy.argon2Slots.map { 1...1024 ~= $0 } != false, "slots are bounded")
    must(policy.clientTokens.allSatisfy { $0.utf8.count >= 16 && isPlain($0) }, "client tokens are long and plain")
    must(isPlain(policy.baseURL) && policy.baseURL.utf8.last != UInt8(ascii: "/"), "the base URL is plain")
    must(
        settings.corsOrigins.allSatisfy { isPlain($0) && $0.utf8.count { $0 == UInt8(ascii: "/") } == 2 }, "origins have no path")
    if case .domains(let domains) = policy.signUp {
        must(!domains.isEmpty && domains.allSatisfy { (try? Email("a@\($0)")) != nil }, "domains can be those of addresses")
    }
    if case .sendmail(let path) = settings.mail {
        must(path.utf8.first == UInt8(ascii: "/") && !path.utf8.contains(0), "an absolute path")
    }
    for text in [settings.testIdentities, settings.mailFrom?.name].compactMap(\.self) {
        must(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "text is one line")
    }
    must(settings.mailFrom.map { (try? Email($0.address.text)) != nil } != false, "the sender is an address")
    must(settings.trustedProxies.allSatisfy { 0...$0.address.bytes.count * 8 ~= $0.prefix }, "ranges are within their addresses")
}

/// Reads a line of the file as an environment variable.
private func checkVariable(_ line: ArraySlice<UInt8>, _ settings: inout Settings) {
    let line = trimmed(text(line).utf8[...])
    guard line.first != UInt8(ascii: "#"), let equals = line.firstIndex(of: UInt8(ascii: "=")) else { return }
    let key = text(trimmed(line[..<equals]).map { 0x61...0x7A ~= $0 ? $0 - 32 : $0 })
    let value = text(trimmed(line[equals...].dropFirst()))
    guard !same(key, "HOME") else { return }
    must((try? settings.readVariable("LATCHKEY_\(key)", value)) != nil, "what the file may say the environment may")
}

private func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { 0x21..<0x7F ~= $0 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: ",") }
}

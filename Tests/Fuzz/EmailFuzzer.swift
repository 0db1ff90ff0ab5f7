// Addresses: every mail system, command and log reads an accepted address as a name at a domain.

import Auth
import Store

@Sendable func checkEmail(_ bytes: [UInt8]) {
    let sent = text(bytes)
    guard let email = try? Email(sent) else {
        must((try? Email(text(bytes.map { 0x61...0x7A ~= $0 ? $0 - 32 : $0 }))) == nil, "case makes nothing valid")
        return
    }
    let taken = Array(email.text.utf8)
    must(taken == bytes.map { 0x41...0x5A ~= $0 ? $0 + 32 : $0 }, "ASCII letters become small, and nothing else changes")
    must(taken.count <= 254, "at most 254 bytes")
    must(taken.allSatisfy { 0x21..<0x7F ~= $0 }, "ASCII without controls and spaces")
    must(!taken.contains { "%!\"(),:;<>[\\]".utf8.contains($0) }, "nothing that routes, quotes or lists")
    must(taken.first != UInt8(ascii: "-"), "never an option of a command")
    let parts = taken.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    must(parts.count == 2 && 1...64 ~= parts[0].count, "one @ behind 1 to 64 bytes")
    let labels = parts[1].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    must(labels.count >= 2 && labels.allSatisfy { 1...63 ~= $0.count && $0.first != 0x2D && $0.last != 0x2D }, "labels of DNS")
    must(parts[1].allSatisfy { 0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x2D || $0 == 0x2E }, "letters, digits, hyphens")
    must(email.domain.utf8.elementsEqual(parts[1]), "the domain is what stands behind the @")
    must((try? Email(email.text)).map { same($0.text, email.text) } == true, "an address read again is itself")
    must(same(email.masked, "\(text(taken.prefix(1)))***@\(email.domain)"), "a log sees one letter of the name")
    for more in ["\0", "\n", "\r\nBcc: x@example.com", " ", "\t", "@", ",x@example.com", "\u{301}", "\u{2028}", "%", "\""] {
        must((try? Email(sent + more)) == nil && (try? Email(more + sent)) == nil, "nothing is trimmed or cut")
    }
}

// Origins in settings, as browsers write them (URL §5, "serialization of an origin"): they are compared byte by byte, so
// both must have the same spelling.

import Platform

/// The origin in `value`, as browsers write it: scheme and host in lower case, without the scheme's default port and a final
/// slash.
///
/// Besides `http` and `https`, apps use their own schemes, such as `capacitor://localhost`. Their hosts stay unchanged.
func origin(_ value: String) throws(ValueFault) -> String {
    guard !value.isSame(as: "*"), !value.isSame(as: "null") else {
        throw ValueFault("not an origin: \(value) would allow pages of every origin")
    }
    let text = Array(value.utf8)
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > 0, text[colon...].starts(with: "://".utf8) else {
        throw ValueFault("not an origin such as https://app.example.com: \(value)")
    }
    let scheme = text[..<colon].map { $0.asciiLowercased }
    guard scheme[0].isLetter, scheme.allSatisfy({ $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }) else {
        throw ValueFault("not an origin such as https://app.example.com: \(value)")
    }
    for opaque in ["about", "blob", "data", "file", "javascript"] where scheme.elementsEqual(opaque.utf8) {
        throw ValueFault("browsers give pages of \(opaque): the origin null, which any page can get: \(value)")
    }
    var rest = text[colon...].dropFirst(3)
    if rest.last == UInt8(ascii: "/") { rest = rest.dropLast() }
    guard !rest.contains(where: { "/?#\\".utf8.contains($0) }) else {
        throw ValueFault("an origin has no path: \(value)")
    }
    guard !rest.contains(UInt8(ascii: "@")) else { throw ValueFault("an origin has no user: \(value)") }

    let isOfWeb = ["http", "https"].contains { scheme.elementsEqual($0.utf8) }
    let end = rest.first == UInt8(ascii: "[") ? rest.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : nil
    let hostEnd = end ?? rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
    let host = try isOfWeb ? hostOfWeb(rest[..<hostEnd], in: value) : hostOfApp(rest[..<hostEnd], in: value)
    var origin = scheme + Array("://".utf8) + host
    let port = rest[hostEnd...]
    if !port.isEmpty {
        guard port.first == UInt8(ascii: ":"), 2...6 ~= port.count, port.dropFirst().allSatisfy({ $0.isDigit }),
            let number = Int(String(decoding: port.dropFirst(), as: UTF8.self)), 1...65535 ~= number
        else { throw ValueFault("not a port from 1 to 65535: \(value)") }
        let isDefault = scheme.elementsEqual("http".utf8) ? number == 80 : scheme.elementsEqual("https".utf8) && number == 443
        if !isDefault { origin += Array(":\(number)".utf8) }
    }
    return String(decoding: origin, as: UTF8.self)
}

/// A host as browsers write it (URL §3.5). A host that they would spell differently is refused.
private func hostOfWeb(_ host: ArraySlice<UInt8>, in value: String) throws(ValueFault) -> [UInt8] {
    if host.first == UInt8(ascii: "[") {
        let text = String(decoding: host.dropFirst().dropLast(), as: UTF8.self)
        guard text.utf8.contains(UInt8(ascii: ":")), let address = NetworkAddress(text), address.bytes.count == 16 else {
            throw ValueFault("not an IPv6 address: \(value)")
        }
        return Array("[\(address.text)]".utf8)
    }
    let lower = host.map { $0.asciiLowercased }
    guard lower.allSatisfy({ $0 < 0x80 }) else {
        throw ValueFault("write this host in ASCII, with xn--, as browsers do: \(value)")
    }
    guard !lower.isEmpty, lower.count <= 253, lower.allSatisfy({ $0.isLetter || $0.isDigit || "-._".utf8.contains($0) }),
        lower.first != UInt8(ascii: ".")
    else { throw ValueFault("not a host: \(value)") }
    // A host that ends in a number is an IPv4 address, which has one spelling.
    let last = lower.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: true).last ?? []
    if last.allSatisfy({ $0.isDigit }) || last.starts(with: "0x".utf8) {
        let text = String(decoding: lower, as: UTF8.self)
        guard let address = NetworkAddress(text), address.text.isSame(as: text) else {
            throw ValueFault("not an IPv4 address: \(value)")
        }
    }
    return lower
}

/// The host of an app's scheme: not empty, of characters that need no encoding.
private func hostOfApp(_ host: ArraySlice<UInt8>, in value: String) throws(ValueFault) -> [UInt8] {
    guard !host.isEmpty, host.count <= 253, host.allSatisfy({ $0.isLetter || $0.isDigit || "-._".utf8.contains($0) }) else {
        throw ValueFault("not a host: \(value)")
    }
    return Array(host)
}

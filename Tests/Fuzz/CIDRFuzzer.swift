// Network addresses and ranges, as the operator writes them.

import Platform

@testable import Settings

@Sendable func checkCIDR(_ bytes: [UInt8]) {
    let sent = text(bytes)
    if let address = NetworkAddress(sent) {
        must(bytes.allSatisfy { isHexDigit($0) || $0 == 0x3A || $0 == 0x2E }, "an address has digits, colons, dots")
        must(address.bytes.count == 4 || address.bytes.count == 16, "4 or 16 bytes")
        must(
            !(address.bytes.count == 16 && address.bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255])),
            "a mapped address is the IPv4 one")
        must(NetworkAddress(spelled(address.bytes)) == address, "every spelling is one address")
        if address.bytes.count == 4 {
            must(NetworkAddress("::ffff:\(spelled(address.bytes))") == address, "an address and its mapped form are the same")
        }
    }
    guard let range = try? networkRange(sent) else { return }
    must(bytes.allSatisfy { isHexDigit($0) || $0 == 0x3A || $0 == 0x2E || $0 == 0x2F }, "a range has no other characters")
    must(0...range.address.bytes.count * 8 ~= range.prefix, "a prefix is within its address")
    let again = try? networkRange("\(spelled(range.address.bytes))/\(range.prefix)")
    must(again?.address == range.address && again?.prefix == range.prefix, "a range written out is itself")

    if range.address.bytes.count == 4 {
        let mapped = try? networkRange("::ffff:\(spelled(range.address.bytes))/\(range.prefix + 96)")
        must(mapped?.address == range.address && mapped?.prefix == range.prefix, "a mapped range has IPv6's bits")
    }

    var settings = Settings()
    must((try? settings.read(Array("trusted_proxies = \(sent)".utf8), file: "f")) != nil, "a range is a setting")
    must(settings.trustedProxies.count == 1 && settings.trustedProxies[0].address == range.address, "the same range")
}

private func isHexDigit(_ byte: UInt8) -> Bool {
    0x30...0x39 ~= byte || 0x41...0x46 ~= byte || 0x61...0x66 ~= byte
}

/// The plainest spelling of an address: four numbers, or eight groups.
private func spelled(_ bytes: [UInt8]) -> String {
    if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
    return stride(from: 0, to: 16, by: 2)
        .map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
}

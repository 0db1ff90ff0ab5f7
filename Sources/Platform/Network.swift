// Network addresses in binary form.

import CLibc

/// An IPv4 or IPv6 address, as bytes in network order.
package struct NetworkAddress: Equatable, Sendable {
    /// 4 or 16 bytes.
    package let bytes: [UInt8]

    /// Reads any spelling of an address (RFC 4291 §2.2); nil if it is invalid. An IPv4 address mapped into IPv6
    /// (`::ffff:192.0.2.1`) becomes that IPv4 address.
    package init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }  // where C would stop reading
        var four = [UInt8](repeating: 0, count: 4)
        if text.withCString({ inet_pton(AF_INET, $0, &four) }) == 1 {
            self.init(four)
            return
        }
        var sixteen = [UInt8](repeating: 0, count: 16)
        guard text.withCString({ inet_pton(AF_INET6, $0, &sixteen) }) == 1 else { return nil }
        self.init(sixteen)
    }

    /// The address in 4 or 16 bytes; nil for any other number. A mapped one becomes IPv4.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let isMapped =
            bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }

    /// Whether it is the machine's own address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    package var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// The canonical spelling (RFC 5952).
    package var text: String {
        if bytes.count == 4 { return dottedText }
        let capacity = 64
        let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
        defer { buffer.deallocate() }
        guard inet_ntop(AF_INET6, bytes, buffer, socklen_t(capacity)) != nil else { return "" }
        return String(cString: buffer)
    }

    /// The same for an IPv4 address. Every request needs it, and the C library takes seven times as long.
    private var dottedText: String {
        String(unsafeUninitializedCapacity: 15) { text in
            var count = 0
            func put(_ byte: UInt8) {
                text[count] = byte
                count += 1
            }
            for (index, byte) in bytes.enumerated() {
                if index > 0 { put(UInt8(ascii: ".")) }
                if byte >= 100 { put(UInt8(ascii: "0") + byte / 100) }
                if byte >= 10 { put(UInt8(ascii: "0") + byte / 10 % 10) }
                put(UInt8(ascii: "0") + byte % 10)
            }
            return count
        }
    }
}

/// A range of network addresses (RFC 4632 §3.1).
package struct NetworkRange: Sendable {
    /// An address in the range. Bits after the first `prefix` are ignored.
    package let address: NetworkAddress
    /// How many leading bits count.
    package let prefix: Int

    /// The addresses whose first `prefix` bits equal those of `address`: 0 to 32 for IPv4, 0 to 128 for IPv6; more mean all.
    package init(address: NetworkAddress, prefix: Int) {
        self.address = address
        self.prefix = prefix
    }

    /// Whether `other` is in the range. An IPv4 address is never in an IPv6 range, nor the other way round.
    package func contains(_ other: NetworkAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        for (index, pair) in zip(address.bytes, other.bytes).enumerated() {
            let bits = min(8, max(0, prefix - index * 8))
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            guard pair.0 & mask == pair.1 & mask else { return false }
        }
        return true
    }
}

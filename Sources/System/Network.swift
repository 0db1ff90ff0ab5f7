// Network addresses in binary form.

import CLibc

/// An IPv4 or IPv6 address, as bytes in network order.
package struct NetworkAddress: Equatable {
    /// 4 or 16 bytes.
    package let bytes: [UInt8]

    /// Reads any spelling of an address (RFC 4291 §2.2); nil if it is none. An IPv4 address
    /// mapped into IPv6 (`::ffff:192.0.2.1`) is that IPv4 address.
    package init?(_ text: String) {
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = four
            return
        }
        var sixteen = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        let isMapped = sixteen[..<10].allSatisfy { $0 == 0 } && sixteen[10] == 255 && sixteen[11] == 255
        bytes = isMapped ? Array(sixteen[12...]) : sixteen
    }
}

// Who is at the other end, as far as a network can tell.

package import Platform

/// The origin of one request.
package struct Client {
    /// The network address, in its one canonical spelling.
    package let address: String
    /// What limits count by: an IPv4 address, or the /64 of an IPv6 one, of which a single host can
    /// use every address (RFC 8981).
    package let network: String
    /// The /48 of an IPv6 address: the most that one customer is commonly given (RFC 6177), with 65,536
    /// networks in it. nil for IPv4.
    package let site: String?
    /// Whether the server told the address. A network that is not known is nobody's own.
    package let hasAddress: Bool
    /// Whether it is this machine (127.0.0.0/8, ::1).
    package let isLocal: Bool
    /// What the client calls itself, its printable ASCII, 255 bytes at most.
    package let userAgent: String?
    /// The language that it asks for.
    package let language: Language?
    /// The request's own id, as in the log and in `X-Request-Id`.
    package let requestID: String

    /// `address` is nil if the server did not tell it: all such clients count as one, since nobody
    /// may escape a limit by having no address.
    package init(
        address: NetworkAddress?, userAgent: String? = nil, language: Language? = nil, requestID: String
    ) {
        self.address = address?.text ?? "unknown"
        network = address?.network ?? "unknown"
        site = address?.site
        hasAddress = address != nil
        isLocal = address.map { $0.isLoopback } ?? false
        self.userAgent = userAgent.flatMap { Client.shortened($0) }
        self.language = language
        self.requestID = requestID
    }

    /// The operator at the machine itself, whom the audit calls `admin`; `requestID` is one run's.
    package init(operatorIn requestID: String) {
        address = "admin"
        network = "admin"
        site = nil
        hasAddress = false
        isLocal = true
        userAgent = nil
        language = nil
        self.requestID = requestID
    }
}

extension Client {
    /// Printable ASCII, which is all that a User-Agent may hold (RFC 9110 §10.1.5); nil if nothing is left.
    private static func shortened(_ text: String) -> String? {
        let bytes = text.utf8.filter { $0 >= 0x20 && $0 < 0x7F }.prefix(255)
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}

extension NetworkAddress {
    fileprivate var network: String { bytes.count == 16 ? range(ofBytes: 8) : text }

    fileprivate var site: String? { bytes.count == 16 ? range(ofBytes: 6) : nil }

    private func range(ofBytes count: Int) -> String {
        let first = Array(bytes[..<count]) + [UInt8](repeating: 0, count: 16 - count)
        return "\(NetworkAddress(first)!.text)/\(count * 8)"
    }
}

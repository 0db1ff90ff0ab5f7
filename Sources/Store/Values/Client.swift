// The client of a request, as far as the network shows.

package import Platform

/// The origin of one request.
package struct Client {
    /// The network address, in its canonical spelling.
    package let address: String
    /// The unit of limits: an IPv4 address, or the /64 of an IPv6 one, since a single host can use every address in
    /// it (RFC 8981).
    package let network: String
    /// The /48 of an IPv6 address: the most that one customer usually gets (RFC 6177), with 65,536 networks in it.
    /// nil for IPv4.
    package let site: String?
    /// Whether the server passed the address. An unknown network belongs to nobody.
    package let hasAddress: Bool
    /// Whether the client is this machine (127.0.0.0/8, ::1).
    package let isLocal: Bool
    /// The client's user agent: its printable ASCII, at most 255 bytes.
    package let userAgent: String?
    /// The language that the client asks for.
    package let language: Language?
    /// The request's id, as in the log and in `X-Request-Id`.
    package let requestID: String

    /// `address` is nil if the server did not pass it: all such clients count as one, so that nobody escapes a limit
    /// by having no address.
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

    /// The operator at the machine itself, called `admin` in the audit log; `requestID` is the run's.
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
    /// Printable ASCII, the only characters that a User-Agent may contain (RFC 9110 §10.1.5); nil if nothing is left.
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

// Finds the client's address behind proxies.
//
// A client can send any header, so `X-Forwarded-For` counts only where proxies that the operator trusts have written
// it. It is read from the right: the first address that is not a trusted proxy's is the client's. An unreadable
// address ends the reading. Nothing that a client sends can make a limit count for someone else, or for no one.

import CGI
import Platform

/// The client's address; nil if even the peer's is unknown.
func clientAddress(of request: Request, trusting proxies: [NetworkRange]) -> NetworkAddress? {
    guard let peer = NetworkAddress(request.remoteAddress) else { return nil }
    func isProxy(_ address: NetworkAddress) -> Bool { proxies.contains { $0.contains(address) } }
    // A request with two such fields is refused, and counts for the peer.
    guard isProxy(peer), let header = request.fields[.forwardedFor] else { return peer }
    var client = peer
    for hop in header.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).reversed() {
        guard let address = forwardedAddress(trimmed(hop)) else { return client }
        client = address
        guard isProxy(address) else { return client }
    }
    return client
}

/// An address as proxies write it: alone, with a port, or IPv6 in brackets.
private func forwardedAddress(_ text: Substring.UTF8View) -> NetworkAddress? {
    var text = text
    if text.first == UInt8(ascii: "[") {
        guard let end = text.firstIndex(of: UInt8(ascii: "]")), isPort(text[end...].dropFirst()) else {
            return nil
        }
        text = text[..<end].dropFirst()
        guard text.contains(UInt8(ascii: ":")) else { return nil }
    } else if let colon = text.firstIndex(of: UInt8(ascii: ":")),
        text.lastIndex(of: UInt8(ascii: ":")) == colon
    {
        guard isPort(text[colon...]) else { return nil }
        text = text[..<colon]
    }
    return NetworkAddress(String(Substring(text)))
}

/// Whether `text` is empty, or a colon and digits.
private func isPort(_ text: Substring.UTF8View) -> Bool {
    text.isEmpty
        || (text.first == UInt8(ascii: ":") && (2...6).contains(text.count) && text.dropFirst().allSatisfy { $0.isDigit })
}

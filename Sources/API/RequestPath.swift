// The one rule for a request's path, on every server and in both modes.
//
// 1. The path is what the client sent (REQUEST_URI), up to the query, without a scheme and a host.
// 2. `%XX` is decoded once; then doubled slashes become one, and `.` and `..` are resolved, as web servers do.
// 3. A slash at the end makes another path, except for `/auth/api-keys/`, which the published API spells with it.

import CGI
import Platform

/// The path of a request, in its parts.
package struct RequestPath {
    /// The whole path, decoded.
    private let bytes: [UInt8]
    /// The range of each part. A slash at the end adds an empty last one.
    private let parts: [Range<Int>]

    /// Reads the target of a request line, or a path. nil if it does not begin with a slash.
    package init?(_ target: String) {
        var bytes: [UInt8] = []
        var parts: [Range<Int>] = []
        var start = 0
        func endPart(isLast: Bool) {
            let length = bytes.count - start
            let isDots =
                length > 0 && length <= 2 && bytes[start] == UInt8(ascii: ".") && bytes[bytes.count - 1] == UInt8(ascii: ".")
            if isDots || length == 0 {
                if isDots, length == 2, !parts.isEmpty { parts.removeLast() }
                if isLast { parts.append(start..<start) }
            } else {
                parts.append(start..<bytes.count)
            }
            start = bytes.count
        }
        var isAbsolute = false
        for byte in RequestPath.decoded(target) {
            if byte == UInt8(ascii: "/") {
                if isAbsolute { endPart(isLast: false) }
                isAbsolute = true
            } else {
                guard isAbsolute else { return nil }
                bytes.append(byte)
            }
        }
        guard isAbsolute else { return nil }
        endPart(isLast: true)
        self.bytes = bytes
        self.parts = parts
    }

    /// The path of `target`, decoded, without the query.
    private static func decoded(_ target: String) -> [UInt8] {
        var text = Array(target.utf8)
        if let query = text.firstIndex(of: UInt8(ascii: "?")) { text.removeSubrange(query...) }
        // The absolute form, which clients send to a proxy (RFC 9112 §3.2.2).
        if text.first != UInt8(ascii: "/"), let colon = text.firstIndex(of: UInt8(ascii: ":")),
            text[colon...].starts(with: "://".utf8)
        {
            let rest = text[(colon + 3)...]
            text = Array(rest[(rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex)...])
        }
        return text.contains(UInt8(ascii: "%")) ? percentDecoded(text) : text
    }

    /// The number of parts, without an optional final slash.
    package var count: Int { endsInFreeSlash ? parts.count - 1 : parts.count }

    /// `/auth/api-keys/`.
    private var endsInFreeSlash: Bool {
        parts.count == 3 && parts[2].isEmpty && isPart(1, "api-keys") && isPart(0, "auth")
    }

    /// Whether the part at `index` is `name`, byte for byte.
    package func isPart(_ index: Int, _ name: StaticString) -> Bool {
        let part = parts[index]
        guard part.count == name.utf8CodeUnitCount else { return false }
        for offset in 0..<part.count where bytes[part.lowerBound + offset] != name.utf8Start[offset] { return false }
        return true
    }

    /// Whether the first `count` parts are those of `other`.
    func begins(with other: RequestPath, parts count: Int) -> Bool {
        guard parts.count >= count, other.parts.count >= count else { return false }
        return (0..<count).allSatisfy { bytes[parts[$0]].elementsEqual(other.bytes[other.parts[$0]]) }
    }

    /// Bytes of the part at `index`.
    package func length(of index: Int) -> Int { parts[index].count }

    /// The part at `index`, as text.
    package func part(_ index: Int) -> String { String(decoding: bytes[parts[index]], as: UTF8.self) }
}

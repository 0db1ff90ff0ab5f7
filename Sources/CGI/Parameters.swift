// A request's meta-variables (RFC 3875 §4.1), read in place.
//
// Only HeaderFields.swift reads what a client sends as header fields; the other variables are the server's own.

import Platform

/// The list of `NAME=value` entries that describes one request.
package struct Parameters {
    private let entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?

    /// `entries` is a list in C's form that ends with a null pointer and outlives the request.
    package init(_ entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
        self.entries = entries
    }

    /// The value of the first entry called `name`; nil if there is none.
    package func first(_ name: StaticString) -> String? {
        guard var entry = entries else { return nil }
        while let text = entry.pointee {
            entry += 1
            if let value = Parameters.value(of: text, named: name) { return String(cString: value) }
        }
        return nil
    }

    /// The value of `name`; nil if it is absent or empty.
    package func nonEmpty(_ name: StaticString) -> String? {
        guard let value = first(name), !value.utf8.isEmpty else { return nil }
        return value
    }

    /// Every entry, in order.
    func forEach(_ body: (_ entry: UnsafeMutablePointer<CChar>) -> Void) {
        guard var entry = entries else { return }
        while let text = entry.pointee {
            entry += 1
            body(text)
        }
    }

    /// Where the value of `entry` begins; nil if its name is not `name`.
    static func value(
        of entry: UnsafeMutablePointer<CChar>, named name: StaticString
    ) -> UnsafeMutablePointer<CChar>? {
        let count = name.utf8CodeUnitCount
        for index in 0..<count
        where UInt8(bitPattern: entry[index]) != name.utf8Start[index] {
            return nil
        }
        return entry[count] == 0x3D ? entry + count + 1 : nil
    }
}

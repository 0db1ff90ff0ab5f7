// A request's meta-variables (RFC 3875 §4.1), read in place.
//
// Servers pass a header that was sent twice as two entries of one name (`X-API-Key` and
// `X_API_Key` become equal names too), so a look-up sees every entry, not only the first.

import System

/// The list of `NAME=value` entries that describes one request.
package struct Parameters {
    private let entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?

    /// `entries` is a list in C's form, ended by a null pointer, that outlives the request.
    package init(_ entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
        self.entries = entries
    }

    /// The value of the first entry called `name`; nil if there is none.
    package func first(_ name: StaticString) -> String? {
        var found: String? = nil
        forEach(name) { value in
            if found == nil { found = value() }
        }
        return found
    }

    /// The value of `name`, where an absent and an empty one mean the same: nil.
    package func nonEmpty(_ name: StaticString) -> String? {
        guard let value = first(name), !value.utf8.isEmpty else { return nil }
        return value
    }

    /// Every non-empty value called `name`, in order.
    package func all(_ name: StaticString) -> [String] {
        var found: [String] = []
        forEach(name) { value in
            let text = value()
            if !text.utf8.isEmpty { found.append(text) }
        }
        return found
    }

    /// How often something is there.
    package enum Occurrence {
        case none
        /// Its bytes, which last as long as the request.
        case once(UnsafeBufferPointer<UInt8>)
        case more
    }

    /// The value called `name` that is not empty; `more` if there are several, or one with a comma in it, by which servers
    /// join what was sent twice.
    package func sole(_ name: StaticString) -> Occurrence {
        var found = Occurrence.none
        forEachEntry(name) { text in
            guard text.pointee != 0 else { return }
            if case .none = found, !UnsafePointer(text).textHas(UInt8(ascii: ",")) {
                found = .once(UnsafePointer(text).textBytes)
            } else {
                found = .more
            }
        }
        return found
    }

    private func forEach(_ name: StaticString, _ body: (_ value: () -> String) -> Void) {
        forEachEntry(name) { value in body { String(cString: value) } }
    }

    private func forEachEntry(_ name: StaticString, _ body: (_ value: UnsafeMutablePointer<CChar>) -> Void) {
        guard var entry = entries else { return }
        while let text = entry.pointee {
            entry += 1
            if let value = Parameters.value(of: text, named: name) { body(value) }
        }
    }

    private static func value(
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

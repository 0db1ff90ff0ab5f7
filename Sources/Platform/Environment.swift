// The process's own environment, and the folder of its executable.

import CLibc

/// The process's environment, read in place.
package enum Environment {
    /// The list in C's form, as RFC 3875 passes a request's meta-variables.
    package static var entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { libc_environ() }

    /// The value of `name`; nil if it is not set. An empty value counts.
    package static func value(_ name: String) -> String? {
        guard let value = name.withCString({ getenv($0) }) else { return nil }
        return String(cString: value)
    }

    /// Whether the value of `name` is not UTF-8: as text it would be another value.
    package static func isMalformed(_ name: String) -> Bool {
        guard let value = getenv(name) else { return false }
        return String(validatingCString: value) == nil
    }

    /// Calls `body` with name and value of each variable whose name begins with `prefix`.
    package static func forEach<E: Error>(
        prefix: StaticString, _ body: (_ name: String, _ value: String) throws(E) -> Void
    ) throws(E) {
        guard var entry = entries else { return }
        while let text = entry.pointee {
            entry += 1
            guard strncmp(text, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0,
                let equals = strchr(text, 0x3D)
            else { continue }
            let name = UnsafeBufferPointer(start: text, count: equals - text)
            try body(
                String(decoding: UnsafeRawBufferPointer(name), as: UTF8.self),
                String(cString: equals + 1))
        }
    }

    /// The folder of the running executable, with links resolved, without a final slash.
    package static func executableFolder() throws(SystemError) -> String {
        let path = try File.target(ofLink: "/proc/self/exe")
        return File.parent(of: path)
    }

    /// The process's effective user id.
    package static var effectiveUser: UInt32 { geteuid() }

    /// From now on the process lets others use the cores first (nice 10).
    package static func giveWay() { libc_give_way() }

    /// How many cores the process may run on; at least 1.
    package static var coreCount: Int { max(1, Int(libc_core_count())) }
}

// The host's files in the served folder, which Latchkey does not touch: certificate authorities read them to verify that a
// name is the host's (RFC 8555 §8.3, and similar checks without ACME).

/// The host's own files below `.well-known/` (RFC 8615), as folders and as a pattern for servers.
package enum HostFiles {
    /// The folders below `.well-known/`; all other names there are Latchkey's.
    package static let folders = ["acme-challenge", "pki-validation"]

    /// The files' paths as one regular expression: no nested folders, and no name that begins with a dot.
    package static let pattern =
        escaped(".well-known/") + "(?:\(folders.joined(separator: "|")))/[A-Za-z0-9_-][A-Za-z0-9._-]*"
}

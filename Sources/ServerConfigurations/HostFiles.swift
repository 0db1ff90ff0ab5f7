// What the host puts into the folder that is served, and Latchkey leaves alone: files by which certificate authorities see
// that a name is the host's (RFC 8555 §8.3, and what authorities without ACME ask for).

/// The host's own files below `.well-known/` (RFC 8615), as folders and as a pattern for servers.
package enum HostFiles {
    /// The folders below `.well-known/`; all other names there are Latchkey's.
    package static let folders = ["acme-challenge", "pki-validation"]

    /// The files' paths as one regular expression: no folder of a folder, and no name that begins with a dot.
    package static let pattern =
        escaped(".well-known/") + "(?:\(folders.joined(separator: "|")))/[A-Za-z0-9_-][A-Za-z0-9._-]*"
}

// Detects that the executables are served from a folder of a site. Latchkey needs the root of a host. In a folder some paths
// would work and others not, so every request there is refused, with that reason.
//
// Such a request reaches `not-found` or `latchkey-fcgi`, since .htaccess sends all of them there. SCRIPT_NAME shows it: the
// executable is in a folder, and the client asked for something in the same folder, but not for the executable's own path, as
// in a host's cgi-bin.

import CGI

extension Request {
    /// Whether the request reached this executable in a folder of a site.
    var isInFolderOfSite: Bool {
        guard let script = parameters.nonEmpty("SCRIPT_NAME").flatMap({ RequestPath($0) }),
            let path = target.flatMap({ RequestPath($0) })
        else { return false }
        let folder = script.count - 1
        return folder > 0 && path.begins(with: script, parts: folder) && !path.begins(with: script, parts: script.count)
    }
}

extension Failure {
    static var notAtRoot: Failure {
        Failure(.notFound, "not_at_root", "Latchkey must be at the root of a host, not in a folder of a site.")
    }
}

// Where the executables are served. Latchkey is the root of a host. In a folder of a site some paths would work and others not,
// so there every request is refused, by name.
//
// Such a request comes to `not-found` or `latchkey-fcgi`, since .htaccess leads all of them there. The server tells where that
// is (SCRIPT_NAME): in a folder, and what the client asked for is in the same folder, but not at the executable's own path,
// as it is in a host's cgi-bin.

import CGI

extension Request {
    /// Whether it was led to this executable in a folder of a site.
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
        Failure(.notFound, "not_at_root", "Latchkey must be at the root of a host, and this is a folder of one.")
    }
}

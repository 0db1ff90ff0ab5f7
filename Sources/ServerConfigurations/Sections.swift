// The sections of the servers' configurations that come from the table of routes.
//
// A section is the text between two comments:
//
//     # Written by `make routes`: NAME.
//     # End of NAME.

package import API

/// A section that cannot be written.
package struct SectionFault: Error, Equatable {
    /// The file's path in the project, such as `lighttpd.conf`.
    package let file: String
    /// What is wrong with the comments around the section, without the file's name.
    package let reason: String
}

/// The files that have sections, by their paths in the project; each section's lines by its name.
package func sections(_ routes: [Route]) -> [(file: String, sections: [(name: String, lines: [String])])] {
    let rules = rules(routes)
    let htaccess = [("routes", apacheRoutes(rules)), ("host's files", [apacheHostFiles]), ("console", [apacheConsole])]
    return [
        (
            "lighttpd.conf",
            [("routes", lighttpdRoutes(rules)), ("host's files", [lighttpdHostFiles]), ("console", [lighttpdConsole])]
        ),
        ("lighttpd-fastcgi.sh", [("routes", lighttpdPool(rules))]),
        ("cgi-bin/.htaccess", htaccess),
        ("samples/apache/htaccess-without-options", htaccess),
        (
            "samples/apache/htaccess-fastcgi",
            [("routes", apachePool(rules)), ("host's files", [apacheHostFiles]), ("console", [apacheConsole])]
        ),
        (
            "samples/nginx/latchkey.conf",
            [("routes", nginxRoutes(rules)), ("host's files", [nginxHostFiles]), ("console", [nginxConsole])]
        ),
        (
            "samples/nginx/fastcgi.conf",
            [("routes", nginxPool(rules)), ("host's files", [nginxHostFiles]), ("console", [nginxConsole])]
        ),
    ]
}

/// `text`, the contents of `file`, with the section `name` replaced by `lines`, indented like its first comment.
package func replacing(
    _ name: String, in text: String, of file: String, by lines: [String]
) throws(SectionFault) -> String {
    let (first, last) = ("# Written by `make routes`: \(name).", "# End of \(name).")
    var old = text.split(separator: "\n", omittingEmptySubsequences: false)
    func place(of marker: String) throws(SectionFault) -> Int {
        let places = old.indices.filter { old[$0].drop { $0 == " " } == marker }
        guard places.count == 1 else { throw SectionFault(file: file, reason: "not one line is \"\(marker)\"") }
        return places[0]
    }
    let (start, end) = (try place(of: first), try place(of: last))
    guard start < end else { throw SectionFault(file: file, reason: "the section \(name) ends before it begins") }
    let indent = old[start].prefix { $0 == " " }
    old.replaceSubrange(start + 1..<end, with: lines.map { $0.isEmpty ? "" : indent + $0 })
    return old.joined(separator: "\n")
}

// MARK: lighttpd

/// With CGI: appends each request's path to the executable's, which reads REQUEST_URI.
private func lighttpdRoutes(_ rules: [RoutingRule]) -> [String] {
    var methods: [String] = []
    for method in rules.flatMap(\.methods) where method != "HEAD" && !methods.contains(method) { methods.append(method) }
    var lines: [String] = []
    for method in methods {
        lines.append(lighttpdMethod([method] + (method == "GET" ? ["HEAD"] : [])))
        for (index, rule) in rules.filter({ $0.methods.contains(method) }).enumerated() {
            lines.append("    \(index == 0 ? "" : "else ")$HTTP[\"url\"] =~ \"^\(rule.pattern)$\" {")
            lines.append("        alias.url = (\"/\" => var.cgi + \"/\(rule.name)/\")")
            lines.append("    }")
        }
        lines.append("}")
    }
    lines.append("$HTTP[\"url\"] =~ \"^/(?:\(ownPaths(rules).joined(separator: "|")))$\" {")
    lines.append("    alias.url = (\"/cgi-bin\" => var.cgi)")
    lines.append("}")
    return lines
}

private func lighttpdMethod(_ methods: [String]) -> String {
    methods.count == 1
        ? "$HTTP[\"request-method\"] == \"\(methods[0])\" {"
        : "$HTTP[\"request-method\"] =~ \"^(\(methods.joined(separator: "|")))$\" {"
}

/// With FastCGI: which requests go to the pool `codes`. It is in a shell's here-document.
private func lighttpdPool(_ rules: [RoutingRule]) -> [String] {
    let rules = rules.filter(\.hashesCode)
    var lines: [String] = []
    for methods in unique(rules.map(\.methods)) {
        let patterns = rules.filter { $0.methods == methods }.map(\.pattern)
        lines += [
            lighttpdMethod(methods), "    $HTTP[\"url\"] =~ \"^(?:\(patterns.joined(separator: "|")))$\" {",
            "        fastcgi.map-extensions = (\"\" => \"/codes\")", "    }", "}",
        ]
    }
    return lines + [
        "$HTTP[\"url\"] =~ \"^/(?:\(ownPaths(rules).joined(separator: "|")))$\" {",
        "    fastcgi.map-extensions = (\"\" => \"/codes\")", "}",
    ]
}

private let lighttpdConsole = "$HTTP[\"url\"] =~ \"^/(|docs|\(ConsoleFiles.pattern))$\" {"

private let lighttpdHostFiles = "$HTTP[\"url\"] =~ \"^/\(HostFiles.pattern)$\" {"

// MARK: Apache

private func apacheRoutes(_ rules: [RoutingRule]) -> [String] {
    var lines: [String] = []
    for rule in rules {
        lines.append(apacheMethod(rule.methods))
        lines.append("RewriteRule ^\(rule.pattern.dropFirst())$ \(rule.name) [L]")
    }
    return lines + ownPaths(rules).map { "RewriteRule ^\($0)$ $1 [L]" }
}

private func apacheMethod(_ methods: [String]) -> String {
    "RewriteCond %{REQUEST_METHOD} " + (methods.count == 1 ? "=\(methods[0])" : "^(\(methods.joined(separator: "|")))$")
}

private func apachePool(_ rules: [RoutingRule]) -> [String] {
    let rules = rules.filter(\.hashesCode)
    var lines: [String] = []
    for rule in rules {
        lines.append(apacheMethod(rule.methods))
        lines.append("RewriteRule ^\(rule.pattern.dropFirst())$ latchkey-fcgi-codes [L]")
    }
    return lines + ownPaths(rules).map { "RewriteRule ^\($0)$ latchkey-fcgi-codes [L]" }
}

private let apacheConsole = "RewriteRule ^(\(ConsoleFiles.pattern))$ public/$1 [L]"

private let apacheHostFiles = "RewriteRule ^\(HostFiles.pattern)$ - [L,H=default-handler,T=text/plain]"

// MARK: nginx

/// `\z`, because `$` also matches before a line end, which a decoded path may contain.
private func nginxRoutes(_ rules: [RoutingRule]) -> [String] {
    rules.map { #""~^\#($0.methodPattern) \#($0.pattern)\z" \#($0.name);"# }
        + ownPaths(rules).map { #""~^\S+ /\#($0)\z" $1;"# }
}

private func nginxPool(_ rules: [RoutingRule]) -> [String] {
    let rules = rules.filter(\.hashesCode)
    return rules.map { #""~^\#($0.methodPattern) \#($0.pattern)\z" latchkey-codes;"# }
        + ownPaths(rules).map { #""~^\S+ /\#($0)\z" latchkey-codes;"# }
}

private let nginxConsole = "location ~ ^/(|docs|\(ConsoleFiles.pattern))$ {"

private let nginxHostFiles = "location ~ ^/\(HostFiles.pattern)$ {"

private func unique(_ lists: [[String]]) -> [[String]] {
    var found: [[String]] = []
    for list in lists where !found.contains(list) { found.append(list) }
    return found
}

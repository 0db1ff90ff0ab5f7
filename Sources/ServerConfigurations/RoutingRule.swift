// What a server needs to know about a route: the methods, the paths as a regular expression, and the executable.

package import API

/// A route as servers see it.
package struct RoutingRule {
    /// The executable's name.
    package let name: String
    /// The methods; with GET also HEAD.
    package let methods: [String]
    /// The paths, as a regular expression that begins with a slash, without anchors.
    package let pattern: String
    /// How many ids the path has.
    package let idCount: Int
    /// Whether requests go to the pool that hashes codes.
    package let hashesCode: Bool

    /// The rule for `route`: HEAD goes where GET goes, and an id is any path segment that is not empty.
    package init(_ route: Route) {
        name = route.name.description
        methods = route.methods.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.name.description] }
        idCount = route.path.count { $0 == nil }
        hashesCode = route.hashesCode
        let example = route.path.map { "/" + ($0?.description ?? "x") }.joined()
        // One path of the API may end with a slash.
        let endsInSlash = RequestPath(example + "/").map { route.matches($0) } ?? false
        pattern = route.path.map { "/" + ($0.map { escaped($0.description) } ?? "[^/]+") }.joined() + (endsInSlash ? "/?" : "")
    }

    /// `methods` as one regular expression.
    var methodPattern: String { methods.count == 1 ? methods[0] : "(?:\(methods.joined(separator: "|")))" }
}

/// `routes` in the order in which a server must try them: paths of words only come before paths with ids.
package func rules(_ routes: [Route]) -> [RoutingRule] {
    routes.filter { !$0.hasIDs }.map(RoutingRule.init) + routes.filter { $0.hasIDs }.map(RoutingRule.init)
}

/// `text` as a regular expression that matches only it.
func escaped(_ text: String) -> String { text.split(separator: ".", omittingEmptySubsequences: false).joined(separator: #"\."#) }

/// The executables' own paths below `/cgi-bin/`, one regular expression for each number of ids, in that order; the name
/// is the first group.
func ownPaths(_ rules: [RoutingRule]) -> [String] {
    Set(rules.map(\.idCount)).sorted().map { count in
        let names = rules.filter { $0.idCount == count }.map(\.name).joined(separator: "|")
        return "cgi-bin/(\(names))" + (count == 0 ? "/?" : String(repeating: "/[^/]+", count: count))
    }
}

// An endpoint is a value: its route, who may call it, and what it answers.
//
// Each initializer is for one kind of credentials. It checks them and hands the result to the handler, so that an
// endpoint without a check does not compile. `run` uses it to answer requests.

package import Auth
package import Store

/// One endpoint.
package struct Endpoint: Sendable {
    /// Its name, methods and path, which select its requests.
    package let route: Route
    /// Answers a request with the right path, method and form of body.
    let answer: @Sendable (APIRequest, Auth) throws(AuthError) -> Reply

    /// For anyone: checks nothing.
    package init(
        _ route: Route, forAnyone handler: @escaping @Sendable (APIRequest, Auth) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = handler
    }

    /// For callers without a user: if the operator set `client_tokens`, a request needs one of them.
    package init(
        _ route: Route, forClients handler: @escaping @Sendable (APIRequest, Auth) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = { (request, auth) throws(AuthError) in
            try auth.admit(request)
            return try handler(request, auth)
        }
    }

    /// For a signed-in user, by access token.
    package init(
        _ route: Route, forUser handler: @escaping @Sendable (APIRequest, User, Auth) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = { (request, auth) throws(AuthError) in
            try handler(request, try auth.session(bearing: request).user, auth)
        }
    }

    /// The same, if the handler needs the user's projects, too.
    package init(
        _ route: Route, forAccount handler: @escaping @Sendable (APIRequest, Account, Auth) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = { (request, auth) throws(AuthError) in
            let user = try auth.session(bearing: request, withProjects: true).user
            return try handler(request, try auth.account(of: user), auth)
        }
    }

    /// The same, if the handler also needs the session.
    package init(
        _ route: Route, forSession handler: @escaping @Sendable (APIRequest, SignedIn, Auth) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = { (request, auth) throws(AuthError) in
            try handler(request, try auth.session(bearing: request), auth)
        }
    }

    /// For a signed-in user, or an API key in `x-api-key`.
    package init(
        _ route: Route, forUserOrKey handler: @escaping @Sendable (APIRequest, Caller, Auth) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = { (request, auth) throws(AuthError) in
            try handler(request, try auth.caller(of: request), auth)
        }
    }

    /// For a service that received an API key and asks about it. The handler gets the key's text and verifies it.
    package init(
        _ route: Route, forShownKey handler: @escaping @Sendable (APIRequest, String, Auth) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = { (request, auth) throws(AuthError) in
            try handler(request, try request.shownAPIKey(), auth)
        }
    }

    /// For a caller on this machine, or with `metrics_token`: the metrics.
    package init(
        _ route: Route, forMonitoring handler: @escaping @Sendable (Metrics) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = { (request, auth) throws(AuthError) in try handler(try auth.metrics(for: request)) }
    }
}

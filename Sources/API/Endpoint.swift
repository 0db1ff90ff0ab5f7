// An endpoint is a value: its route, who may call it, and what it answers.
//
// Each initializer is for one kind of credentials. It checks them, and hands what they prove to the handler, so that an
// endpoint without a check does not compile. `run` answers requests by it.

package import Auth
package import Store

/// One endpoint.
package struct Endpoint: Sendable {
    /// Its name, methods and path, by which requests are matched to it.
    package let route: Route
    /// Answers a request whose path, method, and body's form are right.
    let answer: @Sendable (APIRequest, Auth) throws(AuthError) -> Reply

    /// For anyone: nothing is checked.
    package init(
        _ route: Route, forAnyone handler: @escaping @Sendable (APIRequest, Auth) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = handler
    }

    /// For what needs no signed-in user: where the operator has set `client_tokens`, a request has to bear one of them.
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

    /// The same, for what depends on the session.
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

    /// For a service that was shown an API key, and asks about it: the key's text, which the handler verifies.
    package init(
        _ route: Route, forShownKey handler: @escaping @Sendable (APIRequest, String, Auth) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = { (request, auth) throws(AuthError) in
            try handler(request, try request.shownAPIKey(), auth)
        }
    }

    /// For a caller on this machine, or one that bears `metrics_token`: the numbers.
    package init(
        _ route: Route, forMonitoring handler: @escaping @Sendable (Metrics) throws(AuthError) -> Reply
    ) {
        self.route = route
        answer = { (request, auth) throws(AuthError) in try handler(try auth.metrics(for: request)) }
    }
}

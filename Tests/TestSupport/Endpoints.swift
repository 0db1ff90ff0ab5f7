// The table of routes, for tests that must know every endpoint.

import API

/// The names of all endpoints, in the table's order.
package var allEndpoints: [String] { Route.all.map { $0.name.description } }

/// The names of the endpoints that change something.
package var writingEndpoints: [String] { Route.all.filter { !$0.isRead }.map { $0.name.description } }

/// All routes in the table's order: the executable's name, its methods, and its path with `{}` for each id.
package var allRoutes: [(name: String, methods: [String], path: String)] {
    Route.all.map { route in
        let parts = route.path.map { $0.map { "/\($0)" } ?? "/{}" }
        return (route.name.description, route.methods.map { $0.name.description }, parts.joined())
    }
}

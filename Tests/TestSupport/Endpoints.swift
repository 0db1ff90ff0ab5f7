// The table of routes, for tests that must know every endpoint.

import API

/// The names of all endpoints, in the table's order.
package var allEndpoints: [String] { Route.all.map { $0.name.description } }

/// The names of the endpoints that change something.
package var writingEndpoints: [String] { Route.all.filter { !$0.isRead }.map { $0.name.description } }

// Processes of `latchkey-fcgi` on a state folder, and the variables of requests to them.

import TestSupport

extension Home {
    /// Processes of the one executable; requests that name no path go to the endpoint `name`.
    func processes(
        _ name: String, _ environment: [String: String] = [:], count: Int = 1, errors: String = "/dev/null"
    ) -> FastCGIProcesses {
        FastCGIProcesses(
            "\(executables)/latchkey-fcgi", environment: ["LATCHKEY_HOME": path].merging(environment) { $1 }, count: count,
            errors: errors, endpoint: name)
    }
}

extension Person {
    /// A GET with the access token.
    var getRequest: [String: String] { bearer.merging(["REQUEST_METHOD": "GET"]) { $1 } }
}

/// A POST of `body`.
func postRequest(_ body: String) -> [String: String] {
    ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(body.utf8.count), "REMOTE_ADDR": "192.0.2.7"]
}

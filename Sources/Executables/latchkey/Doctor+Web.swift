// The doctor's checks through the web server: does it pass what clients send, and hide what must stay private?

import API
import Auth
import Operations
import Platform
import Settings
import Store

extension Report {
    /// Checks the service at `url`, which should be the one of `configuration`.
    mutating func examineService(at url: ServiceURL, _ configuration: Configuration) {
        guard let client = WebClient(url: url.text) else {
            return warn("web", "not checked: there is no curl in PATH", do: "Install curl.")
        }
        guard examineHealth(client, url) else { return }
        examineState(client, configuration)
        examineAuthorization(client)
        examineMethods(client)
        examineAddress(client, url, configuration)
        examineDownloads(client, configuration.state)
    }

    /// Checks whether Latchkey answers at all.
    private mutating func examineHealth(_ client: WebClient, _ url: ServiceURL) -> Bool {
        let answer = client.send("GET", "/health")
        if let error = answer.error {
            let isCertificate = [35, 51, 58, 60, 77, 83, 90, 91].contains(answer.curlCode ?? 0)
            fault(
                isCertificate ? "certificate" : "web", error,
                do: isCertificate
                    ? "Install a valid certificate for \(url.host), with its chain, in the web server."
                    : "Check that the web server runs and listens there, and that the host name resolves to it.")
            return false
        }
        if 300...399 ~= answer.status {
            fault(
                "web", "\(answer.status): redirects to \(answer.header("location") ?? "nowhere")",
                do: "Use the URL that it redirects to in clients, --url and base_url.")
            return false
        }
        guard answer.isOurs else {
            fault(
                "web", "GET /health: \(answer.summary)", do: Report.adviceOnRefusal(answer.status))
            return false
        }
        if answer.code == "not_at_root" {
            fault(
                "web", "GET /health: \(answer.summary): \(url.text) is in a folder of a site",
                do: "Make the executables' folder the root of a host of its own, such as auth.\(url.host).")
            return false
        }
        guard answer.status == 200 else {
            fault(
                "web", "GET /health: \(answer.summary)",
                do: answer.status == 403
                    ? Report.adviceOnRefusal(403) : "Look for the reason in the web server's error log.")
            return false
        }
        ok("web", "GET /health: 200 from Latchkey")
        examineHeaders(answer)
        examineEncryption(client, url)
        return true
    }

    /// What to do when the web server refuses with `status`, or something else answers.
    private static func adviceOnRefusal(_ status: Int) -> String {
        switch status {
        case 403:
            "Apache's error log tells what refuses: \"Options\" or \"ExecCGI is off\" is about the line Options of .htaccess, "
                + "\"denied by server configuration\" about Require in a folder above. docs/deploy.md, \"What the "
                + "host must allow\", has what to do."
        case 500:
            "Apache's error log names what it does not take. \"not allowed here\": a line of .htaccess that the host "
                + "refuses. docs/deploy.md, \"What the host must allow\", has what to do."
        default: "Configure the web server to run the executables, as lighttpd.conf and .htaccess do."
        }
    }

    private mutating func examineHeaders(_ answer: WebAnswer) {
        let expected = [
            ("content-type", "application/json; charset=utf-8"), ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ]
        var changed = expected.filter { answer.header($0.0) != $0.1 }.map(\.0)
        // The request had no Origin.
        if answer.header("access-control-allow-origin") != nil { changed.append("access-control-allow-origin") }
        if changed.isEmpty {
            ok("headers", "arrive as Latchkey sends them")
        } else {
            warn(
                "headers", "changed on the way: \(changed.joined(separator: ", "))",
                do: "Configure the web server, and any proxy in front of it, to leave them unchanged.")
        }
    }

    private mutating func examineEncryption(_ client: WebClient, _ url: ServiceURL) {
        if url.isLocal { return ok("encryption", "not needed on this machine") }
        guard url.isEncrypted else {
            return warn(
                "encryption", "\(url.text) is not encrypted: tokens can be read in transit",
                do: "Set up HTTPS in the web server, and redirect HTTP to it.")
        }
        // If https has a non-default port, the port of http is unknown.
        if url.hasPort { return ok("encryption", "the certificate is valid") }
        let plain = client.send("GET", "/health", url: "http://" + url.text.utf8.dropFirst(8).text)
        if plain.isOurs {
            warn(
                "encryption", "the service also answers without encryption, by HTTP",
                do: "Redirect HTTP to HTTPS in the web server.")
        } else {
            ok("encryption", "the certificate is valid, and the service does not answer by HTTP")
        }
    }

    /// Checks whether the key set is this state's.
    private mutating func examineState(_ client: WebClient, _ configuration: Configuration) {
        guard let key = service(configuration).signingKeyID() else { return }
        let answer = client.send("GET", "/.well-known/jwks.json")
        if answer.status == 200, answer.text.contains("\"kid\":\"\(key)\"") {
            ok("same state", "the key set has this state's signing key")
        } else {
            fault(
                "same state",
                answer.status == 200
                    ? "the key set lacks this state's signing key"
                    : "GET /.well-known/jwks.json: \(answer.summary)",
                do: "Check which LATCHKEY_HOME or latchkey.home the web server's executables use.")
        }
    }

    private mutating func examineAuthorization(_ client: WebClient) {
        let answer = client.send("GET", "/auth/users/me", headers: ["Authorization: Bearer doctor"])
        switch (answer.isOurs, answer.code) {
        case (true, "invalid_token"): ok("authorization", "arrives")
        case (true, "not_authenticated"):
            fault(
                "authorization", "the web server drops the header Authorization",
                do: "In Apache, use the RewriteRule for it that .htaccess has, or CGIPassAuth On.")
        default:
            fault(
                "authorization", "GET /auth/users/me with a token: \(answer.summary)",
                do: "Configure the web server to pass the header Authorization once and unchanged.")
        }
    }

    /// Checks methods that servers often answer themselves.
    private mutating func examineMethods(_ client: WebClient) {
        let id = UUID.random().text
        let key = "/auth/api-keys/\(id)"
        for (method, path, body) in [
            ("GET", "/auth/api-keys/", "{}"), ("POST", "/auth/api-keys/", "{}"), ("DELETE", key, nil),
            ("PATCH", key, "{}"), ("HEAD", "/auth/users/me", nil),
        ] as [(String, String, String?)] {
            let answer = client.send(method, path, body: body)
            let check = method == "GET" ? "GET with a body" : method
            if answer.isOurs, answer.status == 401 {
                ok(check, "reaches Latchkey")
            } else {
                fault(
                    check, "\(answer.summary)",
                    do: method == "GET"
                        ? "Allow a body with GET. In lighttpd: server.http-parseopts, method-get-body."
                        : "Route \(method) to the executables, as lighttpd.conf and .htaccess do. Check for WebDAV and "
                            + "method filters." + standIn(for: method, client, id))
            }
        }
        let options = client.send("OPTIONS", "/auth/users/me")
        if options.isOurs, options.status == 204, options.header("allow") != nil {
            ok("OPTIONS", "reaches Latchkey")
        } else {
            fault(
                "OPTIONS", options.summary,
                do: "Route OPTIONS to the executables: browsers send it before a page of another origin can call the API.")
        }
    }

    /// What clients can send instead of `method`, if that arrives.
    private func standIn(for method: String, _ client: WebClient, _ id: String) -> String {
        let executables = ["DELETE": "delete-api-key", "PATCH": "update-api-key"]
        guard let executable = executables[method] else { return "" }
        let answer = client.send("POST", "/cgi-bin/\(executable)/\(id)", body: "{}")
        guard answer.isOurs, answer.status == 401 else { return "" }
        return " Until then, clients can send POST to an executable's own path instead, such as /cgi-bin/\(executable)/<key_id>."
    }

    /// Checks which address the service sees. A refresh token without a session leaves a row with the address in the audit
    /// log; a forged header tries to put another address there.
    private mutating func examineAddress(
        _ client: WebClient, _ url: ServiceURL, _ configuration: Configuration
    ) {
        let check = "client address"
        let base = ServiceURL(configuration.policy.baseURL)?.host
        guard url.isLocal || base.map({ $0.isSame(as: url.host) }) == true else {
            return ok(check, "not checked: doctor sends no token to \(url.host), which is not the host of base_url")
        }
        let forged = "203.0.113.77"
        let operations = service(configuration)
        let since = Timestamp.now - .minutes(1)
        let seen: String?
        let answer: WebAnswer
        do throws(AuthError) {
            let token = try operations.refreshTokenOfNobody()
            answer = client.send(
                "POST", "/auth/verification/refresh-token",
                headers: ["X-Forwarded-For: \(forged)"]
                    + (configuration.policy.clientTokens.first.map { ["Authorization: Bearer \($0)"] } ?? []),
                body: #"{"refresh_token":"\#(token)","user_uuid":"\#(UUID.random().text)"}"#)
            let id = answer.header("x-request-id") ?? ""
            seen = try operations.audit(since: since, user: nil, event: "refresh-failed", limit: 1000)
                .last { $0.requestID.isSame(as: id) }?.client
        } catch {
            return fault(check, error.reason, do: "See the findings about the database.")
        }
        guard let seen else {
            return fault(
                check, "the audit log has no entry of the request: \(answer.summary)",
                do: "Check that the web server's executables use this state folder, and that no limit refused the request.")
        }
        let isProxy = ["127.0.0.1", "::1"].compactMap { NetworkAddress($0) }.contains { address in
            configuration.settings.trustedProxies.contains { $0.contains(address) }
        }
        add(Report.judgeAddress(seen, isForged: seen == forged, url: url, trustsThisMachine: isProxy))
    }

    /// `seen` is the address that the service saw for this machine's request to `url`.
    static func judgeAddress(
        _ seen: String, isForged: Bool, url: ServiceURL, trustsThisMachine: Bool
    ) -> Finding {
        let check = "client address"
        if isForged, url.isLocal, trustsThisMachine {
            return Finding(
                state: .warning, check: check,
                found: "cannot be checked here: trusted_proxies contains this machine, so its X-Forwarded-For is trusted",
                advice: "Pass the URL that clients use, through the proxy, with --url.")
        }
        if isForged {
            return Finding(
                state: .fault, check: check, found: "the service trusts a forged X-Forwarded-For",
                advice: "Configure the proxy to replace this header or append to it, and list only proxies in trusted_proxies.")
        }
        guard let address = NetworkAddress(seen) else {
            return Finding(
                state: .fault, check: check, found: "the service does not know it: \(seen)",
                advice: "Configure the web server to set REMOTE_ADDR. Until then, all clients share the same limits.")
        }
        let isInside = address.isInside
        if isInside, !url.isLocal, NetworkAddress(url.host)?.isInside != true {
            return Finding(
                state: .warning, check: check, found: "the service saw \(seen), which may be a proxy",
                advice: "If it is your proxy, set trusted_proxies = \(seen). Without that, all clients share the same limits.")
        }
        return Finding(
            state: .ok, check: check, found: "the service saw \(seen), and ignored a forged header",
            advice: nil)
    }

    /// Checks for files that must not be downloadable.
    private mutating func examineDownloads(_ client: WebClient, _ state: StateFolder) {
        var leaks: [String] = []
        for path in [
            "/latchkey.home", "/.htaccess", "/latchkey.conf", "/latchkey.db", "/latchkey.db-wal", "/secret.key",
            "/keys/current", "/var/latchkey.db", "/var/secret.key", "/var/latchkey.conf", "/cgi-bin/health",
            "/cgi-bin/latchkey.home", "/cgi-bin/.htaccess", "/health", "/send-code", "/deliver-mail",
        ] {
            let answer = client.send("GET", path)
            if answer.status == 200, Report.isSecret(answer.body, of: path, in: state) { leaks.append(path) }
        }
        if leaks.isEmpty {
            ok("downloads", "neither the state nor the executables can be downloaded")
        } else {
            fault(
                "downloads", "these can be downloaded: \(leaks.joined(separator: ", "))",
                do: "Move the state folder out of the web root. Configure the server to run executables and refuse the rest. "
                    + "Assume that others have copies: run latchkey secret rotate and latchkey token-key rotate --now.")
        }
    }

    /// Whether `body` is the content of the file at `path`. Many servers answer everything with their own page.
    private static func isSecret(_ body: [UInt8], of path: String, in state: StateFolder) -> Bool {
        if body.starts(with: [0x7F, 0x45, 0x4C, 0x46]) || body.starts(with: "SQLite format 3\0".utf8) { return true }
        if body.starts(with: [0x37, 0x7F, 0x06]) { return true }  // a WAL
        let name = String(Substring(path.utf8[path.utf8.lastIndex(of: UInt8(ascii: "/"))!...].dropFirst()))
        switch name {
        case "latchkey.home": return body.first == UInt8(ascii: "/") && body.count <= 4096
        case ".htaccess":
            let text = String(decoding: body, as: UTF8.self)
            return ["Require ", "RewriteRule ", "SetHandler "].contains { text.contains($0) }
        case "secret.key", "latchkey.conf", "current":
            let file = name == "current" ? "keys/current" : name
            guard let ours = try? File.read("\(state.path)/\(file)", limit: 65536) else { return false }
            return !ours.isEmpty && body == ours
        default: return false
        }
    }
}

extension NetworkAddress {
    /// Whether it is this machine's address or a private one (RFC 1918, 3927, 4193, 4291, 6598).
    var isInside: Bool {
        if isLoopback { return true }
        return [
            ("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16), ("169.254.0.0", 16),
            ("100.64.0.0", 10), ("fc00::", 7), ("fe80::", 10),
        ].contains { (text, prefix) in
            NetworkAddress(text).map { NetworkRange(address: $0, prefix: prefix).contains(self) } == true
        }
    }
}

extension Substring.UTF8View {
    fileprivate var text: String { String(Substring(self)) }
}

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
            return warn("web", "not asked: there is no curl in PATH", do: "Install curl.")
        }
        guard examineHealth(client, url) else { return }
        examineState(client, configuration.state)
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
                    ? "Have the web server show a valid certificate for \(url.host), with its chain."
                    : "See that the web server runs and listens there, and that the name leads to it.")
            return false
        }
        if 300...399 ~= answer.status {
            fault(
                "web", "\(answer.status): leads to \(answer.header("location") ?? "nowhere")",
                do: "Give clients, --url and base_url the URL that it leads to.")
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
                do: "Give the executables' folder a host of its own, such as auth.\(url.host), whose root it is.")
            return false
        }
        guard answer.status == 200 else {
            fault(
                "web", "GET /health: \(answer.summary)",
                do: answer.status == 403
                    ? Report.adviceOnRefusal(403) : "See the web server's error log for the reason.")
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
        default: "Have the web server run the executables, as lighttpd.conf and .htaccess show."
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
            ok("headers", "arrive as Latchkey writes them")
        } else {
            warn(
                "headers", "changed on the way: \(changed.joined(separator: ", "))",
                do: "Have the web server, or what stands before it, leave them alone.")
        }
    }

    private mutating func examineEncryption(_ client: WebClient, _ url: ServiceURL) {
        if url.isLocal { return ok("encryption", "not needed on this machine itself") }
        guard url.isEncrypted else {
            return warn(
                "encryption", "\(url.text) is not encrypted: tokens can be read on the way",
                do: "Have the web server speak https, and redirect to it.")
        }
        // If https has a non-default port, the port of http is unknown.
        if url.hasPort { return ok("encryption", "the certificate is valid") }
        let plain = client.send("GET", "/health", url: "http://" + url.text.utf8.dropFirst(8).text)
        if plain.isOurs {
            warn(
                "encryption", "the service answers by http as well",
                do: "Have the web server redirect http to https.")
        } else {
            ok("encryption", "the certificate is valid, and http gives nothing away")
        }
    }

    /// Checks whether the key set is this state's.
    private mutating func examineState(_ client: WebClient, _ state: StateFolder) {
        guard let key = try? state.examineSigningKey() else { return }
        let answer = client.send("GET", "/.well-known/jwks.json")
        if answer.status == 200, answer.text.contains("\"kid\":\"\(key)\"") {
            ok("same state", "the key set has this state's signing key")
        } else {
            fault(
                "same state",
                answer.status == 200
                    ? "the key set lacks this state's signing key"
                    : "GET /.well-known/jwks.json: \(answer.summary)",
                do: "See which LATCHKEY_HOME or latchkey.home the web server's executables use.")
        }
    }

    private mutating func examineAuthorization(_ client: WebClient) {
        let answer = client.send("GET", "/auth/users/me", headers: ["Authorization: Bearer doctor"])
        switch (answer.isOurs, answer.code) {
        case (true, "invalid_token"): ok("authorization", "arrives")
        case (true, "not_authenticated"):
            fault(
                "authorization", "the web server drops the header Authorization",
                do: "Apache: the RewriteRule for it that .htaccess has, or CGIPassAuth On.")
        default:
            fault(
                "authorization", "GET /auth/users/me with a token: \(answer.summary)",
                do: "Have the web server pass the header Authorization once, as it came.")
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
                        ? "Let a GET have a body; lighttpd: server.http-parseopts, method-get-body."
                        : "Route \(method) to the executables, as lighttpd.conf and .htaccess do; see WebDAV and "
                            + "method filters." + standIn(for: method, client, id))
            }
        }
        let options = client.send("OPTIONS", "/auth/users/me")
        if options.isOurs, options.status == 204, options.header("allow") != nil {
            ok("OPTIONS", "reaches Latchkey")
        } else {
            fault(
                "OPTIONS", options.summary,
                do: "Route OPTIONS to the executables: browsers ask so before a page may call.")
        }
    }

    /// What clients can send instead of `method`, if that arrives.
    private func standIn(for method: String, _ client: WebClient, _ id: String) -> String {
        let executables = ["DELETE": "delete-api-key", "PATCH": "update-api-key"]
        guard let executable = executables[method] else { return "" }
        let answer = client.send("POST", "/cgi-bin/\(executable)/\(id)", body: "{}")
        guard answer.isOurs, answer.status == 401 else { return "" }
        return " Until then POST at an executable's own path stands for it, such as /cgi-bin/\(executable)/<key_id>."
    }

    /// Checks which address the service sees. A refresh token of no session leaves a row with the address in the
    /// audit; a made-up header tries to put another address there.
    private mutating func examineAddress(
        _ client: WebClient, _ url: ServiceURL, _ configuration: Configuration
    ) {
        let check = "client address"
        let base = ServiceURL(configuration.policy.baseURL)?.host
        guard url.isLocal || base.map({ $0.isSame(as: url.host) }) == true else {
            return ok(check, "not looked at: no token goes to \(url.host), which is not base_url's host")
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
            return fault(check, error.reason, do: "See what is said of the database.")
        }
        guard let seen else {
            return fault(
                check, "the audit has no row of the request: \(answer.summary)",
                do: "See that the web server's executables use this state, and that no limit is in the way.")
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
                found: "cannot be told here: trusted_proxies has this machine, so what it forwards is believed",
                advice: "Give --url the URL that clients use, which leads through the proxy.")
        }
        if isForged {
            return Finding(
                state: .fault, check: check, found: "a made-up X-Forwarded-For is believed",
                advice: "Let the proxy write that header anew or add to it, and trusted_proxies name your proxies alone.")
        }
        guard let address = NetworkAddress(seen) else {
            return Finding(
                state: .fault, check: check, found: "the service knows none: \(seen)",
                advice: "Have the web server set REMOTE_ADDR; until then all clients share their limits.")
        }
        let isInside = address.isInside
        if isInside, !url.isLocal, NetworkAddress(url.host)?.isInside != true {
            return Finding(
                state: .warning, check: check, found: "the service saw \(seen), which may be a proxy's",
                advice: "If a proxy stands before it, set trusted_proxies = \(seen), else all share their limits.")
        }
        return Finding(
            state: .ok, check: check, found: "the service saw \(seen), and believed no made-up header",
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
            ok("downloads", "neither state nor executables")
        } else {
            fault(
                "downloads", "the web server hands out \(leaks.joined(separator: ", "))",
                do: "Move the state out of the web root; have the server run executables and refuse the rest. "
                    + "What was handed out is known: make new secrets.")
        }
    }

    /// Whether `body` is what the file at `path` contains. Many servers answer everything with a page of their own.
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

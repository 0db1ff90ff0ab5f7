// doctor --url against a real lighttpd, with the project's configuration and with faulty ones.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct DoctorWebCommandTests {
    /// A server with the project's lighttpd.conf, with the `replacing` changes and the `adding` text.
    private func server(
        adding: String = "", replacing: [String: String] = [:], home: Home = Home()
    ) throws -> Lighttpd {
        _ = home.admin("init")
        var text = try String(contentsOfFile: "\(projectFolder)/lighttpd.conf", encoding: .utf8)
        for (old, new) in replacing {
            try #require(text.contains(old))
            text = text.replacingOccurrences(of: old, with: new)
        }
        let path = "\(home.path)/lighttpd.conf"
        try (text + adding.replacingOccurrences(of: "HOME", with: home.path)).write(
            toFile: path, atomically: false, encoding: .utf8)
        let server = Lighttpd(home, configuration: path)
        home.remove("lighttpd.conf")
        return server
    }

    /// doctor's findings at `server`, whose settings name it as its own.
    private func doctor(_ server: Lighttpd, _ settings: [String: String] = [:]) -> Run {
        let url = "http://localhost:\(server.port)"
        return server.home.admin(
            "doctor", "--url", url, variables: ["LATCHKEY_BASE_URL": url].merging(settings) { $1 })
    }

    @Test(.enabled(if: !isPostgreSQL, "the text names what SQLite's build has"))
    func aHealthyServiceGivesOnlyOk() throws {
        let server = try server()
        let run = doctor(server)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.troubles == [])
        #expect(
            run.findings.suffix(14) == [
                "ok       web: GET /health: 200 from Latchkey",
                "ok       headers: arrive as Latchkey sends them",
                "ok       encryption: not needed on this machine",
                "ok       same state: the key set has this state's signing key",
                "ok       authorization: arrives",
                "ok       GET with a body: reaches Latchkey",
                "ok       POST: reaches Latchkey",
                "ok       DELETE: reaches Latchkey",
                "ok       PATCH: reaches Latchkey",
                "ok       HEAD: reaches Latchkey",
                "ok       OPTIONS: reaches Latchkey",
                "ok       client address: the service saw 127.0.0.1, and ignored a forged header",
                "ok       downloads: neither the state nor the executables can be downloaded",
                "42 checks: 0 faults, 0 warnings.",
            ])
        // The audit log has one refusal and nothing else.
        #expect(server.home.count("SELECT count(*) FROM audit_events") == 1)
        #expect(
            server.home.count(
                "SELECT count(*) FROM audit_events WHERE event = 'refresh-failed' AND detail = 'unknown'") == 1)
    }

    @Test func aSlashAtTheEndOfTheURLMakesNoDifference() throws {
        let server = try server()
        let run = server.home.admin(
            "doctor", "--url", "http://localhost:\(server.port)/",
            variables: ["LATCHKEY_BASE_URL": "http://localhost:\(server.port)"])
        #expect(run.troubles == [])
    }

    @Test func anotherBaseURLIsFound() throws {
        let server = try server()
        let url = "http://localhost:\(server.port)"
        for other in ["http://localhost:\(server.port + 1)", "https://localhost:\(server.port)", "http://id.example.com"] {
            let run = server.home.admin("doctor", "--url", url, variables: ["LATCHKEY_BASE_URL": other])
            let found = run.findings("base_url")
            #expect(found.count == 1 && found[0].hasPrefix("warning  base_url: it is \(other), but --url is \(url) "), "\(found)")
        }
        #expect(doctor(server).findings("base_url") == ["ok       base_url: \(url)"])
    }

    @Test func whereNobodyListensThatIsSaid() {
        let home = Home()
        _ = home.admin("init")
        let run = home.admin("doctor", "--url", "http://127.0.0.1:1", variables: ["LATCHKEY_BASE_URL": "http://127.0.0.1:1"])
        #expect(run.code == 1)
        #expect(
            run.troubles.map { $0.replacingOccurrences(of: "after [0-9]+ ms", with: "after N ms", options: .regularExpression) }
                == [
                    "fault    web: curl: (7) Failed to connect to 127.0.0.1 port 1 after N ms: Couldn't connect to server "
                        + "Check that the web server runs and listens there, and that the host name resolves to it."
                ])
    }

    @Test func withoutCurlThatIsSaidAndIsNoFault() {
        let home = Home()
        _ = home.admin("init")
        let run = home.admin(
            "doctor", "--url", "http://localhost:8000", variables: ["PATH": home.path])
        #expect(run.code == 0)
        #expect(run.troubles == ["warning  web: not checked: there is no curl in PATH Install curl."])
    }

    @Test func aServerThatDropsAuthorizationIsFound() throws {
        let server = try server(adding: "\nsetenv.set-request-header = (\"Authorization\" => \"\")\n")
        let run = doctor(server)
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    authorization: the web server drops the header Authorization "
                    + "In Apache, use the RewriteRule for it that .htaccess has, or CGIPassAuth On."
            ])
    }

    @Test func aServerThatRefusesABodyWithGETIsFound() throws {
        let server = try server(replacing: ["\"method-get-body\" => \"enable\"": "\"method-get-body\" => \"disable\""])
        #expect(
            doctor(server).troubles == [
                "fault    GET with a body: 400 bad_request "
                    + "Allow a body with GET. In lighttpd: server.http-parseopts, method-get-body."
            ])
    }

    @Test func aServerThatAnswersMethodsByItselfIsFound() throws {
        let server = try server(
            adding: """

                server.modules += ("mod_access")
                $HTTP["request-method"] =~ "^(DELETE|PATCH|OPTIONS)$" { url.access-deny = ("") }

                """)
        func advice(_ method: String, _ executable: String) -> String {
            "Route \(method) to the executables, as lighttpd.conf and .htaccess do. Check for WebDAV and method filters. "
                + "Until then, clients can send POST to an executable's own path instead, such as /cgi-bin/\(executable)/<key_id>."
        }
        #expect(
            doctor(server).troubles == [
                "fault    DELETE: 403 forbidden \(advice("DELETE", "delete-api-key"))",
                "fault    PATCH: 403 forbidden \(advice("PATCH", "update-api-key"))",
                "fault    OPTIONS: 403 forbidden "
                    + "Route OPTIONS to the executables: browsers send it before a page of another origin can call the API.",
            ])
    }

    @Test(.enabled(if: !isPostgreSQL, "the text names what SQLite's build has"))
    func aServerThatHandsOutStateAndExecutablesIsFound() throws {
        let server = try server(
            adding: """

                $HTTP["url"] =~ "^/(latchkey\\.db|latchkey\\.home|secret\\.key|latchkey\\.conf|keys/current)$" {
                    cgi.assign = ()
                    alias.url = ("/" => "HOME/")
                }
                $HTTP["url"] =~ "^/(deliver-mail|\\.htaccess)$" {
                    cgi.assign = ()
                    alias.url = ("/" => var.cgi + "/")
                }

                """)
        makeFile("\(server.home.path)/latchkey.conf", "code_length = 6\n")
        makeFile("\(server.home.path)/latchkey.home", "\(server.home.path)\n")
        #expect(
            doctor(server).troubles == [
                "fault    downloads: these can be downloaded: /latchkey.home, /.htaccess, /latchkey.conf, /latchkey.db, "
                    + "/secret.key, /keys/current, /deliver-mail Move the state folder out of the web root. Configure the "
                    + "server to run executables and refuse the rest. Assume that others have copies: run latchkey secret rotate "
                    + "and latchkey token-key rotate --now."
            ])
    }

    /// Many servers answer unknown paths with 200 and their own page.
    @Test func aPageForEverythingIsNoDownload() throws {
        let server = try server(
            adding: """

                $HTTP["url"] =~ "^/(latchkey|secret|var|keys|cgi-bin|send-code|deliver-mail|\\.ht)" {
                    cgi.assign = ()
                    alias.url = ("/" => var.public + "/index.html")
                    url.rewrite-once = ("" => "/index.html")
                }
                server.modules += ("mod_rewrite")

                """)
        #expect(
            doctor(server).findings("downloads") == [
                "ok       downloads: neither the state nor the executables can be downloaded"
            ])
    }

    @Test func aServerThatBelievesAForgedAddressIsFound() throws {
        let server = try server(
            adding: """

                server.modules += ("mod_extforward")
                extforward.forwarder = ("all" => "trust")

                """)
        #expect(
            doctor(server).troubles == [
                "fault    client address: the service trusts a forged X-Forwarded-For Configure the proxy to replace this "
                    + "header or append to it, and list only proxies in trusted_proxies."
            ])
    }

    @Test func aTrustedMachineItselfCannotTell() throws {
        let home = Home(settings: "trusted_proxies = 127.0.0.1\n")
        setMode("\(home.path)/latchkey.conf", 0o600)
        #expect(
            doctor(try server(home: home)).troubles == [
                "warning  client address: cannot be checked here: trusted_proxies contains this machine, "
                    + "so its X-Forwarded-For is trusted Pass the URL that clients use, through the proxy, with --url."
            ])
    }

    @Test func noTokenGoesToAnotherHost() throws {
        let server = try server()
        let run = server.home.admin(
            "doctor", "--url", "http://localhost.localdomain:\(server.port)",
            variables: ["LATCHKEY_BASE_URL": "http://localhost:\(server.port)"])
        // Where that name does not resolve, doctor sends nothing either.
        let found = run.findings("client address")
        #expect(
            found == []
                || found == [
                    "ok       client address: not checked: doctor sends no token to localhost.localdomain, "
                        + "which is not the host of base_url"
                ])
        #expect(server.home.count("SELECT count(*) FROM audit_events") == 0)
    }

    @Test func clientTokensOpenTheWayToTheAddress() throws {
        let home = Home(settings: "client_tokens = 0123456789abcdef\n")
        setMode("\(home.path)/latchkey.conf", 0o600)
        let run = doctor(try server(home: home))
        #expect(run.troubles == [])
        #expect(!run.output.contains("0123456789abcdef"))
    }

    @Test func aServerOnAnotherStateIsFound() throws {
        let server = try server()
        let other = Home()
        _ = other.admin("init")
        let url = "http://localhost:\(server.port)"
        let run = other.admin("doctor", "--url", url, variables: ["LATCHKEY_BASE_URL": url])
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    same state: the key set lacks this state's signing key "
                    + "Check which LATCHKEY_HOME or latchkey.home the web server's executables use.",
                "fault    client address: the audit log has no entry of the request: 401 invalid_refresh_token "
                    + "Check that the web server's executables use this state folder, and that no limit refused the request.",
            ])
    }

    @Test func aRedirectIsFound() throws {
        let server = try server(
            adding: """

                server.modules += ("mod_redirect")
                url.redirect = ("" => "https://id.example.com/health")

                """)
        #expect(
            doctor(server).troubles == [
                "fault    web: 301: redirects to https://id.example.com/health "
                    + "Use the URL that it redirects to in clients, --url and base_url."
            ])
    }

    @Test func aServerThatDoesNotRunExecutablesIsFound() throws {
        let server = try server(replacing: ["cgi.assign = (\"\" => \"\")": ""])
        #expect(
            doctor(server).troubles == [
                "fault    web: GET /health: 200, not from Latchkey "
                    + "Configure the web server to run the executables, as lighttpd.conf and .htaccess do."
            ])
    }

    @Test func headersThatAreChangedAreAWarning() throws {
        let server = try server(
            adding: "\nsetenv.set-response-header = (\"Cache-Control\" => \"max-age=60\")\n")
        #expect(
            doctor(server).troubles == [
                "warning  headers: changed on the way: cache-control "
                    + "Configure the web server, and any proxy in front of it, to leave them unchanged."
            ])
    }

    @Test(.enabled(if: !isPostgreSQL, "the text names what SQLite's build has"))
    func aServiceThatIsIllIsFound() throws {
        let server = try server()
        server.home.remove("secret.key")
        let run = doctor(server)
        #expect(
            run.findings("web") == [
                "fault    web: GET /health: \(isPostgreSQL ? "503 temporarily_unavailable" : "500 internal_error") "
                    + "Look for the reason in the web server's error log."
            ])
    }

    @Test func aCertificateOfNobodyIsFound() throws {
        let home = Home()
        _ = home.admin("init")
        let (key, certificate) = ("\(home.path)/tls.key", "\(home.path)/tls.crt")
        let made = Program.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key,
                "-out", certificate,
            ])
        try #require(made.exitCode == 0, "\(made.errors)")
        // lighttpd finds a free port, then releases it.
        let port = try server().port
        let server = Program(
            "/usr/bin/openssl",
            ["s_server", "-quiet", "-www", "-accept", "127.0.0.1:\(port)", "-key", key, "-cert", certificate],
            environment: [:])
        defer {
            kill(server.id, SIGKILL)
            _ = server.finish()
        }
        Thread.sleep(forTimeInterval: 0.5)
        let url = "https://localhost:\(port)"
        let run = home.admin("doctor", "--url", url, variables: ["LATCHKEY_BASE_URL": url])
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    certificate: curl: (60) SSL certificate problem: self-signed certificate "
                    + "Install a valid certificate for localhost, with its chain, in the web server."
            ])
    }
}

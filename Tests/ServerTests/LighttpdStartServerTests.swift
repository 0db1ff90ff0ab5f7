// lighttpd.conf, however it is started: with any kind of standard error, with settings in the environment, and on a host name
// with an underscore; and what lighttpd itself refuses.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct LighttpdStartServerTests {
    /// Starts lighttpd.conf with `python`, a few lines that set the variable `options` for Popen, sends one request, stops it,
    /// and returns the output.
    private func started(_ python: String, then report: String = "", _ variables: [String: String] = [:]) -> String {
        let home = Home()
        let script = """
            import os, socket, subprocess, sys, time, urllib.request
            project, home = sys.argv[1:]
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            environment = dict(os.environ, PORT=str(port), LATCHKEY_HOME=home)
            environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
            options = {}
            \(python)
            server = subprocess.Popen(["lighttpd", "-D", "-f", "lighttpd.conf"], cwd=project, env=environment,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options)
            try:
                for _ in range(200):
                    try:
                        socket.create_connection(("127.0.0.1", port), 1).close()
                        break
                    except OSError:
                        time.sleep(0.025)
                request = urllib.request.Request(f"http://127.0.0.1:{port}/auth/verification/send-code",
                                                 b'{"email":"ada@example.com"}', {"Content-Type": "application/json"})
                print(urllib.request.urlopen(request).status)
            except OSError as error:
                print(error)
            finally:
                server.terminate()
                server.wait()
            \(report)
            """
        let result = Program(
            "/usr/bin/python3", ["-c", script, projectFolder, home.path],
            environment: variables.merging(["PATH": "/usr/bin:/bin"]) { $1 }.merging(TestDatabase.variables(of: home.path)) { $1 }
        ).finish()
        return String(decoding: result.output, as: UTF8.self) + result.errors
    }

    private let line = "endpoint=send-code status=202"

    @Test func standardErrorMayBeASocket() {
        let output = started(
            "ours, theirs = socket.socketpair(); options = {'stderr': theirs}",
            then: "theirs.close(); ours.settimeout(5); print(b''.join(iter(lambda: ours.recv(65536), b'')).decode())")
        #expect(output.hasPrefix("202\n") && output.contains(line), "\(output)")
    }

    @Test func standardErrorMayBeClosed() {
        let output = started("options = {'preexec_fn': lambda: os.close(2)}")
        #expect(output == "202\n")
    }

    @Test(.enabled(if: geteuid() == 0, "root alone can become another user")) func standardErrorMayBeAnothersFile() {
        let output = started(
            """
            log = f"{home}.log"; file = open(log, "w"); os.chmod(log, 0o600); os.chown(home, 65534, 65534)
            options = {'stderr': file, 'user': 65534, 'group': 65534, 'extra_groups': []}
            """.split(separator: "\n").joined(separator: "\n"),
            then: "print(open(log).read()); os.remove(log)")
        #expect(output.hasPrefix("202\n") && output.contains(line), "\(output)")
    }

    @Test func standardErrorMayBeAPipe() {
        let output = started("options = {'stderr': subprocess.PIPE}", then: "print(server.stderr.read().decode())")
        #expect(output.hasPrefix("202\n") && output.contains(line), "\(output)")
    }

    @Test func aServerInTheBackgroundHasTwoFiles() throws {
        let home = Home()
        let folder = home.path
        for (logs, variables, file) in [
            (("error.log", "latchkey.log"), [:], "latchkey.log"), (("both.log", "both.log"), [:], nil),
            (("error.log", "latchkey.log"), ["LATCHKEY_FASTCGI": "1", "LATCHKEY_FASTCGI_PROCESSES": "1"], "error.log"),
        ] as [((String, String), [String: String], String?)] {
            for name in ["error.log", "latchkey.log"] { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
            let configuration = """
                include "\(projectFolder)/lighttpd.conf"
                server.errorlog = "\(folder)/\(logs.0)"
                server.breakagelog = "\(folder)/\(logs.1)"
                server.pid-file = "\(folder)/pid"
                """
            try configuration.write(toFile: "\(folder)/lighttpd.conf", atomically: true, encoding: .utf8)
            let script = """
                cd "$0" || exit 1
                export PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
                lighttpd -f "$LATCHKEY_HOME/lighttpd.conf" >/dev/null 2>&1 </dev/null || exit 1
                curl -sS -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' -d '{"email":"\(UUID().uuidString)@example.com"}' \
                    http://127.0.0.1:$PORT/auth/verification/send-code
                kill $(cat "$LATCHKEY_HOME/pid"); sleep 0.5
                """
            let result = Program(
                "/bin/bash", ["-c", script, projectFolder],
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LATCHKEY_HOME": folder].merging(variables) { $1 }
            ).finish()
            #expect(String(decoding: result.output, as: UTF8.self) == "202", "\(result.errors)")
            // lighttpd loses them when both logs are one file; the samples say so.
            for name in Set([logs.0, logs.1]) {
                let log = (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? ""
                #expect(log.contains(line) == (name == file), "\(name), \(variables): \(log)")
            }
        }
        let sample = try String(contentsOfFile: "\(projectFolder)/samples/lighttpd/https.conf", encoding: .utf8)
        let files = ["errorlog", "breakagelog"].map { name in
            sample.components(separatedBy: "server.\(name) = \"").last?.prefix { $0 != "\"" } ?? ""
        }
        #expect(files[0].hasPrefix("/var/log/") && files[1].hasPrefix("/var/log/") && files[0] != files[1])
        let jail = try String(contentsOfFile: "\(projectFolder)/samples/fail2ban/latchkey.conf", encoding: .utf8)
        // By FastCGI they are in the other file: the jail reads both.
        #expect(jail.contains("logpath = \(files[1])\n#             \(files[0])\n"))
    }

    @Test func noConfigurationOpensStandardErrorByName() throws {
        for file in ["lighttpd.conf", "lighttpd-fastcgi.sh", "lighttpd-environment.sh"] + samples() {
            let text = try String(contentsOfFile: "\(projectFolder)/\(file)", encoding: .utf8)
            #expect(!text.contains("/dev/std") && !text.contains("/dev/fd") && !text.contains("/proc/self/fd"), "\(file)")
        }
    }

    private func samples() -> [String] {
        let files = FileManager.default.enumerator(atPath: "\(projectFolder)/samples")?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix(".conf") || $0.contains("htaccess") || $0.hasSuffix(".service") }.map {
            "samples/\($0)"
        }
    }

    @Test func settingsOfTheEnvironmentReachTheExecutables() {
        for (name, value, digits) in [
            ("LATCHKEY_CODE_LENGTH", "8", 8), ("LATCHKEY_MAIL_FROM", #"A "quoted" \name  $x <a@b.example>"#, 6),
        ] {
            let server = Lighttpd(variables: [name: value])
            #expect(server.send("POST /auth/verification/send-code", body: #"{"email":"ada@example.com"}"#).status == 202)
            #expect(server.home.code(for: "ada@example.com").utf8.count == digits)
            if name == "LATCHKEY_MAIL_FROM" { #expect(server.home.mails[0].contains("<a@b.example>")) }
        }
        let wrong = Lighttpd(variables: ["LATCHKEY_CODE_LENGTH": "5"])
        #expect(wrong.send("POST /auth/verification/send-code", body: #"{"email":"ada@example.com"}"#).status == 500)
    }

    @Test func aStateFolderMayHaveAnyName() throws {
        for name in ["two  spaces", "a\"quote", "a'quote", "$HOME", "back\\slash"] {
            let home = Home()
            let folder = "\(home.path)/\(name)"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let server = Lighttpd(home, variables: ["LATCHKEY_HOME": folder])
            #expect(server.send("GET /health").status == 200)
            #expect(server.send("POST /auth/verification/send-code", body: #"{"email":"ada@example.com"}"#).status == 202)
            #expect(FileManager.default.fileExists(atPath: "\(folder)/secret.key"), "\(name)")
        }
    }

    @Test func aMachinesNameMayHaveAnUnderscore() {
        let server = Lighttpd()
        for host in ["latch_key:8000", "latch_key", "localhost", "[::1]:8000", "192.0.2.7", "a-b.example"] {
            #expect(server.exchange("GET /health HTTP/1.1\nHost: \(host)\nConnection: close\n\n").status == 200, "\(host)")
        }
    }

    @Test func manyCookiesOfOtherProgramsAreRead() {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        for count in [9000, 30000] {
            let cookie = "Cookie: a=" + String(repeating: "c", count: count)
            #expect(server.send("GET /auth/users/me", ["Authorization: Bearer \(ada.accessToken)", cookie]).status == 200)
        }
        let answer = server.send("GET /auth/users/me", ["Cookie: a=" + String(repeating: "c", count: 40000)])
        #expect(answer.status == 431 && answer.code == "header_fields_too_large")
    }

    @Test func whatTheServerRefusesByItselfIsAnsweredInTheEnvelope() {
        let server = Lighttpd()
        let path = "/auth/verification/send-code"
        for (request, status, code) in [
            ("GET /auth/users\u{1}/me HTTP/1.1\nHost: a\nConnection: close\n\n", 400, "bad_request"),
            ("GET /auth/users%01/me HTTP/1.1\nHost: a\nConnection: close\n\n", 400, "bad_request"),
            ("GET /auth/users%00/me HTTP/1.1\nHost: a\nConnection: close\n\n", 400, "bad_request"),
            ("GET /auth/users/me HTTP/1.1\nConnection: close\n\n", 400, "bad_request"),
            ("POST \(path) HTTP/1.1\nHost: a\nConnection: close\nContent-Length: 2000000\n\n", 413, "body_too_large"),
            ("POST \(path) HTTP/1.1\nHost: a\nConnection: close\n\n", 411, "length_required"),
            ("POST \(path) HTTP/1.1\nHost: a\nConnection: close\nContent-Length: 2\nContent-Length: 3\n\n{}", 400, "bad_request"),
            ("get /auth/users/me HTTP/1.1\nHost: a\nConnection: close\n\n", 501, "not_implemented"),
        ] {
            let answer = server.exchange(request)
            #expect(answer.status == status && answer.code == code, "\(request.prefix(60)): \(answer.status) \(answer.body)")
            #expect(answer.header("Content-Type") == "application/json; charset=utf-8", "\(request.prefix(60))")
        }
        // A missing page and the answers of executables stay the same.
        #expect(server.send("GET /languages/xx.json").code == "not_found")
        #expect(server.send("GET /auth/users/me").code == "not_authenticated")
    }
}

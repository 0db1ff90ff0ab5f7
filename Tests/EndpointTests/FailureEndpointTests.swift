// What every endpoint refuses in the same way, in the order of checks; and faults of the machine.

import Foundation
import Glibc
import TestSupport
import Testing

private let send = #"{"email":"ada@example.com"}"#

private func failure(_ status: Int, _ code: String, _ message: String, _ header: String = "") -> String {
    """
    \(status)
    \(standardHeaders)\(header.isEmpty ? "" : "\n\(header)")
    Content-Length: <count>

    {"success":false,"data":null,"error":{"code":"\(code)","message":"\(message)"}}
    """
}

@Suite struct FailureEndpointTests {
    let home = Home()

    @Test func aWrongMethodIsToldTheRightOnes() {
        for (name, method, path, allow) in [
            ("send-code", "GET", "", "POST, OPTIONS"), ("current-user", "POST", "", "GET, HEAD, PATCH, DELETE, OPTIONS"),
            ("list-api-keys", "PUT", "/", "GET, HEAD, POST, OPTIONS"),
            ("create-api-key", "DELETE", "", "GET, HEAD, POST, OPTIONS"),
            ("delete-api-key", "GET", "/x", "DELETE, PATCH, OPTIONS"), ("verify-code", "HEAD", "", "POST, OPTIONS"),
        ] {
            let answer = home.run(name, ["REQUEST_METHOD": method, "PATH_INFO": path]).answer
            let expected = failure(
                405, "method_not_allowed", "This path does not support this method.", "Allow: \(allow)")
            #expect(
                answer.shown == (method == "HEAD" ? String(expected.prefix { $0 != "{" }) : expected))
        }
    }

    @Test func optionsTellsTheMethodsAndNothingElse() {
        let answer = home.run("list-api-keys", ["REQUEST_METHOD": "OPTIONS"]).answer
        #expect(answer.status == 204)
        #expect(answer.header("Allow") == "GET, HEAD, POST, OPTIONS")
        #expect(answer.header("Content-Type") == nil)
        #expect(answer.header("Content-Length") == nil)
        #expect(answer.body == "")
    }

    @Test func anUnknownPathIsNotFound() {
        let expected = failure(404, "not_found", "There is nothing at this path.")
        for uri in ["/auth/nope", "/", "/auth/api-keys/a/b", "/auth/users/me/", "/auth/api-keysX", "*", ""] {
            let answer = home.run("not-found", ["REQUEST_METHOD": "GET", "REQUEST_URI": uri]).answer
            #expect(answer.shown == expected, "\(uri)")
        }
        #expect(home.get("current-user", ["PATH_INFO": "/more"]).shown == expected)
        // By FastCGI that path belongs to another endpoint.
        if !isFastCGI { #expect(home.get("delete-api-key").shown == expected) }
    }

    @Test func aKnownPathWithAWrongMethodIsNotAllowed() {
        for (uri, allow) in [
            ("/auth/verification/send-code?x=1", "POST, OPTIONS"), ("/auth/api-keys", "GET, HEAD, POST, OPTIONS"),
            ("/auth/api-keys/", "GET, HEAD, POST, OPTIONS"), ("/auth/api-keys/abc", "DELETE, PATCH, OPTIONS"),
            ("/auth/users/%6De", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ] {
            let answer = home.run("not-found", ["REQUEST_METHOD": "PUT", "REQUEST_URI": uri]).answer
            #expect(answer.status == 405, "\(uri)")
            #expect(answer.header("Allow") == allow, "\(uri)")
        }
    }

    @Test func aBodyNeedsALengthThatIsOne() {
        for length in ["", "+3", "-1", "0x10", "1 2", " 27"] {
            #expect(
                home.post("send-code", send, ["CONTENT_LENGTH": length]).shown
                    == failure(411, "length_required", "The request needs a Content-Length."), "\(length)")
        }
    }

    @Test func aChunkedBodyIsReadToItsEnd() {
        let chunked = ["CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"]
        #expect(home.post("send-code", send, chunked).status == 202)
        let large = String(repeating: " ", count: 65537)
        #expect(home.post("send-code", large, chunked).status == 413)
    }

    @Test func aLargeBodyIsRefused() {
        let expected = failure(413, "body_too_large", "The body may have at most 65536 bytes.")
        #expect(home.post("send-code", "", ["CONTENT_LENGTH": "65537"]).shown == expected)
        #expect(home.post("send-code", "", ["CONTENT_LENGTH": "99999999999999999999"]).shown == expected)
        let padded = send + String(repeating: " ", count: 65536 - send.utf8.count)
        #expect(home.post("send-code", padded).status == 202)
    }

    @Test func aBodyThatIsNotJSONByItsTypeIsRefused() {
        for (type, status) in [
            ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/jsonx", 415),
            ("application/json; charset=utf-8", 422), ("APPLICATION/JSON", 422), ("", 422),
            ("application/problem+json", 422), ("application/+json", 415),
        ] {
            let answer = home.post("send-code", "[]", ["CONTENT_TYPE": type])
            #expect(answer.status == status, "\(type)")
        }
        #expect(
            home.post("send-code", send, ["CONTENT_TYPE": "text/plain"]).shown
                == failure(415, "unsupported_media_type", "The body must be JSON. Send Content-Type: application/json."))
    }

    /// Another site's page can send us an untyped body without a preflight: that must cost its visitors nothing.
    @Test func aWebPagesBodyWithoutATypeIsRefusedAndCountsNowhere() {
        for page in ["HTTP_ORIGIN": "https://evil.example", "HTTP_SEC_FETCH_SITE": "cross-site"] {
            #expect(home.post("send-code", send, ["CONTENT_TYPE": "", page.key: page.value]).status == 415)
        }
        #expect(isPostgreSQL || !FileManager.default.fileExists(atPath: "\(home.path)/latchkey.db"))
        #expect(
            home.post("send-code", send, ["CONTENT_TYPE": "application/json", "HTTP_ORIGIN": "https://a.example"]).status == 202)
    }

    @Test func aBodyThatIsNotAnObjectIsRefused() {
        for (body, location, type) in [
            ("", #"["body"]"#, "missing"), ("[]", #"["body"]"#, "model_attributes_type"),
            ("{", #"["body",1]"#, "json_invalid"), (#"{"email":"a@b.co","email":"c@d.co"}"#, #"["body",18]"#, "json_invalid"),
            (#"{"email":"\ud800"}"#, #"["body",10]"#, "json_invalid"), ("{} x", #"["body",3]"#, "json_invalid"),
            (String(repeating: "[", count: 60000), #"["body",16]"#, "json_invalid"),
        ] {
            let answer = home.post("send-code", body)
            #expect(answer.status == 422, "\(body.prefix(20))")
            #expect(answer.body.contains("\"loc\":\(location)"), "\(answer.body)")
            #expect(answer.body.contains("\"type\":\"\(type)\""), "\(answer.body)")
        }
        let short = home.post("send-code", #"{"ema"#, ["CONTENT_LENGTH": "50"])
        #expect(short.body.contains("shorter than its Content-Length"))
    }

    @Test func credentialsGivenTwiceAreAmbiguous() {
        let expected = failure(400, "ambiguous_credentials", "Send one credential, in one header field.")
        let ada = home.signIn("ada@example.com")
        let both = ada.onProject.merging(["HTTP_X_API_KEY": "sk_x"]) { $1 }
        #expect(home.get("list-api-keys", both).shown == expected)
        let comma = ["HTTP_AUTHORIZATION": "Bearer \(ada.accessToken), Bearer x"]
        #expect(home.get("current-user", comma).shown == expected)
        let keys = ["HTTP_X_API_KEY": "sk_a, sk_b"]
        #expect(home.get("list-api-keys", keys).shown == expected)
    }

    @Test func aHeaderThatArrivesAsTwoEqualNamesIsAmbiguous() {
        let result = Program(
            "/usr/bin/env",
            [
                "-i", "/bin/sh", "-c",
                // Only execve can pass one name twice; a shell cannot.
                "exec python3 -c 'import ctypes,sys; c=ctypes.CDLL(None); a=(ctypes.c_char_p*2)(b\"x\",None); "
                    + "e=(ctypes.c_char_p*5)(b\"REQUEST_METHOD=GET\",b\"LATCHKEY_HOME=\(home.path)\",b\"HTTP_X_API_KEY=a\",b\"HTTP_X_API_KEY=b\",None); "
                    + "c.execve(b\"\(executables)/list-api-keys\",a,e)'",
            ], environment: [:]
        ).finish()
        #expect(Answer(result.output).code == "ambiguous_credentials")
    }

    @Test func credentialsAreJudgedBeforeTheRest() {
        #expect(home.get("list-api-keys", ["QUERY_STRING": "page=x"]).status == 401)
        #expect(home.post("create-api-key", "[]").status == 401)
        #expect(home.post("create-api-key", "[]", ["CONTENT_TYPE": "text/plain"]).status == 415)
    }

    @Test func aSettingAtFaultIsNamedInTheLogAndNowhereElse() {
        for (settings, reason) in [
            ("# fine\nbase_urls = x", ":2: base_urls: unknown setting"),
            (
                "mail_template = login",
                ":1: mail_template: this setting was removed: put the mail's subject and text into templates/code.txt"
            ),
            ("code_length = 9", ":1: code_length: must be a whole number from 6 to 8"),
            ("sign_up", ":1: must have the form key = value"),
        ] {
            let home = Home(settings: settings)
            let (answer, log) = home.run(
                "send-code", ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "27"], body: send)
            #expect(
                answer.shown == """
                    500
                    \(standardHeaders)
                    Content-Length: <count>

                    {"success":false,"data":null,"error":{"code":"internal_error","message":"Something went wrong in the service. Its log has the reason, under this request_id.","request_id":"<uuid>"}}
                    """)
            #expect(log.contains("\(home.path)/latchkey.conf\(reason)"), "\(log)")
            #expect(log.contains(answer.field("request_id")))
            #expect(answer.header("X-Request-Id") == answer.field("request_id"))
        }
    }

    @Test func aStateFolderInAWebRootOrOpenToOthersIsRefused() {
        let ada = home.signIn("ada@example.com")
        let root = (home.path as NSString).deletingLastPathComponent
        let (answer, log) = home.run(
            "current-user",
            ["REQUEST_METHOD": "GET", "DOCUMENT_ROOT": root].merging(ada.bearer) { $1 })
        #expect(answer.status == 500)
        #expect(log.contains("is in the web root"))
        chmod(home.path, 0o755)
        #expect(home.run("current-user", ["REQUEST_METHOD": "GET"]).log.contains("other users can access"))
        chmod(home.path, 0o700)
        let www = "\(home.path)/www/state"
        #expect(
            home.run("current-user", ["REQUEST_METHOD": "GET", "LATCHKEY_HOME": www]).log.contains("is in a folder called www"))
        let allowed = ["LATCHKEY_HOME": www, "LATCHKEY_ALLOW_STATE_IN_WEB_ROOT": "yes"]
        #expect(home.get("current-user", allowed).status == 401)
    }

    @Test func aLockedDatabaseIsUnavailableAndNothingChanges() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let holder = ExclusiveLock(home)
        defer { holder.release() }
        let answer = home.run(
            "delete-api-key", ["REQUEST_METHOD": "DELETE", "PATH_INFO": "/\(key.id)"].merging(ada.onProject) { $1 }
        ).answer
        #expect(
            answer.shown == """
                503
                \(standardHeaders)
                Retry-After: 2
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"temporarily_unavailable","message":"The service is not available. Try again in a moment.","request_id":"<uuid>"}}
                """)
        holder.release()
        #expect(home.number("SELECT count(*) FROM api_keys WHERE deactivated_at IS NULL") == 1)
    }

    @Test func aMissingSecretBesideADatabaseIsAFaultAndNotANewSecret() {
        let ada = home.signIn("ada@example.com")
        #expect(ada.accessToken != "")
        unlink("\(home.path)/secret.key")
        let (answer, log) = home.run(
            "revoke-token", ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "21"], body: #"{"refresh_token":"x"}"#)
        #expect(answer.status == (isPostgreSQL ? 503 : 500))
        #expect(log.contains("secret.key is missing, but \(isPostgreSQL ? "the database has one" : "there is a database")"))
        #expect(access("\(home.path)/secret.key", F_OK) != 0)
    }

    @Test(.enabled(if: !isFastCGI, "FastCGIProcessEndpointTests has a trap of its own process"))
    func aTrapStillAnswersInTheEnvelope() {
        let program = home.start("send-code", ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "27"])
        Thread.sleep(forTimeInterval: 0.3)
        kill(program.id, SIGILL)
        let result = program.finish()
        #expect(Answer(result.output).status == 500)
        #expect(Answer(result.output).code == "internal_error")
        #expect(result.exitCode == 1)
    }

    @Test func argumentsAreIgnored() {
        let result = Program(
            "\(executables)/current-user", ["--help", "?migrate"],
            environment: ["REQUEST_METHOD": "GET", "LATCHKEY_HOME": home.path]
        ).finish()
        #expect(Answer(result.output).status == 401)
    }
}

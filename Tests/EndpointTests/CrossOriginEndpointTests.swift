// Cross-origin requests: exact origins only, in preflights and in every answer.

import TestSupport
import Testing

@Suite struct CrossOriginEndpointTests {
    private let home = Home(settings: "cors_origins = https://app.example.com, http://localhost:5173")
    private let app = ["HTTP_ORIGIN": "https://app.example.com"]

    private func preflight(_ endpoint: String, _ variables: [String: String]) -> Answer {
        home.run(
            endpoint,
            variables.merging([
                "REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
                "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization",
            ]) { given, _ in given }
        ).answer
    }

    @Test func aPreflightIsAnsweredByPath() {
        #expect(
            preflight("not-found", app.merging(["REQUEST_URI": "/auth/api-keys/63f188cc-77d4-493a-9ce2-164471d9ac29"]) { $1 })
                .shown == """
                    204
                    Allow: DELETE, PATCH, OPTIONS
                    Cache-Control: no-store
                    X-Content-Type-Options: nosniff
                    X-Request-Id: <uuid>
                    Vary: Origin
                    Access-Control-Allow-Origin: https://app.example.com
                    Access-Control-Allow-Methods: DELETE, PATCH, OPTIONS
                    Access-Control-Allow-Headers: authorization, content-type, x-api-key, x-project-id, x-verification-code
                    Access-Control-Max-Age: 600


                    """)
        #expect(preflight("send-code", app).header("Access-Control-Allow-Methods") == "POST, OPTIONS")
        #expect(preflight("not-found", app.merging(["REQUEST_URI": "/nowhere"]) { $1 }).status == 404)
    }

    @Test func everyAnswerCanBeReadByAPageOfAnAllowedOrigin() {
        let good = home.post(
            "send-code", #"{"email":"ada@example.com"}"#, app.merging(["CONTENT_TYPE": "application/json"]) { $1 })
        let bad = home.get("current-user", app)
        let unknown = home.run("not-found", app.merging(["REQUEST_METHOD": "GET", "REQUEST_URI": "/x"]) { $1 }).answer
        let early = home.post("send-code", "x", app.merging(["CONTENT_TYPE": "text/plain"]) { $1 })
        #expect([good, bad, unknown, early].map(\.status) == [202, 401, 404, 415])
        for answer in [good, bad, unknown, early] {
            #expect(answer.header("Access-Control-Allow-Origin") == "https://app.example.com")
            #expect(answer.header("Vary") == "Origin")
            #expect(
                answer.header("Access-Control-Expose-Headers")
                    == "RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id")
            #expect(answer.header("Access-Control-Allow-Credentials") == nil)
        }
    }

    @Test func noOtherOriginIsAdmitted() {
        for origin in [
            "https://app.example.com.evil.example", "https://app.example.co", "http://app.example.com", "https://APP.example.com",
            "https://app.example.com:443", "null", "*", "https://evil.example", "https://app.example.com, http://localhost:5173",
        ] {
            for answer in [home.get("current-user", ["HTTP_ORIGIN": origin]), preflight("send-code", ["HTTP_ORIGIN": origin])] {
                #expect(answer.header("Access-Control-Allow-Origin") == nil, "\(origin)")
                #expect(answer.header("Vary") == "Origin")
            }
        }
    }

    @Test func withoutTheSettingNothingIsSaidOfOrigins() {
        let answer = Home().get("current-user", app)
        #expect(answer.header("Access-Control-Allow-Origin") == nil && answer.header("Vary") == nil)
    }

    @Test func theKeySetIsForEveryone() {
        for origin in [[:], app] { #expect(home.get("jwks", origin).header("Access-Control-Allow-Origin") == "*") }
    }

    @Test func aPageMaySendFieldsThatNoRuleReads() {
        func allowed(_ asked: String, origin: String = "https://app.example.com") -> String? {
            preflight("send-code", ["HTTP_ORIGIN": origin, "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": asked]).header(
                "Access-Control-Allow-Headers")
        }
        let always = "authorization, content-type, x-api-key, x-project-id, x-verification-code"
        #expect(allowed("authorization,traceparent") == "\(always), traceparent")
        #expect(
            allowed("Baggage, sentry-trace , tracestate,x-datadog-trace-id")
                == "\(always), baggage, sentry-trace, tracestate, x-datadog-trace-id")
        #expect(allowed("x-requested-with,x-requested-with") == "\(always), x-requested-with")
        // Pages may not send headers that identify the client, nor invalid names.
        #expect(allowed("x-forwarded-for,forwarded,x_forwarded_for,x-forwarded-host,x y,a:b,\u{e9},") == always)
        #expect(allowed(String(repeating: "a", count: 3000)) == always)
        #expect(allowed("traceparent", origin: "https://evil.example") == nil)
    }

    @Test func appsHaveOriginsOfTheirOwnSchemes() {
        let home = Home(
            settings: "cors_origins = Capacitor://localhost, tauri://localhost, ionic://localhost, https://App.Example.com:443/")
        for origin in ["capacitor://localhost", "tauri://localhost", "ionic://localhost", "https://app.example.com"] {
            let answer = home.get("current-user", ["HTTP_ORIGIN": origin])
            #expect(answer.header("Access-Control-Allow-Origin") == origin)
        }
        for origin in ["http://localhost", "capacitor://localhost:1", "capacitor://evil", "https://app.example.com:443", "null"] {
            #expect(home.get("current-user", ["HTTP_ORIGIN": origin]).header("Access-Control-Allow-Origin") == nil, "\(origin)")
        }
    }
}

// A client's claims about hosts, proxies and its own address change neither a mail nor a limit.

import TestSupport
import Testing

@Suite struct ForgedHostEndpointTests {
    let home = Home()

    private let claims = [
        "HTTP_HOST": "evil.example", "SERVER_NAME": "evil.example", "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_X_FORWARDED_PROTO": "evil", "HTTP_FORWARDED": "for=203.0.113.9;host=evil.example",
    ]

    @Test func noMailNamesTheHostOfARequest() {
        #expect(home.post("send-code", #"{"email":"ada@example.com"}"#, claims).status == 202)
        _ = home.code(for: "ada@example.com")
        #expect(home.mails.count == 1)
        for mail in home.mails { #expect(!mail.contains("evil")) }
    }

    @Test func anAddressThatAClientClaimsCountsForNothing() {
        let limit = ["LATCHKEY_LIMIT_SEND_PER_IP": "2/1h", "REMOTE_ADDR": "192.0.2.1"]
        func send(_ number: Int) -> Int {
            let address = "203.0.113.\(number)"
            let claims = [
                "HTTP_X_FORWARDED_FOR": address, "HTTP_X_REAL_IP": address, "HTTP_CLIENT_IP": address,
                "HTTP_FORWARDED": "for=\(address)",
            ]
            return home.post("send-code", #"{"email":"ada\#(number)@example.com"}"#, limit.merging(claims) { $1 }).status
        }
        #expect((1...4).map(send) == [202, 202, 429, 429])
    }
}

// Which clients may ask for a code.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct ClientTokenRuleTests {
    private let service = Service()

    @Test func withoutClientTokensAnyoneMayAsk() throws {
        try service.auth.admit(clientToken: nil)
        try service.auth.admit(clientToken: "anything")
    }

    @Test func withClientTokensOnlyWhoBearsOne() throws {
        service.policy.clientTokens = ["0123456789abcdef", "fedcba9876543210"]
        try service.auth.admit(clientToken: "0123456789abcdef")
        try service.auth.admit(clientToken: "fedcba9876543210")
        #expect(refusal { try service.auth.admit(clientToken: nil) } == "notAuthenticated")
        for wrong in ["", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef "] {
            #expect(refusal { try service.auth.admit(clientToken: wrong) } == "invalidToken")
        }
    }
}

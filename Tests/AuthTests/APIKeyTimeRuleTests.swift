// API keys over time, with a clock of the test's own.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct APIKeyTimeRuleTests {
    private let service = Service()

    @Test func aKeyExpiresAndItsUseIsNotedOnceAMinute() throws {
        let (user, project) = try service.person()
        let made = try service.makeKey(project, user, days: 1)
        func use() throws -> APIKey? {
            let key = try service.auth.key(bearing: made.secret.text, for: project)
            return try service.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 10), by: .key(key)).keys.first
        }
        let first = service.time
        #expect(try use()?.lastUsedAt == first)
        service.time = first + .seconds(59)
        #expect(try use()?.lastUsedAt == first)
        service.time = first + .seconds(60)
        #expect(try use()?.lastUsedAt == service.time)
        service.time = first + .days(1)
        #expect(refusal { try use() } == "invalidAPIKey")
    }
}

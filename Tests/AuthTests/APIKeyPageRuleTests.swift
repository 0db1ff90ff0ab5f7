// The pages of a list of API keys.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct APIKeyPageRuleTests {
    private let service = Service()

    @Test func pagesAreNewestFirstAndEndEmpty() throws {
        let (user, project) = try service.person()
        for number in 1...25 {
            _ = try service.auth.createAPIKey(named: "\(number)", expiringIn: nil, scopes: nil, in: project, by: user)
        }
        func names(_ page: Int64, _ limit: Int64 = 10) throws -> [String] {
            let page = try service.auth.listAPIKeys(of: project, PageRequest(page: page, limit: limit), by: .user(user))
            #expect(page.total == 25)
            return page.keys.map(\.name)
        }
        #expect(try names(1) == (16...25).reversed().map(String.init))
        #expect(try names(2) == (6...15).reversed().map(String.init))
        #expect(try names(3) == (1...5).reversed().map(String.init))
        #expect(try names(1, 100).count == 25)
        for page in [4, 1 << 32, .max] as [Int64] { #expect(try names(page) == []) }
    }

    @Test(
        arguments: [
            (0, 1, 1), (0, 10, 1), (1, 10, 1), (10, 10, 1), (11, 10, 2), (25, 10, 3), (25, 1, 25), (100, 100, 1), (101, 100, 2),
        ] as [(Int64, Int64, Int64)])
    func thePagesAreCounted(total: Int64, limit: Int64, pages: Int64) {
        #expect(PageRequest(page: 1, limit: limit).pages(of: total) == pages)
    }
}

// API keys: what they allow, and who may delete them.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct APIKeyRuleTests {
    private let service = Service()

    private func make(
        _ project: UUID, _ user: User, _ name: String = "key", days: Int64? = nil, scopes: [String]? = nil
    ) throws -> CreatedAPIKey {
        try service.auth.createAPIKey(named: name, expiringIn: days, scopes: scopes, in: project, by: user)
    }

    private func list(_ project: UUID, _ secret: APIKeySecret) throws -> APIKeyPage {
        let key = try service.auth.key(bearing: secret.text, for: project)
        return try service.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 10), by: .key(key))
    }

    @Test func aNewKeyIsWhatWasAskedFor() throws {
        let (user, project) = try service.person()
        let made = try make(project, user, "CI é", days: 30, scopes: ["a:b", "c*"])
        let key = made.key
        #expect(key.name == "CI é" && key.scopes == ["a:b", "c*"] && key.creator == user.id && key.project == project)
        #expect(key.prefix == made.secret.prefix && key.lastUsedAt == nil && key.deactivatedAt == nil)
        #expect(key.createdAt == service.time && key.updatedAt == service.time)
        #expect(key.expiresAt == service.time + .days(30) && made.asOf == service.time)
        #expect(key.isActive(at: service.time + .days(30) - Duration(milliseconds: 1)))
        #expect(!key.isActive(at: service.time + .days(30)))
        #expect(try make(project, user).key.expiresAt == nil)
        #expect(try make(project, user, scopes: []).key.scopes == [])
        #expect(try make(project, user, scopes: nil).key.scopes == nil)
    }

    @Test(
        arguments: [
            (nil, true), ([], false), (["api-keys:read"], true), (["api-keys:*"], true), (["*"], true),
            (["api-keys:read*"], true),
            (["api*"], true), (["x", "api-keys:read"], true), (["api-keys:write"], false), (["api-keys:rea"], false),
            (["api-keys:read:all"], false), (["api-keys:read:*"], false), (["*read"], false), (["API-KEYS:READ"], false),
            (["api-keys"], false),
        ] as [([String]?, Bool)])
    func aKeyListsIfAScopeSaysSo(scopes: [String]?, may: Bool) throws {
        let (user, project) = try service.person()
        let secret = try make(project, user, scopes: scopes).secret
        let outcome = refusal { try list(project, secret) }
        #expect(outcome == (may ? "none" : "insufficientScope"))
        #expect(try service.number("SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL") == (may ? 1 : 0))
    }

    @Test func aKeyIsGoodForItsOwnProject() throws {
        let (user, project) = try service.person()
        let (_, other) = try service.person(bob)
        try service.join(user, other, as: "owner")
        let secret = try make(project, user).secret
        #expect(refusal { try service.auth.key(bearing: secret.text, for: nil) } == "none")
        #expect(refusal { try service.auth.key(bearing: secret.text, for: other) } == "invalidAPIKey")
        let key = try service.auth.key(bearing: secret.text, for: nil)
        #expect(
            refusal { try service.auth.listAPIKeys(of: other, PageRequest(page: 1, limit: 1), by: .key(key)) }
                == "projectNotFound")
    }

    @Test func aKeyDiesWithItsCreatorsPlaceInTheProject() throws {
        let (ann, project) = try service.person()
        let (bob, _) = try service.person(bob)
        try service.join(bob, project, as: "admin")
        let secret = try make(project, bob).secret
        _ = try list(project, secret)
        try service.sql("UPDATE users SET is_active = 0 WHERE email = 'bob@example.org'")
        #expect(refusal { try list(project, secret) } == "invalidAPIKey")
        try service.sql("UPDATE users SET is_active = 1")
        #expect(refusal { try list(project, secret) } == "none")
        try service.sql("DELETE FROM members WHERE role = 'admin'")
        #expect(refusal { try list(project, secret) } == "invalidAPIKey")
        #expect(refusal { try list(project, try make(project, ann).secret) } == "none")
    }

    @Test func unknownKeysAreRefused() throws {
        let (user, project) = try service.person()
        let text = try make(project, user).secret.text
        for wrong in [APIKeySecret.random().text, "", "sk_", text + " ", text.lowercased(), String(text.dropLast()) + "~"] {
            #expect(refusal { try service.auth.key(bearing: wrong, for: project) } == "invalidAPIKey")
        }
    }

    @Test func onlyMembersMakeAndListKeys() throws {
        let (_, project) = try service.person()
        let (outsider, _) = try service.person(bob)
        #expect(refusal { try make(project, outsider) } == "projectNotFound")
        #expect(refusal { try make(.random(), outsider) } == "projectNotFound")
        #expect(
            refusal { try service.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 9), by: .user(outsider)) }
                == "projectNotFound")
        #expect(try service.number("SELECT count(*) FROM api_keys") == 0)
        try service.join(outsider, project, as: "member")
        #expect(refusal { try make(project, outsider) } == "none")
    }

    @Test func aDeletedKeyStaysDeletedAtItsFirstTime() throws {
        let (user, project) = try service.person()
        let made = try make(project, user)
        let first = try service.auth.deleteAPIKey(made.key.id, in: project, by: user)
        #expect(first.id == made.key.id && first.deactivatedAt == service.time)
        #expect(refusal { try list(project, made.secret) } == "invalidAPIKey")
        service.wait(.days(1))
        #expect(try service.auth.deleteAPIKey(made.key.id, in: project, by: user).deactivatedAt == first.deactivatedAt)
        let page = try service.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 10), by: .user(user))
        #expect(
            page.total == 1 && page.keys[0].deactivatedAt == first.deactivatedAt && page.keys[0].updatedAt == first.deactivatedAt)
        #expect(!page.keys[0].isActive(at: service.time))
    }

    @Test func membersDeleteTheirOwnKeysAndOwnersAndAdminsAll() throws {
        let (owner, project) = try service.person()
        let (bob, bobs) = try service.person(bob)
        let anns = try make(project, owner).key.id
        #expect(refusal { try service.auth.deleteAPIKey(anns, in: project, by: bob) } == "projectNotFound")
        #expect(refusal { try service.auth.deleteAPIKey(anns, in: bobs, by: bob) } == "apiKeyNotFound")
        #expect(refusal { try service.auth.deleteAPIKey(.random(), in: project, by: owner) } == "apiKeyNotFound")
        try service.join(bob, project, as: "member")
        let own = try make(project, bob).key.id
        #expect(refusal { try service.auth.deleteAPIKey(anns, in: project, by: bob) } == "apiKeyNotFound")
        #expect(refusal { try service.auth.deleteAPIKey(own, in: project, by: bob) } == "none")
        #expect(refusal { try service.auth.deleteAPIKey(try make(project, bob).key.id, in: project, by: owner) } == "none")
        try service.sql("UPDATE members SET role = 'admin' WHERE role = 'member'")
        #expect(refusal { try service.auth.deleteAPIKey(anns, in: project, by: bob) } == "none")
        #expect(try service.number("SELECT count(*) FROM api_keys WHERE deactivated_at IS NOT NULL") == 3)
    }

    @Test func aDeactivatedAccountsKeyDoesNothingThoughItsPrefixIsShared() throws {
        let (user, project) = try service.person()
        let (first, second) = (try make(project, user), try make(project, user))
        try service.sql("UPDATE api_keys SET prefix = '\(second.secret.prefix)'")
        #expect(try service.auth.key(bearing: second.secret.text, for: project).id == second.key.id)
        #expect(refusal { try service.auth.key(bearing: first.secret.text, for: project) } == "invalidAPIKey")
    }

    @Test func aClockThatWasSetBackIsNotedAsUse() throws {
        let (user, project) = try service.person()
        let secret = try make(project, user).secret
        _ = try list(project, secret)
        let late = service.time
        service.time = late + .hours(1)
        _ = try list(project, secret)
        service.time = late
        #expect(try list(project, secret).keys[0].lastUsedAt == late)
    }
}

// When an access token identifies a user, and when it is refused.

import Cryptography
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct CurrentUserRuleTests {
    private let service = Service()

    /// A token that differs from a valid one of `grant` in the given claims, signed by `key` or else by our key.
    private func token(
        of grant: TokenPair, issuer: String? = nil, user: UUID? = nil, session: UUID? = nil, key: ES256PrivateKey? = nil
    ) throws -> String {
        let shown = try #require(UnverifiedToken(grant.accessToken))
        let good = shown.claims
        return try #require(
            AccessToken(
                issuer: issuer ?? good.issuer, user: user ?? good.user, issuedAt: good.issuedAt, expiresAt: good.expiresAt,
                id: .random(), session: session ?? good.session, email: good.email
            ).signed(by: try key ?? service.signingKey()))
    }

    @Test func aTokenIsTakenForItsUser() throws {
        let grant = try service.signIn()
        #expect(try service.auth.user(bearing: grant.accessToken).id == grant.user)
        #expect(try service.auth.user(bearing: try token(of: grant)).id == grant.user)
    }

    @Test func anotherIssuersSessionsUsersOrKeysTokenIsNot() throws {
        let grant = try service.signIn()
        let other = try service.signIn(bob)
        for wrong in [
            try token(of: grant, issuer: "http://localhost:8001"), try token(of: grant, user: other.user),
            try token(of: grant, session: .random()), try token(of: grant, key: .random()), "", "..", "a.b.c",
            grant.accessToken + ".", grant.accessToken + ".x", grant.accessToken + " ", grant.refreshToken,
        ] {
            #expect(refusal { try service.auth.user(bearing: wrong) } == "invalidToken", "\(wrong)")
        }
    }

    @Test func anOldTokenDiesWhenTheBaseURLChanges() throws {
        let grant = try service.signIn()
        service.policy.baseURL = "https://id.example.com"
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
    }

    @Test func theOwnerOfADeactivatedAccountIsToldSo() throws {
        let grant = try service.signIn()
        try service.sql("UPDATE users SET is_active = 0")
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "accountInactive")
        try service.sql("UPDATE sessions SET revoked_at = 0")
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "accountInactive")
        service.wait(.minutes(15))
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
    }

    @Test func aTokenByAKeyThatNeitherSignsNorHasAnEndIsNotTaken() throws {
        let grant = try service.signIn()
        if isPostgreSQL {
            try service.changeTokenKeys("UPDATE token_keys SET is_current = 0")
        } else {
            File.remove("\(service.path)/keys/current")
        }
        let next = try service.signingKey()
        #expect(isPostgreSQL || files(in: "\(service.path)/keys").count == 3)
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
        #expect(try service.auth.user(bearing: try token(of: grant, key: next)).id == grant.user)
    }

    /// The tag of the remembered access token.
    private func rememberedTag() throws -> [UInt8]? {
        try service.database().first("SELECT access_token_tag FROM sessions") { $0.isNull(0) ? nil : $0.blob(0) } ?? nil
    }

    @Test func theLastTokenOfASessionIsKnownByItsTagAndAnyOtherByItsSignature() throws {
        func tag(_ grant: TokenPair) throws -> [UInt8] { try service.signingKey().tag(of: grant.accessToken) }
        let first = try service.signIn()
        #expect(try rememberedTag() == tag(first))
        let second = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        #expect(try rememberedTag() == tag(second))
        let again = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        #expect(try rememberedTag() == tag(second))
        for grant in [first, second, again] { #expect(try service.auth.user(bearing: grant.accessToken).id == first.user) }
        try service.sql("UPDATE sessions SET access_token_tag = NULL")
        for grant in [first, second, again] { #expect(try service.auth.user(bearing: grant.accessToken).id == first.user) }
    }

    @Test func anotherKeysTagOrAPlainHashSpeaksForNothing() throws {
        let grant = try service.signIn()
        let parts = grant.accessToken.split(separator: ".")
        let forged = "\(parts[0]).\(parts[1]).\(try token(of: grant, key: .random()).split(separator: ".")[2])"
        for tag in [SHA256.digest(Array(forged.utf8)), ES256PrivateKey.random().tag(of: forged)] {
            try remember(tag)
            #expect(refusal { try service.auth.user(bearing: forged) } == "invalidToken")
        }
    }

    private func remember(_ tag: [UInt8]) throws {
        let digits = tag.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
        try service.sql("UPDATE sessions SET access_token_tag = x'\(digits)'")
    }

    @Test func whatIsRememberedNeedsNoSignatureAndIsStillJudged() throws {
        let grant = try service.signIn()
        // It carries another token's signature: only the tag matches.
        let parts = grant.accessToken.split(separator: ".")
        let other = try token(of: grant, key: .random()).split(separator: ".")
        let forged = "\(parts[0]).\(parts[1]).\(other[2])"
        #expect(refusal { try service.auth.user(bearing: forged) } == "invalidToken")
        func remember(_ text: String) throws { try self.remember(try service.signingKey().tag(of: text)) }
        try remember(forged)
        #expect(try service.auth.user(bearing: forged).id == grant.user)
        for wrong in [
            try token(of: grant, issuer: "http://localhost:8001"), try token(of: grant, user: try service.signIn(bob).user),
            try token(of: grant, session: .random()), try token(of: grant, key: .random()), "..", forged + "=",
        ] {
            try remember(wrong)
            #expect(refusal { try service.auth.user(bearing: wrong) } == "invalidToken", "\(wrong)")
        }
        try remember(forged)
        service.wait(.minutes(15))
        #expect(refusal { try service.auth.user(bearing: forged) } == "invalidToken")
    }

    @Test func aRememberedTokenDiesWithItsKeyAndItsSession() throws {
        let grant = try service.signIn()
        let token = try #require(UnverifiedToken(grant.accessToken))
        let key = "\(service.path)/keys/\(token.keyID).key"
        if isPostgreSQL {
            try service.changeTokenKeys("CREATE TABLE aside AS SELECT * FROM token_keys; DELETE FROM token_keys")
        } else {
            try File.rename(key, to: "\(service.path)/aside")
        }
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
        if isPostgreSQL {
            try service.changeTokenKeys("DELETE FROM token_keys; INSERT INTO token_keys SELECT * FROM aside")
        } else {
            try File.rename("\(service.path)/aside", to: key)
        }
        #expect(try service.auth.user(bearing: grant.accessToken).id == grant.user)
        try service.sql("UPDATE sessions SET revoked_at = 0")
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
    }

    @Test func projectsAreInTheOrderInWhichTheyWereJoined() throws {
        let (user, own) = try service.person()
        let (_, other) = try service.person(bob)
        try service.join(user, other, as: "member")
        #expect(try service.auth.account(of: user).projects.map(\.id) == [other, own])
    }
}

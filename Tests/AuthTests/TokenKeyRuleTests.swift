// The keys of access tokens: validity is decided when a token is shown, whatever files exist.

import Cryptography
import Glibc
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct TokenKeyRuleTests {
    private let service = Service()

    private var keys: String { "\(service.path)/keys" }

    private func isTaken(_ token: String) -> Bool {
        refusal { try service.auth.user(bearing: token) } == "none"
    }

    /// A token for `grant`'s session, with lifetime `life`, signed by `key`.
    private func token(_ grant: TokenPair, life: Duration, by key: ES256PrivateKey) throws -> String {
        let good = try #require(UnverifiedToken(grant.accessToken)).claims
        return try #require(
            AccessToken(
                issuer: good.issuer, user: good.user, issuedAt: good.issuedAt, expiresAt: good.issuedAt + life, id: .random(),
                session: good.session, email: good.email
            ).signed(by: key))
    }

    /// Notes `text` as the end of the key `id`.
    private func setEnd(_ id: String, _ text: String) throws {
        if isPostgreSQL { return try service.changeTokenKeys("UPDATE token_keys SET ends_at = \(text) WHERE id = '\(id)'") }
        File.remove("\(keys)/\(id).end")
        try File.create("\(keys)/\(id).end", Array(text.utf8))
    }

    @Test func aRotatedKeysEndIsJudgedWhenItsTokenIsShown() throws {
        let grant = try service.signIn()
        let old = try service.signingKey()
        _ = try service.operations.rotateTokenKey(isUrgent: false)
        #expect(isTaken(grant.accessToken))
        let now = service.time.milliseconds
        for (end, isGood) in [
            ("\(now + 1)", true), ("\(now)", false), ("\(now - 3_600_000)", false), ("1", false),
            // Later than any rotation sets it, not a number, too large.
            ("\(now + 86_400_000 + 120_001)", false), ("soon", false), ("", false), ("-1", false),
            ("99999999999999999999", false), ("9223372036854775807", false),
        ] where !isPostgreSQL || Int64(end) != nil {
            try setEnd(old.publicKey.id, end)
            #expect(isTaken(grant.accessToken) == isGood, "\(end)")
            let ids = try service.auth.verificationKeys().map(\.id)
            #expect(ids.contains(old.publicKey.id) == isGood, "\(end)")
            #expect(ids.count == (isGood ? 2 : 1))
            #expect(try service.operations.tokenKeys().count == (isGood ? 2 : 1))
        }
    }

    @Test func aTokenThatLivesLongerThanADayIsNoneOfOurs() throws {
        let grant = try service.signIn()
        let key = try service.signingKey()
        #expect(isTaken(try token(grant, life: .hours(24), by: key)))
        for life in [Duration.seconds(86401), .days(3650)] { #expect(!isTaken(try token(grant, life: life, by: key))) }
        // Signed by an old key, in its last second.
        _ = try service.operations.rotateTokenKey(isUrgent: false)
        #expect(!isTaken(try token(grant, life: .days(3650), by: key)))
    }

    /// A process that remembers a verified key still applies its end.
    @Test func aRememberedKeyEndsInTime() throws {
        let grant = try service.signIn()
        _ = try service.operations.rotateTokenKey(isUrgent: false)
        let cache = ProcessCache()
        // The files are old, so that they may be remembered.
        service.time = Timestamp.now + .minutes(1)
        let key = try #require(UnverifiedToken(grant.accessToken)).keyID
        try setEnd(key, "\(service.time.milliseconds + 60_000)")
        let old = try #require(try service.auth.tokenKeyRing().key(key, at: service.time))
        try cache.keys.remember(old, key, at: service.time, in: try service.auth.tokenKeyRing())
        #expect(cache.keys.key(key, at: service.time, in: try service.auth.tokenKeyRing()) == old)
        service.wait(.minutes(1))
        #expect(cache.keys.key(key, at: service.time, in: try service.auth.tokenKeyRing()) == nil)
    }

    @Test(.enabled(if: !isPostgreSQL, "keys are rows in PostgreSQL, and a rotation is one transaction"))
    func theKeyThatSignsIsGoodWhateverEndIsNotedForIt() throws {
        let grant = try service.signIn()
        let key = try service.signingKey()
        // A rotation that was killed before the new key took over leaves this.
        try setEnd(key.publicKey.id, "1")
        let orphan = ES256PrivateKey.random()
        try File.create("\(keys)/\(orphan.publicKey.id).key", orphan.bytes)
        #expect(isTaken(grant.accessToken))
        #expect(isTaken(try token(grant, life: .minutes(15), by: key)))
        #expect(!isTaken(try token(grant, life: .minutes(15), by: orphan)))
        #expect(try service.auth.verificationKeys().map(\.id) == [key.publicKey.id])
        #expect(try service.operations.tokenKeys().map(\.id) == [key.publicKey.id])

        _ = try service.operations.purge()
        #expect(files(in: keys) == ["\(key.publicKey.id).end", "\(key.publicKey.id).key", "current"].sorted())
        #expect(isTaken(grant.accessToken))
        // The next rotation gives it an end.
        _ = try service.operations.rotateTokenKey(isUrgent: false)
        #expect(isTaken(grant.accessToken))
        service.wait(.minutes(17))
        #expect(!isTaken(try token(grant, life: .hours(1), by: key)))
    }

    @Test(.enabled(if: !isPostgreSQL, "keys are rows in PostgreSQL, and a rotation is one transaction"))
    func nothingIsCleanedUpWhileItIsNotKnownWhichKeySigns() throws {
        _ = try service.signIn()
        let key = try service.signingKey().publicKey.id
        File.remove("\(keys)/current")
        _ = try service.operations.purge()
        #expect(files(in: keys) == ["\(key).key"])
    }

    @Test(.enabled(if: !isPostgreSQL, "keys are rows in PostgreSQL, and a rotation is one transaction"))
    func nothingIsCleanedUpWhileARotationIsAtWork() throws {
        _ = try service.signIn()
        let orphan = ES256PrivateKey.random().publicKey.id
        try File.create("\(keys)/\(orphan).key", [])
        let lock = try service.operations.replacementLock()
        _ = try service.operations.purge()
        #expect(files(in: keys).contains("\(orphan).key"))
        withExtendedLifetime(lock) {}
    }

    @Test(.enabled(if: !isPostgreSQL, "keys are rows in PostgreSQL, and a rotation is one transaction"))
    func anEndWithoutItsKeyIsCleanedUp() throws {
        _ = try service.signIn()
        let key = try service.signingKey().publicKey.id
        // A removal that was killed after deleting the key leaves this.
        let gone = ES256PrivateKey.random()
        try setEnd(gone.publicKey.id, "\(service.time.milliseconds + 60_000)")
        #expect(files(in: keys).count == 3)
        _ = try service.operations.purge()
        #expect(files(in: keys) == ["\(key).key", "current"].sorted())
    }

    @Test(.enabled(if: !isPostgreSQL, "keys are rows in PostgreSQL, and a rotation is one transaction"))
    func aKeyThatCannotBeDeletedIsAnErrorAndTheOthersGo() throws {
        let grant = try service.signIn()
        let first = try service.signingKey().publicKey.id
        // unlink(2) fails on a folder.
        let stuck = String(repeating: "A", count: 43)
        mkdir("\(keys)/\(stuck).key", 0o700)
        do throws(AuthError) {
            _ = try service.operations.rotateTokenKey(isUrgent: true)
            Issue.record("it was deleted")
        } catch {
            #expect(error.reason.contains("signs from now on, but an old key could not be deleted: unlink"))
            #expect(error.reason.contains("\(stuck).key: Is a directory"))
        }
        #expect(!files(in: keys).contains("\(first).key"))
        #expect(!isTaken(grant.accessToken))
        rmdir("\(keys)/\(stuck).key")
        _ = try service.operations.rotateTokenKey(isUrgent: true)
        #expect(files(in: keys).count == 2)
    }
}

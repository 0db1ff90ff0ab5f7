// Accounts for app reviewers, who cannot receive the codes' mail: a fixed code, for a limited time.
//
// 1. The code has at least 8 digits. Only its Argon2id hash is stored here.
// 2. An identity expires at most 90 days from now.
// 3. Every limit applies; each use is in the audit log; it is never a superuser's.

import Cryptography
package import Platform
package import Store

/// One address that signs in with a fixed code.
package struct TestIdentity {
    let email: Email
    let codeHash: String
    /// When the code stops working.
    let end: Timestamp

    /// The longest remaining life of an identity.
    package static let longestLife = Duration.days(90)
    /// Digits of the fixed code: a guesser need not wait for a mail, so there are more.
    static let codeLength = 8...16

    /// Throws a reason for the operator if the hash is invalid, if its cost differs from a mailed code's (the time of a guess
    /// would show that), or if the identity would last too long after `now`.
    package init(
        email: Email, codeHash: String, lastDay: Timestamp, at now: Timestamp
    ) throws(TestIdentityFault) {
        guard let cost = Argon2.cost(of: codeHash) else {
            throw TestIdentityFault(reason: "the code's hash is not an Argon2id hash with p=1")
        }
        guard cost == Policy.codeCost else {
            throw TestIdentityFault(
                reason: "the code's hash must have m=\(Policy.codeCost.memory) and t=\(Policy.codeCost.passes)")
        }
        end = lastDay + .days(1)
        guard end <= now + TestIdentity.longestLife + .days(1) else {
            throw TestIdentityFault(reason: "the last day is more than 90 days from now")
        }
        self.email = email
        self.codeHash = codeHash
    }
}

/// Why a test identity is invalid: a sentence for the operator.
package struct TestIdentityFault: Error {
    /// What is wrong, without a full stop.
    package let reason: String

    /// `reason` has no full stop: the operator's programs put it into a line.
    package init(reason: String) {
        self.reason = reason
    }
}

extension Auth {
    /// The identity of `email`, if there is one that has not ended.
    package func testIdentity(of email: Email) -> TestIdentity? {
        let now = now
        return testIdentities.first { $0.email == email && $0.end > now }
    }

    /// Whether `user` is both a test identity and a superuser, which is never allowed. Checked on every request, since either
    /// may have changed.
    func isTestSuperuser(_ user: User) -> Bool {
        user.isSuperuser && isTestIdentity(user.email)
    }

    /// Whether the address `email` has an identity that has not ended.
    package func isTestIdentity(_ email: String) -> Bool {
        guard !testIdentities.isEmpty, let email = try? Email(email) else { return false }
        return testIdentity(of: email) != nil
    }
}

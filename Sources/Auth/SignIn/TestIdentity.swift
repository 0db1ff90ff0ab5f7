// Accounts for those who review an app and read no mail of ours: a fixed code, for a while.
//
// 1. The code has at least 8 digits and is known here by its Argon2id hash alone.
// 2. An identity ends by itself, at most 90 days from now.
// 3. Every limit holds for it as for anyone; each use is in the audit; it is never a superuser's.

import Cryptography
package import Platform
package import Store

/// One address that signs in with a fixed code.
package struct TestIdentity {
    let email: Email
    let codeHash: String
    /// The first moment at which the code is not taken any more.
    let end: Timestamp

    /// The longest that an identity may still last.
    package static let longestLife = Duration.days(90)
    /// Digits of the fixed code: whoever guesses has no mail to wait for, so there are more.
    static let codeLength = 8...16

    /// Throws a reason for the operator if the hash is none, or its cost is not that of a mailed code's, which
    /// would show in the time that a guess takes, or if the identity would last too long after `now`.
    package init(
        email: Email, codeHash: String, lastDay: Timestamp, at now: Timestamp
    ) throws(TestIdentityFault) {
        guard let cost = Argon2.cost(of: codeHash) else {
            throw TestIdentityFault(reason: "the code's hash is no Argon2id hash with p=1")
        }
        guard cost == Policy.codeCost else {
            throw TestIdentityFault(
                reason: "the code's hash must cost m=\(Policy.codeCost.memory) and t=\(Policy.codeCost.passes)")
        }
        end = lastDay + .days(1)
        guard end <= now + TestIdentity.longestLife + .days(1) else {
            throw TestIdentityFault(reason: "the end is more than 90 days off")
        }
        self.email = email
        self.codeHash = codeHash
    }
}

/// Why a test identity is not taken: a sentence for the operator.
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

    /// Whether `user` signs in with a fixed code and is a superuser, which is never both good. Asked on every request: either
    /// may have come to be since the last.
    func isTestSuperuser(_ user: User) -> Bool {
        user.isSuperuser && isTestIdentity(user.email)
    }

    /// Whether there is an identity of the address `email` that has not ended.
    package func isTestIdentity(_ email: String) -> Bool {
        guard !testIdentities.isEmpty, let email = try? Email(email) else { return false }
        return testIdentity(of: email) != nil
    }
}

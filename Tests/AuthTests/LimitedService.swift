// Requests from addresses that a test names, and what limits say of them.

import Testing

@testable import Auth
@testable import Operations
@testable import Store

/// An address of a client that has signed in, and one of somebody else's.
let ownAddress = "198.51.100.1"
let otherAddress = "203.0.113.9"

/// What a request that was refused by a limit was told; nil if it was not.
func limited<T>(_ body: () throws -> T) -> Limited? {
    do {
        _ = try body()
        return nil
    } catch AuthError.limited(let limited) {
        return limited
    } catch {
        return nil
    }
}

extension Service {
    /// Asks for a code from `address`, or where the last request came from; what the limit said that refused.
    func send(_ email: Email = ann, from address: String? = nil) -> Limited? {
        self.address = address ?? self.address
        return limited { try auth.sendCode(to: email) }
    }

    func guess(_ code: String, from address: String? = nil) -> String {
        guess(ann, from: address, code)
    }

    /// Uses `code`, else a wrong one, for `email`; the refusal's name.
    func guess(_ email: Email = ann, from address: String? = nil, _ code: String? = nil) -> String {
        self.address = address ?? self.address
        return refusal { try auth.verifyCode(try code ?? wrongCode(for: email), for: email) }
    }

    /// Rows that `body` adds to the audit and to what is counted.
    func rowsWritten(_ body: () throws -> Void) throws -> Int64 {
        func count() throws -> Int64 {
            try number("SELECT (SELECT count(*) FROM audit_events) + (SELECT count(*) FROM limit_counts)") ?? 0
        }
        let before = try count()
        try body()
        return try count() - before
    }
}

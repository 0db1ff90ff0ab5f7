// The API keys of a project, for its members and for its own keys.

import Cryptography
package import Platform
package import Store

/// The caller of an action that a person or a key may do.
package enum Caller {
    case user(User)
    case key(APIKey)
}

/// Which part of a list to return.
package struct PageRequest: Equatable {
    /// Which page, from 1.
    package let page: Int64
    /// Items on a page.
    package let limit: Int64

    /// `page` counts from 1; `limit` is at least 1. Nothing here reduces it to `largestLimit`.
    package init(page: Int64, limit: Int64) {
        self.page = page
        self.limit = limit
    }

    /// The most items in one answer.
    package static let largestLimit: Int64 = 100

    /// How many pages `total` items take; at least 1.
    package func pages(of total: Int64) -> Int64 { max(1, (total - 1) / limit + 1) }

    /// How many items come before the page; the largest number if that overflows.
    var offset: Int64 {
        let (product, overflow) = (page - 1).multipliedReportingOverflow(by: limit)
        return overflow ? .max : product
    }
}

/// A page of a project's keys.
package struct APIKeyPage {
    /// Newest first, at most `request.limit`.
    package let keys: [APIKey]
    /// The page that was requested.
    package let request: PageRequest
    /// Keys on all pages.
    package let total: Int64
    /// When the page was read.
    package let asOf: Timestamp
}

extension Auth {
    /// The key whose secret is `text`, used for `project` (nil if the caller named none).
    ///
    /// Throws `invalidAPIKey` unless the key is active and belongs to that project, and its creator is active and a
    /// member. The checksum refuses a mistyped key without the database.
    package func key(bearing text: String, for project: UUID?) throws(AuthError) -> APIKey {
        let candidate = try candidate(bearing: text)
        let key = candidate.key
        guard key.isActive(at: now), mayAct(candidate),
            project.map({ $0 == key.project }) ?? true
        else { throw .invalidAPIKey }
        return key
    }

    /// The key whose secret is `text`, active or not. Throws `invalidAPIKey` if there is none, or if its creator has
    /// left the project.
    func candidate(bearing text: String) throws(AuthError) -> APIKey.Candidate {
        guard let secret = APIKeySecret(text) else { throw .invalidAPIKey }
        for candidate in try APIKey.candidates(prefix: secret.prefix, in: try database()) {
            do throws(Argon2Error) {
                if try Argon2.verify(secret.bytes, against: candidate.hash) { return candidate }
            } catch {
                throw AuthError(error)
            }
        }
        throw .invalidAPIKey
    }

    /// Whether the maker of a key may act: the account is active, and is not both a superuser and a test identity.
    func mayAct(_ candidate: APIKey.Candidate) -> Bool {
        candidate.creatorIsActive && !(candidate.superuser.map { isTestIdentity($0) } ?? false)
    }

    /// A page of the keys of `project`, newest first.
    ///
    /// Throws `insufficientScope` for a key without `api-keys:read`, `projectNotFound` if the caller
    /// does not belong to the project.
    package func listAPIKeys(
        of project: UUID, _ request: PageRequest, by caller: Caller
    ) throws(AuthError) -> APIKeyPage {
        let database = try database()
        // Note the use first, so that the reads below are one snapshot that includes it.
        if case .key(let key) = caller {
            guard key.grants("api-keys:read") else { throw .insufficientScope("api-keys:read") }
            guard key.project == project else { throw .projectNotFound }
            noteUse(of: key, in: database)
        }
        return try database.read { () throws(AuthError) in
            if case .user(let user) = caller { _ = try role(of: user, in: project, database) }
            return APIKeyPage(
                keys: try APIKey.page(
                    of: project, offset: request.offset, limit: request.limit, in: database),
                request: request, total: try APIKey.count(of: project, in: database), asOf: now)
        }
    }

    /// Notes the use, at most once a minute. While others write, it is left to the next use.
    func noteUse(of key: APIKey, in database: Database) {
        let recent = now - Policy.lastUsedGranularity
        if let last = key.lastUsedAt, last > recent, last <= now { return }
        database.attempt { () throws(AuthError) in try key.noteUse(at: now, unlessSince: recent, in: database) }
    }
}

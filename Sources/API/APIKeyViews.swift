// The shapes of API keys, with the fields in the published API's order.

package import Auth
package import CGI
import Cryptography
package import JSON
import Platform
package import Store

/// An API key. Only the answer that creates it has the whole secret.
package struct APIKeyView: View {
    private let key: APIKey
    private let fullKey: String?
    private let now: Timestamp

    /// For a key that was just made: `full_key` is its whole secret.
    package init(_ created: CreatedAPIKey) {
        key = created.key
        fullKey = created.secret.text
        now = created.asOf
    }

    /// For an existing key: `full_key` is null.
    package init(_ shown: APIKeyInProject) {
        self.init(shown.key, asOf: shown.asOf)
    }

    fileprivate init(_ key: APIKey, asOf now: Timestamp) {
        self.key = key
        self.now = now
        fullKey = nil
    }

    /// An object: `id`, `prefix`, `name`, `full_key`, `scopes` (null: all), `last_used_at` (null: never), `expires_at` (null:
    /// never), `is_active`, `created_at`, `updated_at`, and the ids `replaces` and `replaced_by` (null: no key).
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", key.id.text)
            json.member("prefix", key.prefix)
            json.member("name", key.name)
            json.member("full_key", fullKey)
            json.scopes(key.scopes)
            json.member("last_used_at", key.lastUsedAt?.text)
            json.member("expires_at", key.expiresAt?.text)
            json.member("is_active", key.isActive(at: now))
            json.member("created_at", key.createdAt.text)
            json.member("updated_at", key.updatedAt.text)
            json.member("replaces", key.replaces?.text)
            json.member("replaced_by", key.replacedBy?.text)
        }
    }
}

/// A page of API keys.
package struct APIKeyPageView: View {
    private let page: APIKeyPage

    /// For the answer of list-api-keys.
    package init(_ page: APIKeyPage) {
        self.page = page
    }

    /// An object: `items`, an array of `APIKeyView`s, and `pagination` (`page`, `limit`, `total`, `pages`).
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.name("items")
            json.array { json in
                for key in page.keys { APIKeyView(key, asOf: page.asOf).write(to: &json) }
            }
            json.pagination(page.request, total: page.total)
        }
    }
}

/// delete-api-key's answer.
package struct DeactivatedAPIKeyView: View {
    private let key: DeactivatedAPIKey

    /// For a deactivated key.
    package init(_ key: DeactivatedAPIKey) {
        self.key = key
    }

    /// An object: `id`, `is_active` (false), `deactivated_at`.
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", key.id.text)
            json.member("is_active", false)
            json.member("deactivated_at", key.deactivatedAt.text)
        }
    }
}

/// verify-api-key's answer.
package struct VerifiedAPIKeyView: View {
    private let key: APIKey

    /// For a valid key that has the requested scope.
    package init(_ key: APIKey) {
        self.key = key
    }

    /// An object: `key_id`, `project_id`, `owner_id` (the account that made it), `name`, `scopes` (null: all), `expires_at`
    /// (null: never).
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("key_id", key.id.text)
            json.member("project_id", key.project.text)
            json.member("owner_id", key.creator.text)
            json.member("name", key.name)
            json.scopes(key.scopes)
            json.member("expires_at", key.expiresAt?.text)
        }
    }

    /// The same as header fields, for a server that reads only those: `*` means all scopes. Web servers limit their size, so
    /// scopes beyond `longestScopes` are left out, and counted.
    package var headers: [HeaderField] {
        let (scopes, leftOut) = listedScopes
        var fields = [
            HeaderField("X-Latchkey-Key-Id", key.id.text),
            HeaderField("X-Latchkey-Project-Id", key.project.text),
            HeaderField("X-Latchkey-Owner-Id", key.creator.text),
            HeaderField("X-Latchkey-Scopes", scopes),
        ]
        if leftOut > 0 { fields.append(HeaderField("X-Latchkey-Scopes-Left-Out", String(leftOut))) }
        if let expiry = key.expiresAt { fields.append(HeaderField("X-Latchkey-Expires-At", expiry.text)) }
        return fields
    }

    /// The most bytes of `X-Latchkey-Scopes`.
    package static let longestScopes = 1024

    /// As many whole scopes, in order, as fit in the field, and how many are left out.
    private var listedScopes: (text: String, leftOut: Int) {
        guard let scopes = key.scopes else { return ("*", 0) }
        var text = ""
        for (index, scope) in scopes.enumerated() {
            let separator = index == 0 ? "" : " "
            guard text.utf8.count + separator.utf8.count + scope.utf8.count <= Self.longestScopes else {
                return (text, scopes.count - index)
            }
            text += separator + scope
        }
        return (text, 0)
    }
}

extension JSONWriter {
    /// The member `scopes`: null for all.
    fileprivate mutating func scopes(_ scopes: [String]?) {
        name("scopes")
        guard let scopes else { return null() }
        array { json in
            for scope in scopes { json.string(scope) }
        }
    }
}

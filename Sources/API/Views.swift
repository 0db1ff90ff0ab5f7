// The shapes of `data`, field by field in the reference's order.

package import Auth
package import CGI
package import Cryptography
package import JSON
import Platform
package import Store

/// A value in its wire shape.
package protocol View {
    /// Writes the one JSON value that it is.
    func write(to json: inout JSONWriter)
}

/// `{}`: it worked, and there is nothing to tell.
package struct EmptyView: View {
    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { _ in }
    }
}

/// send-code's answer.
package struct SentCodeView: View {
    private let sent: SentCode

    package init(_ sent: SentCode) {
        self.sent = sent
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("expires_in", sent.expiresIn.secondsRoundedUp)
            json.member("resend_after", sent.resendAfter.secondsRoundedUp)
        }
    }
}

/// verify-code's and refresh-token's answer.
package struct TokenPairView: View {
    private let tokens: TokenPair

    package init(_ tokens: TokenPair) {
        self.tokens = tokens
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("access_token", tokens.accessToken)
            json.member("refresh_token", tokens.refreshToken)
            json.member("token_type", "bearer")
            json.member("expires_in", tokens.expiresIn.secondsRoundedUp)
            json.member("user_uuid", tokens.user.text)
        }
    }
}

/// users/me's answer.
package struct AccountView: View {
    private let account: Account

    package init(_ account: Account) {
        self.account = account
    }

    package func write(to json: inout JSONWriter) {
        let user = account.user
        json.object { json in
            json.member("id", user.id.text)
            json.member("email", user.email)
            json.member("full_name", user.fullName)
            json.member("is_active", user.isActive)
            json.member("is_superuser", user.isSuperuser)
            json.member("is_verified", user.isVerified)
            json.name("projects")
            json.array { json in
                for project in account.projects {
                    json.object { json in
                        json.member("id", project.id.text)
                        json.member("name", project.name)
                    }
                }
            }
            json.member("created_at", user.createdAt.text)
            json.member("updated_at", user.updatedAt.text)
            json.name("billing")
            json.object { json in
                json.member("token_balance", user.billing.tokenBalance)
                json.member("tokens_used", user.billing.tokensUsed)
                json.member("subscription_tier", user.billing.subscriptionTier)
            }
        }
    }
}

/// An API key; the whole secret only in the answer that made it.
package struct APIKeyView: View {
    private let key: APIKey
    private let fullKey: String?
    private let now: Timestamp

    package init(_ created: CreatedAPIKey) {
        key = created.key
        fullKey = created.secret.text
        now = created.asOf
    }

    package init(_ shown: APIKeyInProject) {
        self.init(shown.key, asOf: shown.asOf)
    }

    fileprivate init(_ key: APIKey, asOf now: Timestamp) {
        self.key = key
        self.now = now
        fullKey = nil
    }

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

    package init(_ page: APIKeyPage) {
        self.page = page
    }

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

    package init(_ key: DeactivatedAPIKey) {
        self.key = key
    }

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

    package init(_ key: APIKey) {
        self.key = key
    }

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

    /// The same for a server that reads only header fields: `*` are all scopes. Web servers take so many bytes of them, so
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

    /// Bytes of the longest `X-Latchkey-Scopes`.
    package static let longestScopes = 1024

    /// As many whole scopes, in their order, as the field may hold, and how many those are not.
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

/// A page of sessions.
package struct SessionPageView: View {
    private let page: SessionPage

    package init(_ page: SessionPage) {
        self.page = page
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.name("items")
            json.array { json in
                for session in page.sessions { write(session, to: &json) }
            }
            json.pagination(page.request, total: page.total)
        }
    }

    private func write(_ session: SessionSummary, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", session.id.text)
            json.member("created_at", session.createdAt.text)
            json.member("last_used_at", session.lastUsedAt.text)
            json.member("expires_at", session.expiresAt.text)
            json.member("ip", session.client)
            json.member("user_agent", session.userAgent)
            json.member("current", session.id == page.current)
        }
    }
}

/// delete-session's answer.
package struct RevokedSessionView: View {
    private let session: RevokedSession

    package init(_ session: RevokedSession) {
        self.session = session
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", session.id.text)
            json.member("revoked_at", session.revokedAt.text)
        }
    }
}

/// revoke-other-sessions' answer.
package struct RevokedCountView: View {
    private let count: Int64

    package init(_ count: Int64) {
        self.count = count
    }

    package func write(to json: inout JSONWriter) {
        json.object { $0.member("revoked", count) }
    }
}

/// How an account wants to be written to.
package struct PreferencesView: View {
    private let preferences: Preferences

    package init(_ preferences: Preferences) {
        self.preferences = preferences
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("locale", preferences.language?.tag)
            json.name("notices")
            json.object { json in
                json.member("sign_in", preferences.tellsSignIns)
                json.member("key_expiry", preferences.tellsKeyExpiry)
            }
        }
    }
}

/// A JSON Web Key Set (RFC 7517): the public keys that access tokens are signed by.
package struct KeySetView: View {
    private let keys: [(id: String, key: ES256PublicKey)]

    package init(_ keys: [(id: String, key: ES256PublicKey)]) {
        self.keys = keys
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.name("keys")
            json.array { json in
                for (id, key) in keys {
                    json.object { json in
                        json.member("kty", "EC")
                        json.member("crv", "P-256")
                        json.member("alg", "ES256")
                        json.member("use", "sig")
                        json.member("kid", id)
                        json.member("x", Base64.url.encode(key.coordinates[..<32]))
                        json.member("y", Base64.url.encode(key.coordinates[32...]))
                    }
                }
            }
        }
    }
}

/// health's answer.
package struct HealthView: View {
    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { $0.member("status", "ok") }
    }
}

extension Metrics {
    /// The media type of `text`.
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// The numbers in Prometheus' text format, version 0.0.4. Events and details are words of ours.
    package var text: String {
        var text = """
            # HELP latchkey_events_total What happened, by the audit's words.
            # TYPE latchkey_events_total counter

            """
        for counter in counters {
            let detail = counter.detail.utf8.isEmpty ? "" : ",detail=\"\(counter.detail)\""
            text += "latchkey_events_total{event=\"\(counter.event)\"\(detail)} \(counter.count)\n"
        }
        for (name, help, value) in [
            ("pending", "Mails that are still to be sent; \(StoreBounds.countedMails) are that many or more.", pendingMails),
            ("oldest_seconds", "How long the oldest of them has waited.", oldestMail.secondsRoundedUp),
            (
                "failed", "Mails that were given up in the last days; \(StoreBounds.countedMails) are that many or more.",
                failedMails
            ),
        ] {
            text += "# HELP latchkey_mail_\(name) \(help)\n# TYPE latchkey_mail_\(name) gauge\n"
            text += "latchkey_mail_\(name) \(value)\n"
        }
        return text
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

    /// The member `pagination`.
    mutating func pagination(_ request: PageRequest, total: Int64) {
        name("pagination")
        object { json in
            json.member("page", request.page)
            json.member("limit", request.limit)
            json.member("total", total)
            json.member("pages", request.pages(of: total))
        }
    }
}

// The shapes of `data`, with the fields in the published API's order.

package import Auth
package import Cryptography
package import JSON
import Platform
package import Store

/// A value as JSON in an answer.
package protocol View {
    /// Writes its one JSON value.
    func write(to json: inout JSONWriter)
}

/// `{}`: success without data.
package struct EmptyView: View {
    /// For every answer without data.
    package init() {}

    /// An object without members.
    package func write(to json: inout JSONWriter) {
        json.object { _ in }
    }
}

/// send-code's answer.
package struct SentCodeView: View {
    private let sent: SentCode

    /// For the answers of send-code, change-email and send-deletion-code.
    package init(_ sent: SentCode) {
        self.sent = sent
    }

    /// An object: `expires_in` and `resend_after`, in whole seconds, rounded up.
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

    /// For tokens that were just issued.
    package init(_ tokens: TokenPair) {
        self.tokens = tokens
    }

    /// An object, as in RFC 6749 §5.1: `access_token`, `refresh_token`, `token_type` (`bearer`), `expires_in` (of the access
    /// token, in whole seconds, rounded up), and `user_uuid`.
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

    /// For the answers of current-user, update-user and confirm-email.
    package init(_ account: Account) {
        self.account = account
    }

    /// An object: `id`, `email`, `full_name` (null: none), `is_active`, `is_superuser`, `is_verified`, `projects` (objects with
    /// `id` and `name`), `created_at`, `updated_at`, and `billing` (`token_balance`, `tokens_used`, `subscription_tier`).
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

/// A page of sessions.
package struct SessionPageView: View {
    private let page: SessionPage

    /// For the requested page. The session `page.current` is marked.
    package init(_ page: SessionPage) {
        self.page = page
    }

    /// An object: `items`, objects with `id`, `created_at`, `last_used_at`, `expires_at`, `ip` (null: unknown), `user_agent`
    /// (null: not sent) and `current`; and `pagination` (`page`, `limit`, `total`, `pages`).
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

    /// For a session that this request has ended.
    package init(_ session: RevokedSession) {
        self.session = session
    }

    /// An object: `id`, `revoked_at`.
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

    /// For `count` sessions that this request has ended.
    package init(_ count: Int64) {
        self.count = count
    }

    /// An object: `revoked`, the count.
    package func write(to json: inout JSONWriter) {
        json.object { $0.member("revoked", count) }
    }
}

/// Which mail an account wants, and in which language.
package struct PreferencesView: View {
    private let preferences: Preferences

    /// For the answer of preferences.
    package init(_ preferences: Preferences) {
        self.preferences = preferences
    }

    /// An object: `locale` (a language tag; null: the browser's), and `notices` (`sign_in`, `key_expiry`: booleans).
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

/// A JSON Web Key Set (RFC 7517): the public keys for access tokens.
package struct KeySetView: View {
    private let keys: [(id: String, key: ES256PublicKey)]

    /// For `keys` in their order, each with its id, the `kid` of tokens.
    package init(_ keys: [(id: String, key: ES256PublicKey)]) {
        self.keys = keys
    }

    /// An object: `keys`, objects with `kty`, `crv`, `alg`, `use`, `kid`, `x` and `y` (RFC 7518 §6.2.1: 43 characters of
    /// base64url each).
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
    /// For a healthy service.
    package init() {}

    /// An object: `status`, which is `ok`, and `version`, of this release.
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("status", "ok")
            json.member("version", releasedVersion.description)
        }
    }
}

extension Metrics {
    /// The media type of `text`.
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// The metrics in Prometheus' text format, version 0.0.4. Events and details come from this code, so they need no
    /// escapes.
    package var text: String {
        var text = """
            # HELP latchkey_events_total Events, named as in the audit log.
            # TYPE latchkey_events_total counter

            """
        for counter in counters {
            let detail = counter.detail.utf8.isEmpty ? "" : ",detail=\"\(counter.detail)\""
            text += "latchkey_events_total{event=\"\(counter.event)\"\(detail)} \(counter.count)\n"
        }
        for (name, help, value) in [
            ("pending", "Mails waiting to be sent. \(StoreBounds.countedMails) means that many or more.", pendingMails),
            ("oldest_seconds", "How long the oldest waiting mail has waited.", oldestMail.secondsRoundedUp),
            (
                "failed", "Mails that were given up in the last days. \(StoreBounds.countedMails) means that many or more.",
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

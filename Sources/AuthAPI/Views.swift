// The shapes of `data`, field by field in the reference's order.

package import Auth
import Crypto
package import CGI
import System

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
package struct GrantView: View {
    private let grant: Grant

    package init(_ grant: Grant) {
        self.grant = grant
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("access_token", grant.accessToken)
            json.member("refresh_token", grant.refreshToken)
            json.member("token_type", "bearer")
            json.member("expires_in", grant.expiresIn.secondsRoundedUp)
            json.member("user_uuid", grant.user.text)
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
            json.name("scopes")
            if let scopes = key.scopes {
                json.array { json in
                    for scope in scopes { json.string(scope) }
                }
            } else {
                json.null()
            }
            json.member("last_used_at", key.lastUsedAt?.text)
            json.member("expires_at", key.expiresAt?.text)
            json.member("is_active", key.isActive(at: now))
            json.member("created_at", key.createdAt.text)
            json.member("updated_at", key.updatedAt.text)
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
            json.name("pagination")
            json.object { json in
                json.member("page", page.request.page)
                json.member("limit", page.request.limit)
                json.member("total", page.total)
                json.member("pages", page.pages)
            }
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

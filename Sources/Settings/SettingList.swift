// What is in force: every setting, with its value and where it comes from.

import Platform

/// One setting as it is in force.
package struct SettingInForce {
    package let key: String
    /// As it was written, or the default in words. A secret is not told.
    package let value: String
    /// `default`, `file:line`, or `environment:NAME`.
    package let place: String
}

extension Settings {
    /// Every setting, in README's order.
    package var inForce: [SettingInForce] {
        defaults.map { (key, value) in
            guard let given = given.last(where: { $0.key.isSame(as: key) }) else {
                return SettingInForce(key: key, value: value, place: "default")
            }
            let isSecret = secretKeys.contains { $0.isSame(as: key) }
            return SettingInForce(key: key, value: isSecret ? "(secret)" : given.value, place: given.place.text)
        }
    }
}

/// The settings whose values are credentials.
private let secretKeys = ["client_tokens", "metrics_token"]

/// Every setting that `Settings` takes, with its default as README words it.
private let defaults: [(key: String, value: String)] = [
    ("base_url", "http://localhost:8000"),
    ("mail", "maildir"),
    ("mail_from", "Latchkey <latchkey@host>"),
    ("mail_subject", "built in"),
    ("mail_template", "built in"),
    ("sign_up", "open"),
    ("invitations_admit", "yes"),
    ("code_length", "6"),
    ("code_ttl", "10m"),
    ("code_attempts", "5"),
    ("resend_after", "60s"),
    ("access_ttl", "15m"),
    ("refresh_ttl", "30d"),
    ("session_ttl", "90d"),
    ("refresh_grace", "30s"),
    ("limit_send_per_ip", "30/5m"),
    ("limit_verify_per_ip", "30/5m"),
    ("limit_refresh_per_ip", "150/5m"),
    ("limit_send_per_email", "5/1h"),
    ("limit_failures_per_email", "30/24h"),
    ("limit_send_total", "1000/1h"),
    ("limit_invite_per_user", "20/1h"),
    ("limit_write_per_user", "600/5m"),
    ("max_projects_per_user", "100"),
    ("max_keys_per_project", "1000"),
    ("max_keys_per_member", "100"),
    ("max_members_per_project", "100"),
    ("max_invitations_per_project", "100"),
    ("max_sessions_per_user", "100"),
    ("argon2_slots", "number of cores"),
    ("deliverers", "8"),
    ("audit_ttl", "90d"),
    ("metrics_token", "none"),
    ("trusted_proxies", "none"),
    ("test_identities", "none"),
    ("cors_origins", "none"),
    ("client_tokens", "none"),
    ("fastcgi_requests", "100000"),
    ("fastcgi_processes", "number of cores"),
    ("journal", "by the file system"),
    ("allow_state_in_web_root", "no"),
]

// The parameters of the endpoints for the user's own account, as values.

package import Auth
import Platform
import Store

/// update-user's body.
package struct UpdateUserForm {
    /// From `full_name`, `locale` and `notices`. What the body omits stays the same.
    package let changes: UserChanges

    /// Reads update-user's body, all of it optional: `full_name` (1…255 Unicode scalars, or null), `locale` (a language tag, or
    /// null), `notices.sign_in` and `notices.key_expiry` (booleans). Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let fullName = fields.textChange("full_name", count: 1...255)
        var language = UserChanges.LanguageChange.same
        if fields.isNull("locale") {
            language = .this(nil)
        } else if fields.has("locale") {
            let read = fields.word("locale", "'en', 'de', 'fr', 'es', 'ja' or 'zh'") { text in
                Language.allCases.first { $0.tag.isSame(as: text) }
            }
            if let read { language = .this(read) }
        }
        fields.requireObject("notices")
        let tellsSignIns = fields.flag("sign_in", of: "notices")
        let tellsKeyExpiry = fields.flag("key_expiry", of: "notices")
        guard fields.faults.isEmpty else { throw .invalid(fields.faults) }
        changes = UserChanges(
            fullName: fullName, language: language, tellsSignIns: tellsSignIns,
            tellsKeyExpiry: tellsKeyExpiry)
    }
}

/// delete-user's header.
package struct DeleteUserForm {
    /// As typed.
    package let code: String

    /// Reads delete-user's `x-verification-code`. Throws `invalid` if there is no such header field.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        guard let code = fields.verificationCode() else { throw .invalid(fields.faults) }
        self.code = code
    }
}

// What the endpoints of one's own account take, as values.

package import Auth
import Platform
import Store

/// update-user's body.
package struct UpdateUserForm {
    package let changes: UserChanges

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

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        guard let code = fields.verificationCode() else { throw .invalid(fields.faults) }
        self.code = code
    }
}

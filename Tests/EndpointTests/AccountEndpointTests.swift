// An account's own endpoints on the wire: name and preferences, change of address, deletion.

import TestSupport
import Testing

@Suite struct AccountEndpointTests {
    private let home = Home(settings: "resend_after = 0s")

    private func patch(_ body: String, _ person: Person) -> Answer {
        home.patch("update-user", body, person.bearer)
    }

    private func delete(_ person: Person, code: String?) -> Answer {
        let header = code.map { ["HTTP_X_VERIFICATION_CODE": $0] } ?? [:]
        return home.delete("delete-user", person.bearer.merging(header) { $1 })
    }

    @Test func nameAndPreferencesAreChangedInPart() {
        let ada = home.signIn("ada@example.com")
        let preferences = { self.home.get("preferences", ada.bearer).body }
        #expect(
            preferences() == #"{"success":true,"data":{"locale":null,"notices":{"sign_in":true,"key_expiry":true}},"error":null}"#
        )
        let changed = patch(#"{"full_name":"Ada Lovelace","locale":"ja","notices":{"key_expiry":false}}"#, ada)
        #expect(changed.status == 200)
        #expect(
            changed.body.contains(#""full_name":"Ada Lovelace""#) && changed.body == home.get("current-user", ada.bearer).body)
        #expect(
            preferences()
                == #"{"success":true,"data":{"locale":"ja","notices":{"sign_in":true,"key_expiry":false}},"error":null}"#)
        #expect(patch("{}", ada).body.contains(#""full_name":"Ada Lovelace""#))
        #expect(patch(#"{"full_name":null,"locale":null}"#, ada).body.contains(#""full_name":null"#))
        #expect(
            preferences()
                == #"{"success":true,"data":{"locale":null,"notices":{"sign_in":true,"key_expiry":false}},"error":null}"#)
    }

    @Test func whatCannotBeMeantIsRefusedAndChangesNothing() {
        let ada = home.signIn("ada@example.com")
        for (body, location, type) in [
            (#"{"full_name":""}"#, #"["body","full_name"]"#, "string_too_short"),
            (#"{"full_name":7}"#, #"["body","full_name"]"#, "string_type"),
            (#"{"locale":"xx"}"#, #"["body","locale"]"#, "literal_error"),
            (#"{"locale":"de-AT"}"#, #"["body","locale"]"#, "literal_error"),
            (#"{"locale":7}"#, #"["body","locale"]"#, "literal_error"), (#"{"notices":7}"#, #"["body","notices"]"#, "dict_type"),
            (#"{"notices":{"sign_in":"no"}}"#, #"["body","notices","sign_in"]"#, "bool_type"),
        ] {
            let answer = patch(body, ada)
            #expect(answer.status == 422 && answer.body.contains(location) && answer.body.contains(type), "\(answer.body)")
        }
        #expect(patch("[]", ada).status == 422)
        #expect(home.get("preferences", ada.bearer).body.contains(#""locale":null,"notices":{"sign_in":true,"key_expiry":true}"#))
    }

    @Test func anotherAddressIsProvedByACodeToEachAndTheOldOneIsTold() throws {
        let ada = home.signIn("ada@example.com")
        home.remove("mail")
        let other = home.signIn("ada@example.com")
        home.remove("mail")
        let sent = home.post("change-email", #"{"email":" countess@example.org"}"#, ada.bearer)
        #expect(sent.status == 202 && sent.body == #"{"success":true,"data":{"expires_in":600,"resend_after":0},"error":null}"#)
        let (code, current) = (home.code(for: "countess@example.org"), home.code(for: "ada@example.com"))
        func confirm(_ code: String, _ current: String?) -> Answer {
            let member = current.map { #","current_code":"\#($0)""# } ?? ""
            return home.post("confirm-email", #"{"email":"countess@example.org","code":"\#(code)"\#(member)}"#, ada.bearer)
        }
        let missing = confirm(code, nil)
        #expect(
            missing.status == 422
                && missing.body.contains(#""detail":[{"loc":["body","current_code"],"msg":"Field required","type":"missing"}]"#))
        let wrong = code == "000000" || current == "000000" ? "000001" : "000000"
        for answer in [confirm(wrong, current), confirm(code, wrong), confirm(current, code)] {
            #expect("\(answer.status) \(answer.code)" == "400 invalid_code")
        }
        #expect(home.get("current-user", other.bearer).status == 200)
        let moved = confirm(code, current)
        #expect(moved.status == 200 && moved.body.contains(#""email":"countess@example.org""#))
        #expect(home.get("current-user", ada.bearer).body == moved.body)
        #expect(home.get("current-user", other.bearer).code == "invalid_token")
        func notice() -> String? { home.mails.last { $0.contains("To: ada@example.com\n") && $0.contains("was changed") } }
        for _ in 0..<200 where notice() == nil { shortPause() }
        let mail = try #require(notice())
        #expect(mail.contains("c***") && !mail.contains("countess"))
        #expect(home.post("change-email", #"{"email":"nonsense"}"#, ada.bearer).status == 422)
        #expect(home.post("change-email", #"{"email":"a@example.org"}"#).status == 401)
    }

    @Test func anAccessTokenAloneMovesAndDeletesNothing() {
        let ada = home.signIn("ada@example.com")
        _ = home.post("change-email", #"{"email":"thief@example.org"}"#, ada.bearer)
        let code = home.code(for: "thief@example.org")
        for current in [code, "000000", "", "００００００"] {
            let answer = home.post(
                "confirm-email", #"{"email":"thief@example.org","code":"\#(code)","current_code":"\#(current)"}"#, ada.bearer)
            #expect(answer.status == 400, "\(answer.body)")
        }
        #expect(delete(ada, code: code).status == 400)
        #expect(home.get("current-user", ada.bearer).body.contains(#""email":"ada@example.com""#))
    }

    @Test func anAccountIsDeletedByACodeForThatAlone() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada).secret
        #expect(delete(ada, code: nil).body.contains(#""detail":[{"loc":["header","x-verification-code"]"#))
        #expect(delete(ada, code: "000000").code == "invalid_code")
        #expect(delete(ada, code: "1, 2").code == "ambiguous_credentials")
        home.remove("mail")
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        let forSignIn = home.code(for: "ada@example.com")
        home.remove("mail")
        #expect(home.post("send-deletion-code", "").status == 401)
        let sent = home.post("send-deletion-code", "", ada.bearer)
        #expect(sent.status == 202 && sent.body == #"{"success":true,"data":{"expires_in":600,"resend_after":0},"error":null}"#)
        let code = home.code(for: "ada@example.com")
        #expect(home.mails.last?.contains("deletes your Latchkey account") == true)
        if forSignIn != code { #expect(delete(ada, code: forSignIn).code == "invalid_code") }
        let gone = delete(ada, code: "\(code.prefix(3)) \(code.suffix(3))")
        #expect(gone.status == 200 && gone.body == #"{"success":true,"data":{},"error":null}"#)
        #expect(home.get("current-user", ada.bearer).code == "invalid_token")
        #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": key]).code == "invalid_api_key")
        #expect(home.number("SELECT count(*) FROM users") == 0)
        #expect(
            home.post("refresh-token", #"{"refresh_token":"\#(ada.refreshToken)","user_uuid":"\#(ada.id)"}"#).code
                == "invalid_refresh_token")
    }
}

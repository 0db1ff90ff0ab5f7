// What several endpoint suites send and expect.

import TestSupport

/// The beginning of an answer that lists invalid fields.
let validation =
    #"{"success":false,"data":null,"error":{"code":"validation_error","message":"The request is not valid. See detail for what is wrong."},"detail":["#

/// The whole answer to an invalid refresh token.
let refusedRefreshToken = """
    401
    \(standardHeaders)
    WWW-Authenticate: Bearer error="invalid_token"
    Content-Length: <count>

    {"success":false,"data":null,"error":{"code":"invalid_refresh_token","message":"The refresh token is not valid or has expired."}}
    """

extension Home {
    /// Asks for a code for Ada, waits for the mail, and returns the code.
    func mailedCode() -> String {
        let before = mails.count
        _ = post("send-code", #"{"email":"ada@example.com"}"#)
        for _ in 0..<200 where mails.count == before { shortPause() }
        return code(for: "ada@example.com")
    }
}

/// A code of the same form other than `code`.
func wrongCode(for code: String) -> String {
    code.hasPrefix("0") ? "1" + code.dropFirst() : "0" + code.dropFirst()
}

/// The digits of an id, for an SQL blob literal.
func hex(_ id: String) -> String { id.filter { $0 != "-" } }

extension Person {
    var hex: String { id.filter { $0 != "-" } }
}

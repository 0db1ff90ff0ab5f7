// What a thief can do with only a user's access token. A table says for every endpoint what that is, and who is notified of
// effects that outlive the token; an endpoint that is not in it fails the test.

import Foundation
import Platform
import TestSupport
import Testing

@Suite(.serialized) struct StolenTokenEndpointTests {
    /// What an endpoint lets a thief do.
    private enum Reach: Equatable {
        /// Nothing: the token is not enough, or anyone can do the same without it.
        case nothing
        /// See what the account sees, while the token is valid.
        case sees
        /// Remove something: a key, a session, a member. It gives nobody access, and the audit log records it.
        case ends
        /// Name something, or create something empty that only the account sees.
        case words
        /// Do something that outlives the token and gives access or hides it. The owner gets this kind of mail.
        case lasts(told: String)

        var text: String {
            switch self {
            case .nothing: "nothing"
            case .sees: "sees; nothing that lasts"
            case .ends: "ends something; audit"
            case .words: "names; audit"
            case .lasts(let kind): "lasts; mail \(kind)"
            }
        }
    }

    private static let table: [String: (status: Int, reach: Reach)] = [
        "send-code": (202, .nothing),
        "verify-code": (400, .nothing),
        "refresh-token": (401, .nothing),
        "revoke-token": (200, .nothing),
        "current-user": (200, .sees),
        "list-api-keys": (200, .sees),
        "create-api-key": (201, .lasts(told: "key-created")),
        "delete-api-key": (200, .ends),
        "update-api-key": (200, .lasts(told: "key-created")),
        "rotate-api-key": (201, .lasts(told: "key-created")),
        "verify-api-key": (401, .nothing),
        "list-sessions": (200, .sees),
        "delete-session": (200, .ends),
        "revoke-other-sessions": (200, .ends),
        "update-user": (200, .lasts(told: "notices-off")),
        "delete-user": (400, .nothing),
        "send-deletion-code": (202, .nothing),
        "preferences": (200, .sees),
        "change-email": (202, .nothing),
        "confirm-email": (400, .nothing),
        "list-projects": (200, .sees),
        "create-project": (201, .words),
        "get-project": (200, .sees),
        "update-project": (200, .words),
        "delete-project": (200, .lasts(told: "project-deleted")),
        "add-member": (201, .lasts(told: "access-given")),
        "update-member": (200, .lasts(told: "owner-made")),
        "remove-member": (200, .lasts(told: "access-given")),
        "list-invitations": (200, .sees),
        "accept-invitation": (200, .words),
        "decline-invitation": (200, .ends),
        "jwks": (200, .nothing),
        "health": (200, .nothing),
        "metrics": (401, .nothing),
    ]

    private static let announcements = [
        "key-created", "notices-off", "access-given", "access-ended", "owner-made", "project-deleted", "account-deleted",
        "email-changed",
    ]

    @Test func anAccessTokenAloneChangesNothingThatOutlivesItSilently() {
        let missing = Set(allEndpoints).subtracting(StolenTokenEndpointTests.table.keys)
        #expect(missing.isEmpty, "endpoints that are not in the table: \(missing.sorted())")
        let limits = ["send_per_ip", "verify_per_ip", "send_total"].map { "limit_\($0) = off\n" }.joined()
        let home = Home(settings: limits + "resend_after = 0s\n")
        let friend = home.signIn("friend@example.com")
        home.noteMail()
        var lines = ["endpoint: answer; what an access token alone does there; who is told"]
        for (index, name) in allEndpoints.enumerated() {
            guard let row = StolenTokenEndpointTests.table[name] else { continue }
            let owner = home.signIn("owner\(index)@example.com")
            let (variables, body) = request(name, of: owner, friend, home)
            home.sql("DELETE FROM told")
            // Mail is queued before the answer, so it is all there by now.
            let standard = [
                "REQUEST_METHOD": "GET", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": String(body.utf8.count),
                "REMOTE_ADDR": "203.0.113.66",
            ]
            let answer = home.run(name, standard.merging(variables) { $1 }, body: body).answer
            #expect(answer.status == row.status, "\(name): \(answer.shown)")
            let kinds = StolenTokenEndpointTests.announcements.filter { kind in
                home.count("SELECT count(*) FROM told WHERE kind = '\(kind)' AND email = '\(owner.email)'") > 0
            }
            switch row.reach {
            case .lasts(let kind): #expect(kinds == [kind], "\(name)")
            default: #expect(kinds.isEmpty, "\(name)")
            }
            lines.append("\(name): \(answer.status); \(row.reach.text)")
            // The owner still has the account, at the same address, whatever the thief asked for.
            #expect(
                home.count(
                    "SELECT count(*) FROM users WHERE id = x'\(hex(owner.id))' AND email = '\(owner.email)' AND is_active = 1")
                    == 1, "\(name)")
        }
        print(lines.joined(separator: "\n"))
    }

    /// The thief's request.
    private func request(_ name: String, of owner: Person, _ friend: Person, _ home: Home) -> ([String: String], String) {
        func at(_ path: String, _ method: String = "POST") -> [String: String] {
            owner.onProject.merging(["PATH_INFO": path, "REQUEST_METHOD": method]) { $1 }
        }
        switch name {
        case "send-code": return (at(""), #"{"email":"\#(owner.email)"}"#)
        case "verify-code": return (at(""), #"{"email":"\#(owner.email)","code":"12345"}"#)
        case "refresh-token": return (at(""), #"{"refresh_token":"\#(owner.accessToken)","user_uuid":"\#(owner.id)"}"#)
        case "revoke-token": return (at(""), #"{"refresh_token":"\#(owner.accessToken)"}"#)
        case "create-api-key": return (at(""), #"{"name":"a"}"#)
        case "delete-api-key": return (at("/\(key(owner, home))", "DELETE"), "")
        case "update-api-key": return (at("/\(key(owner, home))", "PATCH"), #"{"scopes":null}"#)
        case "rotate-api-key": return (at("/\(key(owner, home))/rotate"), "{}")
        case "delete-session":
            let id = home.get("list-sessions", owner.bearer).field("id")
            return (at("/\(id)", "DELETE"), "")
        case "revoke-other-sessions": return (at(""), "")
        case "update-user": return (at("", "PATCH"), #"{"full_name":"Eve","locale":"zh","notices":{"sign_in":false}}"#)
        case "delete-user": return (at("", "DELETE").merging(["HTTP_X_VERIFICATION_CODE": "000000"]) { $1 }, "")
        case "change-email", "send-deletion-code": return (at(""), #"{"email":"eve@example.com"}"#)
        case "confirm-email": return (at(""), #"{"email":"eve@example.com","code":"000000","current_code":"000000"}"#)
        case "create-project": return (at(""), #"{"name":"a"}"#)
        case "update-project": return (at("/\(owner.project)", "PATCH"), #"{"name":"a"}"#)
        case "delete-project": return (at("/\(owner.project)", "DELETE"), "")
        case "get-project": return (at("/\(owner.project)", "GET"), "")
        case "add-member": return (at("/\(owner.project)/members"), #"{"email":"eve@example.com","role":"admin"}"#)
        case "update-member", "remove-member":
            home.sql("INSERT INTO members VALUES (x'\(hex(friend.id))', x'\(hex(owner.project))', 'member', 0)")
            return (
                at("/\(owner.project)/members/\(friend.id)", name == "update-member" ? "PATCH" : "DELETE"), #"{"role":"owner"}"#
            )
        case "accept-invitation", "decline-invitation":
            let invited = home.post(
                "add-member", #"{"email":"\#(owner.email)","role":"member"}"#,
                friend.bearer.merging(["PATH_INFO": "/\(friend.project)/members"]) { $1 })
            let id = invited.field("invitation_id")
            return name == "accept-invitation" ? (at("/\(id)/accept"), "") : (at("/\(id)", "DELETE"), "")
        default: return (at("", "GET"), "")
        }
    }

    private func key(_ owner: Person, _ home: Home) -> String {
        let id = home.createKey(by: owner, #","scopes":["a:read"]"#).id
        // Removes the owner's own notices, so that only the thief's count.
        home.sql("DELETE FROM mail_items WHERE kind = 'key-created'; DELETE FROM limit_counts WHERE name = 'tell-key'")
        return id
    }
}

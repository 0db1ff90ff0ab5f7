// latchkey export: everything that is stored about a person.

import ArgumentParser
import Auth
import CGI
import JSON
import Operations
import Platform
import Store

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints everything stored about a person, as one JSON document.",
        discussion: """
            Use it to answer a request for personal data (GDPR, article 15). It contains no \
            secrets of keys, codes or sessions: they are not stored. Projects are shown with \
            all their members. "latchkey user export" is the same command. "latchkey user \
            delete" deletes all of this except the audit log.

            Example: latchkey export ada@example.com > ada.json
            """)

    @Argument(help: "An e-mail address or an account's id.")
    var user: UserArgument

    func run() throws(ExitCode) {
        try onService { (operations, _) throws(CommandError) in
            let user = try user.find(in: operations)
            let data = try asking { () throws(AuthError) in try operations.personalData(of: user) }
            try showJSON { $0.object(data.write) }
        }
    }
}

extension PersonalData {
    fileprivate func write(to json: inout JSONWriter) {
        func list<T>(_ name: StaticString, _ items: [T], _ body: (T, inout JSONWriter) -> Void) {
            json.name(name)
            json.array { json in
                for item in items { json.object { body(item, &$0) } }
            }
        }
        json.name("account")
        json.object(user.write)
        json.name("preferences")
        json.object { json in
            json.member("locale", locale)
            json.member("tells_sign_ins", tellsSignIns)
            json.member("tells_key_expiry", tellsKeyExpiry)
        }
        list("projects", projects) { $0.write(to: &$1) }
        list("invitations_to", invitationsTo) { $0.write(to: &$1) }
        list("invitations_from", invitationsFrom) { $0.write(to: &$1) }
        list("sessions", sessions) { session, json in
            json.member("id", session.id.text)
            json.member("created_at", session.createdAt)
            json.member("last_used_at", session.lastUsedAt)
            json.member("expires_at", session.expiresAt)
            json.member("ended_at", session.endedAt)
            json.member("client", session.client)
            json.member("user_agent", session.userAgent)
        }
        list("api_keys", keys) { $0.write(to: &$1) }
        list("known_networks", networks) { network, json in
            json.member("network", network.network)
            json.member("signed_in_at", network.signedInAt)
        }
        list("codes", codes) { code, json in
            json.member("email", code.email)
            json.member("purpose", code.purpose)
            json.member("attempts", code.attempts)
            json.member("created_at", code.createdAt)
            json.member("expires_at", code.expiresAt)
            json.member("used_at", code.usedAt)
        }
        list("audit", audit) { $0.write(to: &$1) }
        list("limits", limits) { $0.write(to: &$1) }
        list("mails", mails) { $0.write(to: &$1) }
    }
}

// A request waits for its turn to write while its session, account or role is removed. A table holds each writing endpoint's
// answer; an endpoint that is not in it fails the test.

import Foundation
import Platform
import TestSupport
import Testing

@Suite(.serialized) struct WaitingWriteEndpointTests {
    /// What happens while the request waits.
    private enum Loss: Int, CaseIterable {
        case session, activity, account, membership, role

        /// The SQL for the user whose id is `user`, in hexadecimal.
        func sql(_ user: String) -> String {
            switch self {
            case .session: "UPDATE sessions SET revoked_at = 1 WHERE user_id = x'\(user)'"
            case .activity: "UPDATE users SET is_active = 0 WHERE id = x'\(user)'"
            case .account:
                """
                DELETE FROM api_keys WHERE created_by = x'\(user)';
                DELETE FROM invitations WHERE invited_by = x'\(user)';
                DELETE FROM members WHERE user_id = x'\(user)';
                DELETE FROM sessions WHERE user_id = x'\(user)';
                DELETE FROM users WHERE id = x'\(user)'
                """
            case .membership: "DELETE FROM members WHERE user_id = x'\(user)'"
            case .role: "UPDATE members SET role = 'member' WHERE user_id = x'\(user)'"
            }
        }
    }

    /// Each endpoint's answer after the session was revoked, the account deactivated, the account deleted, the membership
    /// ended, the owner made a member. A session's refresh and access tokens end with it; a mailed code signs in, whatever
    /// happened to sessions.
    private static let expected: [String: [String]] = [
        "send-code": ["202", "202", "202", "202", "202"],
        "verify-code": ["200", "403 account_inactive", "200", "200", "200"],
        "refresh-token": ["401 invalid_refresh_token", "403 account_inactive", "401 invalid_refresh_token", "200", "200"],
        "revoke-token": ["200", "200", "200", "200", "200"],
        "create-api-key": inProject("201"),
        "delete-api-key": inProject("404 api_key_not_found"),
        "update-api-key": inProject("404 api_key_not_found"),
        "rotate-api-key": inProject("404 api_key_not_found"),
        "delete-session": ofAccount("200"),
        "revoke-other-sessions": ofAccount("200"),
        "update-user": ofAccount("200"),
        "delete-user": ofAccount("200"),
        "send-deletion-code": ofAccount("202"),
        "change-email": ofAccount("202"),
        "confirm-email": ofAccount("400 invalid_code"),
        "create-project": ofAccount("201"),
        "update-project": inProject("403 insufficient_role"),
        "delete-project": inProject("403 insufficient_role"),
        "add-member": inProject("403 insufficient_role"),
        "update-member": inProject("403 insufficient_role"),
        "remove-member": inProject("403 insufficient_role"),
        "accept-invitation": ofAccount("200"),
        "decline-invitation": ofAccount("200"),
    ]

    private static let refused = ["401 invalid_token", "403 account_inactive", "401 invalid_token"]

    private static func ofAccount(_ otherwise: String) -> [String] { refused + [otherwise, otherwise] }

    private static func inProject(_ asMember: String) -> [String] { refused + ["404 project_not_found", asMember] }

    @Test func whatWaitsToWriteIsJudgedByWhatHoldsWhenItWrites() {
        let missing = Set(writingEndpoints).subtracting(WaitingWriteEndpointTests.expected.keys)
        #expect(missing.isEmpty, "endpoints that are not in the table: \(missing.sorted())")
        let columns = inParallel(Loss.allCases.count) { index in (index, answers(after: Loss.allCases[index])) }
            .sorted { $0.0 < $1.0 }.map { $0.1 }
        var lines = ["endpoint, and its answer after: session revoked | deactivated | deleted | not in the project | member only"]
        for name in writingEndpoints {
            let answers = columns.map { $0[name] ?? "none" }
            #expect(answers == WaitingWriteEndpointTests.expected[name], "\(name)")
            lines.append("\(name): " + answers.joined(separator: " | "))
        }
        print(lines.joined(separator: "\n"))
    }

    /// Each endpoint's answer when the loss comes while it waits.
    private func answers(after loss: Loss) -> [String: String] {
        let limits = ["send_per_ip", "verify_per_ip", "send_per_email", "send_total"].map { "limit_\($0) = off\n" }.joined()
        let home = Home(settings: limits + "resend_after = 0s\n")
        let boss = home.signIn("boss@example.com")
        var answers: [String: String] = [:]
        for (index, name) in writingEndpoints.enumerated() {
            let person = home.signIn("person\(index)@example.com")
            let (variables, body) = request(name, of: person, boss, home)
            let standard = [
                "REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": String(body.utf8.count),
            ]
            let answer = waiting(for: home) {
                home.run(name, standard.merging(variables) { $1 }, body: body).answer
            } meanwhile: {
                home.sql(loss.sql(person.hex))
            }
            answers[name] = answer.code.isEmpty ? "\(answer.status)" : "\(answer.status) \(answer.code)"
        }
        return answers
    }

    /// Runs `request` while another process holds the turn to write, and `meanwhile` once the request waits for it.
    private func waiting(
        for home: Home, _ request: @escaping @Sendable () -> Answer, meanwhile: () -> Void
    ) -> Answer {
        #if POSTGRESQL
        let turn = ExclusiveLock(home)
        #else
        let path = "\(home.path)/writing.lock"
        var turn: FileLock? = try! FileLock(waitingFor: path)
        let file = (try? FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int) ?? 0
        #endif
        nonisolated(unsafe) var answer: Answer?
        // Not on a queue: other tests may use all of its threads.
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            answer = request()
            done.signal()
        }
        var isWaiting = false
        var isAnswered = false
        // On a busy machine it takes seconds until the request waits; only then does its time to wait begin.
        while !isWaiting && !isAnswered {
            isAnswered = done.wait(timeout: .now() + .milliseconds(10)) == .success
            #if POSTGRESQL
            isWaiting = turn.isAwaited
            #else
            let locks = (try? String(contentsOfFile: "/proc/locks", encoding: .utf8)) ?? ""
            isWaiting = locks.split(separator: "\n").contains { $0.contains("->") && $0.contains(":\(file) ") }
            #endif
        }
        meanwhile()
        #if POSTGRESQL
        turn.release()
        #else
        withExtendedLifetime(turn) {}
        turn = nil
        #endif
        if !isAnswered { done.wait() }
        #expect(isWaiting, "the request did not wait for its turn: \(answer!.shown)")
        return answer!
    }

    /// A request that would succeed.
    private func request(_ name: String, of person: Person, _ boss: Person, _ home: Home) -> ([String: String], String) {
        func at(_ path: String, _ method: String = "POST") -> [String: String] {
            person.onProject.merging(["PATH_INFO": path, "REQUEST_METHOD": method]) { $1 }
        }
        switch name {
        case "send-code": return ([:], #"{"email":"\#(person.email)"}"#)
        case "verify-code":
            return ([:], #"{"email":"\#(person.email)","code":"\#(newCode(for: person.email, home))"}"#)
        case "refresh-token": return ([:], #"{"refresh_token":"\#(person.refreshToken)","user_uuid":"\#(person.id)"}"#)
        case "revoke-token": return ([:], #"{"refresh_token":"\#(person.refreshToken)"}"#)
        case "create-api-key": return (person.onProject, #"{"name":"a"}"#)
        // Another member's key, which an owner manages and a member does not.
        case "delete-api-key": return (at("/\(keyOfBoss(boss, person, home))", "DELETE"), "")
        case "update-api-key": return (at("/\(keyOfBoss(boss, person, home))", "PATCH"), #"{"name":"b"}"#)
        case "rotate-api-key": return (at("/\(keyOfBoss(boss, person, home))/rotate"), "{}")
        case "delete-session":
            let other = UUID.random().text
            home.sql(
                """
                INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, expires_at)
                SELECT x'\(hex(other))', user_id, 1, rotated_at, created_at, expires_at FROM sessions
                WHERE user_id = x'\(person.hex)'
                """)
            return (at("/\(other)", "DELETE"), "")
        case "revoke-other-sessions": return (person.bearer, "")
        case "update-user": return (at("", "PATCH"), #"{"full_name":"A"}"#)
        case "delete-user":
            let code = newCode(for: person.email, home, toDelete: person)
            return (at("", "DELETE").merging(["HTTP_X_VERIFICATION_CODE": code]) { $1 }, "")
        case "change-email": return (person.bearer, #"{"email":"new-\#(person.email)"}"#)
        case "confirm-email": return (person.bearer, #"{"email":"new-\#(person.email)","code":"123456","current_code":"123456"}"#)
        case "create-project": return (person.bearer, #"{"name":"a"}"#)
        case "send-deletion-code": return (person.bearer, "{}")
        case "delete-project": return (at("/\(person.project)", "DELETE"), "")
        case "update-project": return (at("/\(person.project)", "PATCH"), #"{"name":"b"}"#)
        case "add-member": return (at("/\(person.project)/members"), #"{"email":"new@example.com","role":"member"}"#)
        case "update-member":
            join(boss, person, home)
            return (at("/\(person.project)/members/\(boss.id)", "PATCH"), #"{"role":"admin"}"#)
        case "remove-member":
            join(boss, person, home)
            return (at("/\(person.project)/members/\(boss.id)", "DELETE"), "")
        case "accept-invitation": return (at("/\(invitation(of: person, boss, home))/accept"), "")
        case "decline-invitation": return (at("/\(invitation(of: person, boss, home))", "DELETE"), "")
        default: return ([:], "{}")
        }
    }

    private func newCode(for email: String, _ home: Home, toDelete person: Person? = nil) -> String {
        let before = home.mails.count
        if let person, writingEndpoints.contains("send-deletion-code") {
            _ = home.post("send-deletion-code", "{}", person.bearer)
        } else {
            _ = home.post("send-code", #"{"email":"\#(email)"}"#)
        }
        for _ in 0..<400 where home.mails.count == before { Thread.sleep(forTimeInterval: 0.025) }
        return home.code(for: email)
    }

    private func join(_ boss: Person, _ person: Person, _ home: Home) {
        home.sql("INSERT INTO members VALUES (x'\(boss.hex)', x'\(hex(person.project))', 'member', 0)")
    }

    private func keyOfBoss(_ boss: Person, _ person: Person, _ home: Home) -> String {
        join(boss, person, home)
        return home.post("create-api-key", #"{"name":"a"}"#, boss.on(person.project)).field("id")
    }

    private func invitation(of person: Person, _ boss: Person, _ home: Home) -> String {
        home.post(
            "add-member", #"{"email":"\#(person.email)","role":"member"}"#,
            boss.bearer.merging(["PATH_INFO": "/\(boss.project)/members"]) { $1 }
        ).field("invitation_id")
    }
}

// Uses openapi-generator's Swift client: `client <base URL> <e-mail address> <another address>`, the code on standard input.
// Prints its results, one `name: value` a line.

import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

func show(_ name: String, _ value: String) {
    print("\(name): \(value)")
    fflush(nil)
}

func refusal<Failure: Decodable>(of type: Failure.Type, _ action: () async throws(ErrorResponse) -> Void) async -> Failure {
    do {
        try await action()
    } catch .error(_, let body?, _, _) {
        return try! JSONDecoder().decode(type, from: body)
    } catch {}
    fatalError("it was not refused")
}

let configuration = LatchkeyAPIConfiguration.shared
configuration.basePath = CommandLine.arguments[1]
let email = CommandLine.arguments[2]
let other = CommandLine.arguments[3]

let sent = try await AuthenticationAPI.sendCode(sendCode: SendCode(email: email))
show("sent", "\(sent.data.expiresIn)")
let wrong = await refusal(of: CodeRefusedFailure.self) { () throws(ErrorResponse) in
    _ = try await AuthenticationAPI.verifyCode(verifyCode: VerifyCode(email: email, code: "1"))
}
show("wrong code", wrong.error.code.rawValue)
let grant = try await AuthenticationAPI.verifyCode(verifyCode: VerifyCode(email: email, code: readLine()!))
show("token", grant.data.tokenType.rawValue)

configuration.customHeaders["Authorization"] = "Bearer \(grant.data.accessToken)"
let me = try await UsersAPI.currentUser().data
show("me", "\(me.email) \(me.fullName ?? "null")")
let project = me.projects[0].id
let invalid = await refusal(of: ValidationFailure.self) { () throws(ErrorResponse) in
    _ = try await APIKeysAPI.listApiKeys(xProjectId: "nonsense")
}
let loc = invalid.detail[0].loc.map { if case .string(let text) = $0 { text } else { "?" } }
show("fault", "\(invalid.error.code.rawValue) [\(loc.joined(separator: " "))]")
_ = try await UsersAPI.updateUser(updateUser: UpdateUser(fullName: "Ada"))
show("name", try await UsersAPI.currentUser().data.fullName ?? "null")

let made = try await APIKeysAPI.createApiKey(
    xProjectId: project.uuidString.lowercased(), createApiKey: CreateApiKey(name: "test", scopes: ["api-keys:read"])
).data
show("key", String(made.fullKey.prefix(3)))
let key = try await APIKeysAPI.listApiKeys(xProjectId: project.uuidString.lowercased()).data.items[0]
show("listed", "\(key.id == made.id) \(key.fullKey ?? "null") [\(key.scopes!.joined(separator: " "))] \(key.expiresAt == nil)")
let gone = try await APIKeysAPI.deleteApiKey(keyId: key.id, xProjectId: project.uuidString.lowercased())
show("deleted", "\(gone.data.isActive)")

_ = try await ProjectsAPI.addMember(projectId: project, addMember: AddMember(email: other, role: .admin))
for member in try await ProjectsAPI.getProject(projectId: project).data.members {
    show("member", "\(member.role.rawValue) \(member.userId != nil) \(member.invitationId != nil)")
}

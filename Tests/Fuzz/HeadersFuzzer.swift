// A whole request: the lines before the first empty one are meta-variables, the rest is the body. Covers everything that an
// endpoint reads before it opens a file.

import Auth
import CGI
import Glibc
import JSON
import Platform
import Store

@testable import API

@Sendable func checkHeaders(_ bytes: [UInt8]) {
    let (entries, body) = divided(bytes)
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: entries.count + 1)
    for (index, entry) in entries.enumerated() {
        list[index] = (entry + [0]).withUnsafeBytes { strdup($0.bindMemory(to: CChar.self).baseAddress!) }
    }
    list[entries.count] = nil
    defer {
        for index in entries.indices { free(list[index]) }
        list.deallocate()
    }
    var asked = 0
    withoutActuallyEscaping({ (limit: Int) -> [UInt8]? in
        asked = max(asked, limit)
        return Array(body.prefix(limit))
    }) { input in
        let request = Request(parameters: Parameters(list), input: input)
        checkVariables(request, entries)
        checkMethodAndPath(request, entries)
        let read = checkBody(request, entries, sent: body)
        checkForms(request, entries, body: read ?? Array(body))
    }
    must(asked <= bodyLimit + 1, "no more is read than a body may have")
}

private let bodyLimit = 65536

/// The lines before the first empty one, each cut where a C string ends, and the rest.
private func divided(_ bytes: [UInt8]) -> (entries: [[UInt8]], body: ArraySlice<UInt8>) {
    let end = bytes.indices.dropLast().first { bytes[$0] == 0x0A && bytes[$0 + 1] == 0x0A } ?? bytes.endIndex
    return (bytes[..<end].split(separator: 0x0A).map { Array($0.prefix { $0 != 0 }) }, bytes[end...].dropFirst(2))
}

private func checkVariables(_ request: Request, _ entries: [[UInt8]]) {
    for name in ["REQUEST_METHOD", "CONTENT_LENGTH", "HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "A"] as [StaticString] {
        let prefix = Array("\(name)=".utf8)
        let values = entries.filter { $0.starts(with: prefix) }.map { text($0.dropFirst(prefix.count)) }
        must(request.parameters.first(name) == values.first, "the first entry of a name is found")
    }
    for name in HeaderFields.Name.allCases {
        let found = values(of: name, in: entries)
        must(request.fields.has(name) == !found.isEmpty, "a field is there or not")
        must(request.fields[name] == nil || request.fields[name] == found.first, "a field has its value")
        must(found.count <= 1 || request.fields[name] == nil, "a field that is there twice has none")
    }
}

/// The non-empty values of `name`.
private func values(of name: HeaderFields.Name, in entries: [[UInt8]]) -> [String] {
    let prefix = Array("\(name.variable)=".utf8)
    return entries.filter { $0.starts(with: prefix) && $0.count > prefix.count }.map { text($0.dropFirst(prefix.count)) }
}

private func checkMethodAndPath(_ request: Request, _ entries: [[UInt8]]) {
    if request.method != .other {
        must(same(request.method.name.description, request.parameters.first("REQUEST_METHOD") ?? ""), "a method is its token")
    }
    if let target = request.target, let path = RequestPath(target) {
        for index in 0..<path.count {
            must(
                path.length(of: index) == path.part(index).utf8.count || path.part(index).unicodeScalars.contains("\u{FFFD}"),
                "a part is its bytes")
            must(!same(path.part(index), ".") && !same(path.part(index), ".."), "dots are resolved")
            must(path.length(of: index) > 0 || index == path.count - 1, "doubled slashes are one")
        }
        if let allowed = Route.allowed(at: target) {
            must(path.count <= 5, "no path is deeper than five parts")
            must(
                allowed.hasSuffix(", OPTIONS") && allowed.utf8.allSatisfy { $0.isLetter || $0 == 0x2C || $0 == 0x20 },
                "methods are listed")
        }
    }
    for route in Route.all {
        if case .here(let ids, _) = route.address(of: request) {
            must(ids.allSatisfy { !$0.isEmpty } && route.hasIDs == !ids.isEmpty, "a route with ids has them")
        }
    }
    if request.isJSON, let type = values(of: .contentType, in: entries).first {
        let plain = text(type.utf8.prefix { $0 != UInt8(ascii: ";") }.map(\.asciiLowercased).filter { $0 != 0x20 && $0 != 0x09 })
        must(plain.hasPrefix("application/") && plain.hasSuffix("json"), "JSON says so")
    }
}

/// The body, if there is one; only its stated length can refuse it.
private func checkBody(_ request: Request, _ entries: [[UInt8]], sent: ArraySlice<UInt8>) -> [UInt8]? {
    let length = values(of: .contentLength, in: entries).first
    let version = request.parameters.nonEmpty("SERVER_PROTOCOL") ?? ""
    let isFramed = version.hasPrefix("HTTP/2") || version.hasPrefix("HTTP/3")
    // Chunked, or by HTTP/2 or 3.
    let endsWithInput =
        !values(of: .transferEncoding, in: entries).isEmpty
        || isFramed && (request.method == .post || request.method == .patch)
    let isNumber = length.map { $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } } ?? false
    let digits = (length ?? "").utf8.drop { $0 == 0x30 }
    let count = isNumber && digits.count <= 5 ? digits.reduce(0) { $0 * 10 + Int($1 - 0x30) } : Int.max
    do throws(BodyError) {
        let body = try request.body(limit: bodyLimit)
        must(body.count <= bodyLimit && sent.starts(with: body), "a body is what was sent")
        must(length == nil ? endsWithInput && body.count == sent.count : isNumber && body.count == count, "all of it")
        return body
    } catch {
        switch error {
        case .lengthRequired: must(length == nil ? !endsWithInput : !isNumber, "a body without a valid length")
        case .tooLarge:
            let isTooLong = length == nil ? endsWithInput && sent.count > bodyLimit : isNumber && count > bodyLimit
            must(isTooLong, "a length that is too much")
        case .incomplete: must(count <= bodyLimit && count > sent.count, "a body that is too short")
        case .unreadable: must(false, "the input does not fail here")
        }
        return nil
    }
}

private func checkForms(_ request: Request, _ entries: [[UInt8]], body: [UInt8]) {
    let single: [HeaderFields.Name] = [
        .authorization, .insteadOfAuthorization, .apiKey, .projectID, .verificationCode, .origin, .fetchSite,
    ]
    let sent = HeaderFields.Name.allCases.map { (name: $0, values: values(of: $0, in: entries)) }
    let isPlain =
        sent.allSatisfy { name, values in
            values.count <= 1 && (!single.contains(name) || values.first?.utf8.contains(UInt8(ascii: ",")) != true)
        } && (request.fields[.authorization] == nil || request.fields[.insteadOfAuthorization] == nil)
    guard let api = try? APIRequest(request, body: body) else { return must(!isPlain, "a request that is plain is taken") }
    must(isPlain, "what decides is given once")
    checkAdmission(api, authorization: request.fields[.authorization] ?? request.fields[.insteadOfAuthorization])

    if let form = taken({ () throws(AuthError) in try SendCodeForm(api) }) {
        must((try? Email(form.email.text)) != nil, "an address is an address")
    }
    _ = taken { () throws(AuthError) in try VerifyCodeForm(api) }
    _ = taken { () throws(AuthError) in try RefreshTokenForm(api) }
    _ = taken { () throws(AuthError) in try RevokeTokenForm(api) }
    if let form = taken({ () throws(AuthError) in try ListAPIKeysForm(api) }) {
        must(form.page.page >= 1 && 1...100 ~= form.page.limit, "pages are bounded")
        must(UUID(text: (request.fields[.projectID] ?? "").utf8) == form.project, "the project is the header's")
    }
    if let form = taken({ () throws(AuthError) in try CreateAPIKeyForm(api) }) {
        must(1...255 ~= form.name.unicodeScalars.count, "a name is bounded")
        must(form.days.map { 1...3650 ~= $0 } != false, "days are bounded")
        must((form.scopes ?? []).count <= 64, "scopes are bounded")
        must(
            (form.scopes ?? []).allSatisfy { 1...128 ~= $0.utf8.count && $0.utf8.allSatisfy { 0x21..<0x7F ~= $0 } },
            "each of them too")
    }
    _ = taken { () throws(AuthError) in try UpdateUserForm(api) }
    _ = taken { () throws(AuthError) in try DeleteUserForm(api) }
    _ = taken { () throws(AuthError) in try UpdateMemberForm(api) }
    _ = taken { () throws(AuthError) in try UpdateProjectForm(api) }
    _ = taken { () throws(AuthError) in try InvitationForm(api) }
    if let form = taken({ () throws(AuthError) in try CreateProjectForm(api) }) {
        must(
            1...255 ~= form.name.unicodeScalars.count && (form.description ?? "").unicodeScalars.count <= 2000,
            "a project's texts are bounded")
    }
    if let form = taken({ () throws(AuthError) in try AddMemberForm(api) }) {
        must((try? Email(form.email.text)) != nil, "an invited user has an address")
    }
    if let language = request.fields[.acceptLanguage].flatMap({ Language.preferred(acceptLanguage: $0) }) {
        must(Language(tag: language.tag) == language, "a language has a supported tag")
    }
    if let form = taken({ () throws(AuthError) in try DeleteAPIKeyForm(api) }) {
        must(api.pathIDs.first?.lowercased() == form.key.text, "the key is the path's")
    }
}

/// The form, or nil if it was refused; the refusal must be whole JSON.
private func taken<Form>(_ read: () throws(AuthError) -> Form) -> Form? {
    do throws(AuthError) {
        return try read()
    } catch {
        let failure = Failure(error)
        must(failure.status == .unprocessableContent && !failure.faults.isEmpty, "a refusal says what is wrong")
        let answer = Envelope.response(failure, requestID: "id")
        must((try? JSONValue(parsing: answer.body ?? []))?.member("success") == .boolean(false), "a refusal is JSON")
        must(answer.headers.allSatisfy { $0.value.utf8.allSatisfy { 0x20..<0x7F ~= $0 } }, "headers are plain")
        return nil
    }
}

private let clientToken = "0123456789abcdef"

/// A service with one client token, and a state folder that nothing opens.
nonisolated(unsafe) private let auth: Auth = {
    var policy = Policy()
    policy.clientTokens = [clientToken]
    var folder = Array("/tmp/latchkey-fuzz-XXXXXX".utf8CString)
    guard mkdtemp(&folder) != nil else { fatalError("no temporary folder") }
    defer { rmdir(folder) }
    let path = String(decoding: folder.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let state = try? StateFolder(at: path) else { fatalError("no state folder") }
    return Auth(policy: policy, store: DatabaseLocation(state, journal: .wal), client: Client(address: nil, requestID: "id"))
}()

private func checkAdmission(_ request: APIRequest, authorization: String?) {
    let isAdmitted = (try? auth.admit(request)) != nil
    let sent = Array((authorization ?? "").utf8)
    let isBearer = sent.prefix(7).map(\.asciiLowercased) == Array("bearer ".utf8)
    must(
        isAdmitted == (isBearer && sent.dropFirst(7).drop { $0 == 0x20 } == Array(clientToken.utf8)[...]),
        "only the client token admits")
}

// A request as an endpoint sees it: with its body read, and with every credential given at most once.

package import Auth
package import CGI
import Platform
import Store

/// One request to an endpoint.
package final class APIRequest {
    /// The request as the gateway passes it: method, meta-variables (RFC 3875 §4.1) and header fields.
    package let request: Request
    /// Empty if bodies are ignored.
    package let body: [UInt8]
    /// The ids in its path, in order.
    let pathIDs: [String]
    /// As sent. The bytes are valid as long as the request.
    private let authorization: UnsafeBufferPointer<UInt8>?
    private let apiKey: String?
    /// `x-project-id`, as sent.
    let projectHeader: String?
    /// `x-verification-code`: a code, if the request has no body for it.
    let verificationCode: String?
    /// What the log line says about the request.
    private(set) var notes: [(key: StaticString, value: Note)] = []

    /// The value of a note. An id becomes text only if a line is written.
    enum Note {
        case text(String)
        case id(UUID)
    }

    /// Throws `ambiguousCredentials` or `ambiguousHeaders` if a deciding header was sent twice: as two fields, or as one
    /// that a server joined with a comma.
    package init(_ request: Request, body: [UInt8], pathIDs: [String] = []) throws(AuthError) {
        self.request = request
        self.body = body
        self.pathIDs = pathIDs
        switch request.fields.ambiguity {
        case .credentials?: throw .ambiguousCredentials
        case .others?: throw .ambiguousHeaders
        case nil: break
        }
        let sent = request.fields.bytes(of: .authorization)
        // Apache hides `Authorization` from programs by default. On a host where that cannot be changed, this field
        // replaces it.
        let instead = request.fields.bytes(of: .insteadOfAuthorization)
        guard sent == nil || instead == nil else { throw .ambiguousCredentials }
        authorization = sent ?? instead
        apiKey = request.fields[.apiKey]
        projectHeader = request.fields[.projectID]
        verificationCode = request.fields[.verificationCode]
    }

    /// Adds something to the log line. No code, token or key.
    func note(_ key: StaticString, _ value: Note) {
        notes.append((key, value))
    }

    /// The token of `Authorization: Bearer …` (RFC 6750 §2.1); nil for no such header, or another scheme.
    fileprivate var bearerToken: String? {
        guard let authorization else { return nil }
        let scheme: StaticString = "bearer "
        guard authorization.count >= scheme.utf8CodeUnitCount else { return nil }
        for (index, byte) in scheme.bytes.enumerated() where authorization[index].asciiLowercased != byte { return nil }
        let token = authorization.dropFirst(scheme.utf8CodeUnitCount).drop { $0 == UInt8(ascii: " ") }
        return String(decoding: token, as: UTF8.self)
    }

    /// Whether a proxy, trusted or not, says that it forwarded the request.
    fileprivate var isForwarded: Bool {
        let fields = request.fields
        return fields.has(.forwardedFor) || fields.has(.forwarded) || fields.has(.via) || fields.has(.realIP)
    }

    /// The API key that another service received and asks about. The caller's own credentials do not count.
    func shownAPIKey() throws(AuthError) -> String {
        guard let apiKey else { throw .notAuthenticated }
        return apiKey
    }

    /// The API key, if one was sent. Throws `ambiguousCredentials` if there is also an Authorization.
    fileprivate func soleAPIKey() throws(AuthError) -> String? {
        guard apiKey == nil || authorization == nil else { throw .ambiguousCredentials }
        return apiKey
    }
}

extension Auth {
    /// The user of `request`'s access token.
    func user(bearing request: APIRequest) throws(AuthError) -> User {
        try session(bearing: request).user
    }

    /// The user and the session of `request`'s access token.
    func session(bearing request: APIRequest, withProjects: Bool = false) throws(AuthError) -> SignedIn {
        guard let token = request.bearerToken else { throw .notAuthenticated }
        let caller = try session(bearing: token, withProjects: withProjects)
        request.note("by", .id(caller.user.id))
        return caller
    }

    /// The metrics, for a caller with their token or on this machine.
    func metrics(for request: APIRequest) throws(AuthError) -> Metrics {
        try metrics(token: request.bearerToken, isForwarded: request.isForwarded)
    }

    /// Refuses a request without a client token, if the operator set any.
    func admit(_ request: APIRequest) throws(AuthError) {
        try admit(clientToken: request.bearerToken)
    }

    /// The user or the API key of `request`.
    func caller(of request: APIRequest) throws(AuthError) -> Caller {
        guard let text = try request.soleAPIKey() else {
            return .user(try user(bearing: request))
        }
        let project = request.projectHeader.flatMap { UUID(text: $0.utf8) }
        let key = try key(bearing: text, for: project)
        request.note("key", .id(key.id))
        return .key(key)
    }
}

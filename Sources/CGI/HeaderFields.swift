// The header fields that decide something, found in one pass over a request's meta-variables.
//
// 1. CGI maps several names to one: `X-Forwarded-For`, `X_Forwarded_For` and, in some servers, `X.Forwarded.For` are
//    all HTTP_X_FORWARDED_FOR (RFC 3875 §4.1.18). A proxy that sets or deletes the first does not know the others, so
//    of two fields with one name nobody can say which one it wrote.
// 2. So a field that occurs twice has no value here, and the request is ambiguous: it is refused.
// 3. The same applies to a comma in a field with a single value: some servers join fields that way. Fields that are
//    lists by definition may have commas.
// 4. Empty fields are ignored.
//
// The service reads HTTP_… variables only here, so that no field escapes these rules.

import Platform

/// The deciding header fields of one request.
package struct HeaderFields {
    /// A field that decides something.
    package enum Name: Int, Sendable, CaseIterable {
        // Who asks, and for what.
        case authorization, insteadOfAuthorization, apiKey, projectID, verificationCode
        // The origin: address, program, language, and what a page wants to send.
        case forwardedFor, forwarded, via, realIP, origin, fetchSite, userAgent, acceptLanguage, requestedFields
        // The form of the body.
        case contentType, contentLength, transferEncoding

        fileprivate static let count = 17

        /// The meta-variable.
        package var variable: StaticString {
            switch self {
            case .authorization: "HTTP_AUTHORIZATION"
            case .insteadOfAuthorization: "HTTP_X_AUTHORIZATION"
            case .apiKey: "HTTP_X_API_KEY"
            case .projectID: "HTTP_X_PROJECT_ID"
            case .verificationCode: "HTTP_X_VERIFICATION_CODE"
            case .forwardedFor: "HTTP_X_FORWARDED_FOR"
            case .forwarded: "HTTP_FORWARDED"
            case .via: "HTTP_VIA"
            case .realIP: "HTTP_X_REAL_IP"
            case .origin: "HTTP_ORIGIN"
            case .fetchSite: "HTTP_SEC_FETCH_SITE"
            case .userAgent: "HTTP_USER_AGENT"
            case .acceptLanguage: "HTTP_ACCEPT_LANGUAGE"
            case .requestedFields: "HTTP_ACCESS_CONTROL_REQUEST_HEADERS"
            case .contentType: "CONTENT_TYPE"
            case .contentLength: "CONTENT_LENGTH"
            case .transferEncoding: "HTTP_TRANSFER_ENCODING"
            }
        }

        fileprivate var isCredential: Bool { rawValue <= Name.verificationCode.rawValue }

        /// Whether a comma in it can only come from a second field.
        fileprivate var hasOneValue: Bool { isCredential || self == .origin || self == .fetchSite }
    }

    /// What occurs twice.
    package enum Ambiguity: Sendable {
        /// A field that decides who asks, or for what. Takes precedence over other ambiguous fields.
        case credentials
        case others
    }

    /// The first non-empty value of each.
    private var values: [UnsafeMutablePointer<CChar>?]
    /// A bit for each field that occurs twice.
    private var repeated: UInt32 = 0

    /// Finds the fields in `parameters`.
    init(_ parameters: Parameters) {
        values = [UnsafeMutablePointer<CChar>?](repeating: nil, count: Name.count)
        parameters.forEach { entry in
            guard let (name, value) = HeaderFields.field(in: entry), value.pointee != 0 else { return }
            let isSecond = values[name.rawValue] != nil
            if isSecond || (name.hasOneValue && UnsafePointer(value).textHas(UInt8(ascii: ","))) {
                repeated |= 1 << UInt32(name.rawValue)
            }
            if !isSecond { values[name.rawValue] = value }
        }
    }

    /// The single value of `name`; nil if there is none, or more than one.
    package subscript(_ name: Name) -> String? { isRepeated(name) ? nil : first(name) }

    /// The bytes of the single value of `name`, valid as long as the request; nil if there is none, or more than one.
    package func bytes(of name: Name) -> UnsafeBufferPointer<UInt8>? {
        isRepeated(name) ? nil : values[name.rawValue].map { UnsafePointer($0).textBytes }
    }

    /// Whether `name` has one value or more.
    package func has(_ name: Name) -> Bool { values[name.rawValue] != nil }

    /// The first value of `name`; nil if there is none. For checks that come before ambiguity, and reveal nothing.
    func first(_ name: Name) -> String? { values[name.rawValue].map { String(cString: $0) } }

    /// What makes the request ambiguous; nil if nothing does.
    package var ambiguity: Ambiguity? {
        if repeated == 0 { return nil }
        return Name.allCases.contains { $0.isCredential && isRepeated($0) } ? .credentials : .others
    }

    private func isRepeated(_ name: Name) -> Bool { repeated >> UInt32(name.rawValue) & 1 == 1 }

    /// The field of `entry`, and where its value begins; nil for every other field.
    private static func field(
        in entry: UnsafeMutablePointer<CChar>
    ) -> (Name, value: UnsafeMutablePointer<CChar>)? {
        // Most entries begin differently, or differ in the first letter after the common prefix.
        let start: StaticString = entry[0] == 0x48 ? "HTTP_" : "CONTENT_"
        let length = start.utf8CodeUnitCount
        for index in 0..<length where UInt8(bitPattern: entry[index]) != start.utf8Start[index] { return nil }
        let letter = UInt8(bitPattern: entry[length])
        for index in 0..<Name.count {
            let name = Name(rawValue: index)!
            let variable = name.variable
            guard variable.utf8CodeUnitCount > length, variable.utf8Start[length] == letter else { continue }
            if let value = Parameters.value(of: entry, named: variable) { return (name, value) }
        }
        return nil
    }
}

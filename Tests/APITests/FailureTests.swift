// Each refusal and each answer on the wire, byte for byte.

import Auth
import CGI
import Platform
import Store
import Testing

@testable import API

/// The whole answer, as a web server receives it.
private func wire(_ response: Response) -> String { String(decoding: response.serialized(), as: UTF8.self) }

private func body(_ response: Response) -> String { String(decoding: response.body ?? [], as: UTF8.self) }

@Suite struct FailureTests {
    @Test func everyRefusalHasItsStatusAndCode() {
        for (error, status, code) in [
            (.ambiguousCredentials, 400, "ambiguous_credentials"), (.ambiguousHeaders, 400, "ambiguous_headers"),
            (.invalidCode, 400, "invalid_code"), (.codeExhausted, 400, "code_exhausted"),
            (.notAuthenticated, 401, "not_authenticated"), (.invalidToken, 401, "invalid_token"),
            (.invalidRefreshToken, 401, "invalid_refresh_token"), (.invalidAPIKey, 401, "invalid_api_key"),
            (.accountInactive, 403, "account_inactive"), (.insufficientScope("a:b"), 403, "insufficient_scope"),
            (.tooMany(.projects(1)), 409, "too_many_projects"), (.tooMany(.keysOfProject(1)), 409, "too_many_api_keys"),
            (.tooMany(.keysOfMember(1)), 409, "too_many_own_api_keys"), (.tooMany(.members(1)), 409, "too_many_members"),
            (.tooMany(.invitations(1)), 409, "too_many_invitations"),
            (.insufficientRole, 403, "insufficient_role"), (.alreadyMember, 409, "already_member"),
            (.lastOwner, 409, "last_owner"),
            (.projectNotFound, 404, "project_not_found"), (.apiKeyNotFound, 404, "api_key_not_found"),
            (.sessionNotFound, 404, "session_not_found"), (.memberNotFound, 404, "member_not_found"),
            (.invitationNotFound, 404, "invitation_not_found"),
            (.invalid([Fault([.name("body")], type: "missing", message: "m")]), 422, "validation_error"),
            (.unavailable(reason: "r"), 503, "temporarily_unavailable"), (.failure(reason: "r"), 500, "internal_error"),
        ] as [(AuthError, Int, String)] {
            let failure = Failure(error)
            #expect(failure.status.rawValue == status)
            #expect(failure.code.description == code)
            #expect(
                failure.headers.contains { $0.name.description == "WWW-Authenticate" }
                    == (status == 401 || code == "insufficient_scope"))
            #expect(failure.headers.contains { $0.name.description == "Retry-After" } == (status == 503))
            #expect(failure.message.hasSuffix("."))
        }
    }

    @Test func everyUnusableBodyHasItsStatus() {
        for (error, status) in [(.lengthRequired, 411), (.tooLarge, 413), (.incomplete, 422), (.unreadable, 500)]
            as [(BodyError, Int)]
        {
            #expect(Failure(error).status.rawValue == status)
        }
        #expect(Failure.unsupportedMediaType.status.rawValue == 415)
    }

    @Test func aReasonIsForTheLogAndNotForTheClient() {
        for error in [AuthError.unavailable(reason: "disk xyz"), .failure(reason: "disk xyz")] {
            let failure = Failure(error)
            #expect(failure.reason == "disk xyz")
            #expect(!wire(Envelope.response(failure, requestID: "id")).contains("xyz"))
        }
    }

    @Test func aServerErrorIsThisTextToTheLetter() {
        #expect(
            wire(Envelope.response(Failure(.unavailable(reason: "busy")), requestID: "the-id")) == """
                Status: 503 Service Unavailable\r
                Content-Type: application/json; charset=utf-8\r
                Cache-Control: no-store\r
                X-Content-Type-Options: nosniff\r
                X-Request-Id: the-id\r
                Retry-After: 2\r
                Content-Length: 159\r
                \r
                {"success":false,"data":null,"error":{"code":"temporarily_unavailable","message":"The service is not available. Try again in a moment.","request_id":"the-id"}}
                """)
    }

    @Test func aRefusalIsThisTextToTheLetter() {
        #expect(
            body(Envelope.response(Failure(.invalidCode), requestID: "id"))
                == #"{"success":false,"data":null,"error":{"code":"invalid_code","message":"The code is wrong or has expired."}}"#
        )
    }

    @Test func everyFaultIsListedWithItsPlace() {
        let faults = [
            Fault([.name("body"), .name("scopes"), .index(3)], type: "string_type", message: "Input should be a \"string\""),
            Fault([.name("header"), .name("x-project-id")], type: "missing", message: "Field required"),
        ]
        #expect(
            body(Envelope.response(Failure(.invalid(faults)), requestID: "id"))
                == #"{"success":false,"data":null,"error":{"code":"validation_error","message":"The request is not valid. See detail for what is wrong."},"#
                + #""detail":[{"loc":["body","scopes",3],"msg":"Input should be a \"string\"","type":"string_type"},"#
                + #"{"loc":["header","x-project-id"],"msg":"Field required","type":"missing"}]}"#)
    }

    @Test func anEmptySuccessIsThisTextToTheLetter() {
        #expect(body(Envelope.response(.ok(EmptyView()), requestID: "id")) == #"{"success":true,"data":{},"error":null}"#)
        #expect(wire(Envelope.response(.created(EmptyView()), requestID: "id")).hasPrefix("Status: 201 Created\r\n"))
        #expect(wire(Envelope.response(.accepted(EmptyView()), requestID: "id")).hasPrefix("Status: 202 Accepted\r\n"))
    }

    @Test func optionsHasNeitherTypeNorLength() {
        #expect(
            wire(Envelope.options(allow: "GET, OPTIONS", requestID: "id"))
                == "Status: 204 No Content\r\nAllow: GET, OPTIONS\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: id\r\n\r\n"
        )
    }

    @Test func aWrongMethodIsToldTheRightOnes() {
        let failure = Failure.methodNotAllowed(allow: "POST, OPTIONS")
        #expect(failure.status.rawValue == 405 && failure.headers.map(\.value) == ["POST, OPTIONS"])
        #expect(Failure.notFound.status.rawValue == 404 && Failure.notFound.code.description == "not_found")
    }

    @Test func aKeyWithoutTheScopeIsToldWhichOne() {
        let header = Failure(.insufficientScope("api-keys:read")).headers.first
        #expect(header?.value == #"Bearer error="insufficient_scope", scope="api-keys:read""#)
        #expect(Failure(.notAuthenticated).headers.first?.value == "Bearer")
    }
}

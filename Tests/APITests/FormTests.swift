// What endpoints accept: an answer lists every fault of a request, in Pydantic's words.

import Auth
import CGI
import Platform
import Store
import TestSupport
import Testing

@testable import API

private func request(_ body: String = "", _ variables: [String] = [], ids: [String] = []) throws -> APIRequest {
    try APIRequest(Request(parameters: parameters(variables)) { _ in nil }, body: Array(body.utf8), pathIDs: ids)
}

/// `place type` of each fault that `read` throws; empty if it throws none.
private func faults<T>(_ read: () throws -> T) throws -> [String] {
    do {
        _ = try read()
        return []
    } catch AuthError.invalid(let faults) {
        return faults.map { fault in
            let steps = fault.location.map { step in
                switch step {
                case .name(let name): name
                case .index(let index): String(index)
                }
            }
            return "\(steps.joined(separator: ".")) \(fault.type)"
        }
    }
}

private let project = "HTTP_X_PROJECT_ID=0123456a-0000-4000-8000-00000000000F"

@Suite struct FormTests {
    @Test(
        arguments: [
            (#"{"email":"a@b.co"}"#, []), (#"{"email":"A@B.CO","x":[]}"#, []), ("", ["body missing"]),
            ("{}", ["body.email missing"]), ("[]", ["body model_attributes_type"]), ("null", ["body model_attributes_type"]),
            (#"{"email":null}"#, ["body.email string_type"]), (#"{"email":1}"#, ["body.email string_type"]),
            (#"{"email":"a"}"#, ["body.email value_error"]), (#"{"email":"a\r\nBcc:x@y.co"}"#, ["body.email value_error"]),
            (#"{"email":"a@b.co\u0000"}"#, ["body.email value_error"]), (#"{"email":"a@b.co""#, ["body.17 json_invalid"]),
            (#"{"email":"a@b.co","email":"c@d.co"}"#, ["body.18 json_invalid"]), (#"{"EMAIL":"a@b.co"}"#, ["body.email missing"]),
        ] as [(String, [String])])
    func sendCodeTakesAnAddress(body: String, expected: [String]) throws {
        #expect(try faults { try SendCodeForm(try request(body)) } == expected)
    }

    @Test func theAddressIsReadInLowerCase() throws {
        #expect(try SendCodeForm(try request(#"{"email":"Ada.L+x@Example.COM"}"#)).email.text == "ada.l+x@example.com")
    }

    @Test func allFaultsAreToldAtOnce() throws {
        #expect(
            try faults { try VerifyCodeForm(try request(#"{"code":123456}"#)) } == [
                "body.email missing", "body.code string_type",
            ])
        #expect(
            try faults { try RefreshTokenForm(try request("{}")) } == ["body.refresh_token missing", "body.user_uuid missing"])
        #expect(try faults { try RevokeTokenForm(try request(#"{"refresh_token":null}"#)) } == ["body.refresh_token string_type"])
        #expect(
            try faults { try CreateAPIKeyForm(try request(#"{"name":"","expires_in_days":0,"scopes":"x"}"#)) }.sorted()
                == [
                    "body.expires_in_days greater_than_equal", "body.name string_too_short", "body.scopes list_type",
                    "header.x-project-id missing",
                ])
        #expect(
            try faults { try ListAPIKeysForm(try request("", ["QUERY_STRING=page=0&limit=x", "HTTP_X_PROJECT_ID=x"])) }.sorted()
                == ["header.x-project-id uuid_parsing", "query.limit int_parsing", "query.page greater_than_equal"])
        #expect(
            try faults { try DeleteAPIKeyForm(try request("", [], ids: ["x"])) }.sorted() == [
                "header.x-project-id missing", "path.key_id uuid_parsing",
            ])
    }

    @Test(
        arguments: [
            ("1", 1, 10), ("3650", 3650, 10), ("null", nil, 10), ("1.0", 1, 10), ("1e2", 100, 10), ("3650.000", 3650, 10),
            ("365e1", 3650, 10),
        ] as [(String, Int64?, Int64)])
    func aKeyLivesForDaysOrForever(text: String, days: Int64?, limit: Int64) throws {
        #expect(try CreateAPIKeyForm(try request("{\"name\":\"k\",\"expires_in_days\":\(text)}", [project])).days == days)
        #expect(try ListAPIKeysForm(try request("", [project])).page == PageRequest(page: 1, limit: limit))
    }

    @Test(arguments: [
        ("0", "greater_than_equal"), ("-0", "greater_than_equal"), ("-5", "greater_than_equal"), ("3651", "less_than_equal"),
        ("1.5", "int_from_float"), ("1e-2", "int_from_float"), ("0.0", "greater_than_equal"), ("4e3", "less_than_equal"),
        ("\"1\"", "int_type"), ("true", "int_type"), ("[]", "int_type"),
        ("9223372036854775808", "int_parsing_size"), ("9223372036854775808.0", "int_parsing_size"),
        ("1e19", "int_parsing_size"),
    ])
    func otherNumbersOfDaysAreFaults(text: String, type: String) throws {
        #expect(
            try faults { try CreateAPIKeyForm(try request("{\"name\":\"k\",\"expires_in_days\":\(text)}", [project])) } == [
                "body.expires_in_days \(type)"
            ])
    }

    @Test func everyIntegerOfABodyMayBeWrittenWithAPointOrAnExponent() throws {
        let ids = ["1a42c90f-02a6-434b-b9e6-43801a9314d0"]
        for (text, days) in [("2", 2), ("2.0", 2), ("20e-1", 2), ("0.0", 0), ("3e1", 30)] as [(String, Int64)] {
            #expect(
                try CreateAPIKeyForm(try request("{\"name\":\"k\",\"expires_in_days\":\(days == 0 ? "1" : text)}", [project]))
                    .days == max(1, days))
            #expect(try RotateAPIKeyForm(try request("{\"overlap_days\":\(text)}", [project], ids: ids)).overlap == .days(days))
        }
        #expect(
            try faults { try RotateAPIKeyForm(try request("{\"overlap_days\":31.0}", [project], ids: ids)) } == [
                "body.overlap_days less_than_equal"
            ])
    }

    @Test func oneByteOrderMarkBeforeABodyIsPassedOver() throws {
        #expect(try CreateAPIKeyForm(try request("\u{FEFF}{\"name\":\"k\"}", [project])).name == "k")
        #expect(
            try faults { try CreateAPIKeyForm(try request("\u{FEFF}\u{FEFF}{\"name\":\"k\"}", [project])) }.contains {
                $0.contains("json_invalid")
            })
    }

    @Test func aNameHas1To255Characters() throws {
        func type(_ name: String) throws -> [String] {
            try faults { try CreateAPIKeyForm(try request("{\"name\":\"\(name)\"}", [project])) }
        }
        #expect(try type(String(repeating: "é", count: 255)) == [])
        #expect(try type(String(repeating: "é", count: 256)) == ["body.name string_too_long"])
        #expect(try type(String(repeating: "e\u{301}", count: 128)) == ["body.name string_too_long"])
        #expect(try type("") == ["body.name string_too_short"])
    }

    /// Every field that other users see: the faults of `body`, JSON with `{}` in place of the text.
    @Test(arguments: [
        (#"{"name":{}}"#, "name"), (#"{"name":"k","description":{}}"#, "description"), (#"{"full_name":{}}"#, "full_name"),
    ])
    func namesHaveNoControlCharacters(body: String, field: String) throws {
        func read(_ text: String) throws -> [[String]] {
            let body = body.replacing("{}", with: text)
            return switch field {
            case "name":
                try [
                    faults { try CreateAPIKeyForm(try request(body, [project])) },
                    faults { try CreateProjectForm(try request(body)) },
                    faults { try UpdateAPIKeyForm(try request(body, [project], ids: ["0123456a-0000-4000-8000-000000000001"])) },
                    faults { try UpdateProjectForm(try request(body, [project], ids: ["0123456a-0000-4000-8000-000000000001"])) },
                ]
            case "description":
                try [
                    faults { try CreateProjectForm(try request(body)) },
                    faults { try UpdateProjectForm(try request(body, [project], ids: ["0123456a-0000-4000-8000-000000000001"])) },
                ]
            default: try [faults { try UpdateUserForm(try request(body)) }]
            }
        }
        for hostile in HostileText.all {
            let mayHaveLines =
                field == "description" && hostile.text.utf8.allSatisfy { (0x20..<0x7F).contains($0) || [9, 10, 13].contains($0) }
            let expected = hostile.isRefusedAsName && !mayHaveLines ? ["body.\(field) value_error"] : []
            for seen in try read(hostile.json) { #expect(seen == expected, "\(hostile.name)") }
        }
        for good in [#""\u200e\u05d0\u200f""#, #""\u0645\u200c\u0646""#, #""\ud83d\udc69\u200d\ud83d\ude80""#, #""e\u0301""#] {
            for seen in try read(good) { #expect(seen == [], "\(good)") }
        }
        for seen in try read(#""a\nb\tc\r\n""#) { #expect(seen.isEmpty == (field == "description")) }
    }

    @Test func scopesAreShortAndOfPlainCharacters() throws {
        func read(_ scopes: String) throws -> [String] {
            try faults { try CreateAPIKeyForm(try request("{\"name\":\"k\",\"scopes\":\(scopes)}", [project])) }
        }
        let long = String(repeating: "a", count: 128)
        let many = [String](repeating: "\"a\"", count: 64).joined(separator: ",")
        for good in ["null", "[]", "[\"api-keys:read\",\"a.b_c/*\"]", "[\"\(long)\"]", "[\(many)]"] {
            #expect(try read(good) == [])
        }
        #expect(try read("[\(many),\"a\"]") == ["body.scopes too_long"])
        #expect(
            try read("[\"a\",1,\"\",\"\(long)a\",\"a b\",\"é\"]") == [
                "body.scopes.1 string_type", "body.scopes.2 string_too_short", "body.scopes.3 string_too_long",
                "body.scopes.4 string_pattern_mismatch", "body.scopes.5 string_pattern_mismatch",
            ])
    }

    @Test(
        arguments: [
            ("", 1, 10), ("page=3&limit=7", 3, 7), ("limit=101", 1, 100),
            ("limit=9223372036854775807&page=9223372036854775807", .max, 100),
            ("page=2&page=5", 5, 10), ("page=%34", 4, 10), ("page=007", 7, 10), ("Page=9", 1, 10),
        ] as [(String, Int64, Int64)])
    func pagesAreCountedFromOne(query: String, page: Int64, limit: Int64) throws {
        #expect(
            try ListAPIKeysForm(try request("", [project, "QUERY_STRING=\(query)"])).page == PageRequest(page: page, limit: limit)
        )
    }

    @Test(arguments: [
        ("page=+5", "int_parsing"), ("page=%2B5", "int_parsing"), ("page=", "int_parsing"), ("page", "int_parsing"),
        ("page=-", "int_parsing"),
        ("page=５", "int_parsing"), ("page=1.0", "int_parsing"), ("page=1_0", "int_parsing"), ("page=1%00", "int_parsing"),
        ("page=-1", "greater_than_equal"), ("page=0", "greater_than_equal"), ("page=-0", "greater_than_equal"),
        ("page=9223372036854775808", "int_parsing_size"), ("page=-99999999999999999999", "int_parsing_size"),
        ("page=1&page=x", "int_parsing"),
    ])
    func otherPagesAreFaults(query: String, type: String) throws {
        #expect(
            try faults { try ListAPIKeysForm(try request("", [project, "QUERY_STRING=\(query)"])) } == ["query.page \(type)"])
    }

    @Test func theKeysIDIsThePaths() throws {
        let form = try DeleteAPIKeyForm(try request("", [project], ids: ["0123456A-0000-4000-8000-000000000001"]))
        #expect(
            form.key.text == "0123456a-0000-4000-8000-000000000001" && form.project.text == "0123456a-0000-4000-8000-00000000000f"
        )
    }

    @Test func aHeaderThatDecidesIsGivenOnce() throws {
        // The table has every header field that the code reads.
        #expect(Set(DecidingField.all.map(\.variable)) == Set(HeaderFields.Name.allCases.map { "\($0.variable)" }))
        for row in DecidingField.all {
            let (name, refusal) = (
                row.variable, row.code == "ambiguous_credentials" ? "ambiguousCredentials" : "ambiguousHeaders"
            )
            for entries in [["\(name)=a", "\(name)=a"], ["\(name)=a", "\(name)=b", "\(name)="]] {
                #expect { try request("", entries) } throws: { "\($0)" == refusal }
            }
            #expect(throws: Never.self) { try request("", ["\(name)=a", "\(name)="]) }
            #expect(throws: Never.self) { try request("", ["\(name)=", "\(name)=a"]) }
            #expect(throws: Never.self) { try request("", ["\(name)=a", "\(name)_B=a", "A_\(name)=a"]) }
            // In these fields a comma can only come from a second field.
            let isOne = row.code == "ambiguous_credentials" || ["HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE"].contains(name)
            for entry in ["\(name)=a, a", "\(name)=a,"] {
                #expect("\(Result { try request("", [entry]) })".contains(refusal) == isOne, "\(entry)")
            }
        }
        #expect { try request("", ["HTTP_VIA=a", "HTTP_VIA=b", "HTTP_X_API_KEY=a, b"]) } throws: {
            "\($0)" == "ambiguousCredentials"
        }
    }
}

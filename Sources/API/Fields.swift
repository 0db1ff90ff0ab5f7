// Reads the parts of a request into values and collects every fault: a client gets all of them at once, in Pydantic v2's
// words, which clients of the published API parse.

import Auth
import CGI
import JSON
import Platform
import Store

/// A request's fields, and the faults found in them.
struct Fields {
    private(set) var faults: [Fault] = []
    private let body: JSONValue?
    private let request: APIRequest

    private init(_ request: APIRequest, body: JSONValue?) {
        self.request = request
        self.body = body
    }

    /// The fields of a request whose body is ignored.
    init(_ request: APIRequest) {
        self.init(request, body: nil)
    }

    /// The fields of a request whose body must be a JSON object.
    init(withBodyOf request: APIRequest) {
        guard !request.body.isEmpty else {
            self.init(request, body: nil)
            fault([.name("body")], "missing", "Field required")
            return
        }
        do throws(JSONError) {
            let json = try JSONValue(parsing: request.body)
            guard case .object = json else {
                self.init(request, body: nil)
                fault(
                    [.name("body")], "model_attributes_type",
                    "Input should be a valid dictionary or object to extract fields from")
                return
            }
            self.init(request, body: json)
        } catch {
            self.init(request, body: nil)
            fault(
                [.name("body"), .index(error.offset)], "json_invalid",
                "JSON decode error: \(error.reason)")
        }
    }

    private mutating func fault(_ location: [Fault.Step], _ type: String, _ message: String) {
        faults.append(Fault(location, type: type, message: message))
    }

    // MARK: Body

    /// The member `name`, of any type. If it is missing, a fault and nil. nil without a fault if there is no body.
    private mutating func required(_ name: StaticString) -> JSONValue? {
        guard let body else { return nil }
        guard let value = body.member(name) else {
            fault(at(name), "missing", "Field required")
            return nil
        }
        return value
    }

    private func at(_ name: StaticString) -> [Fault.Step] { [.name("body"), .name(name.description)] }

    /// A required string.
    mutating func string(_ name: StaticString) -> String? {
        guard let value = required(name) else { return nil }
        guard case .string(let text) = value else {
            fault(at(name), "string_type", "Input should be a valid string")
            return nil
        }
        return text
    }

    /// A required string of `range` Unicode scalars.
    mutating func string(_ name: StaticString, count range: ClosedRange<Int>) -> String? {
        guard let text = string(name) else { return nil }
        return hasLength(range, text, at: at(name)) ? text : nil
    }

    /// A required name of `range` Unicode scalars. Others see it, so it is one line, without control characters or
    /// characters that change the direction of text.
    mutating func name(_ name: StaticString, count range: ClosedRange<Int>) -> String? {
        guard let text = string(name, count: range), isShowable(text, at: at(name)) else { return nil }
        return text
    }

    private mutating func isShowable(
        _ text: String, hasLines: Bool = false, at location: [Fault.Step]
    ) -> Bool {
        let isShowable = text.unicodeScalars.allSatisfy {
            $0.isAllowedInNames || (hasLines && ($0 == "\n" || $0 == "\r" || $0 == "\t"))
        }
        if !isShowable {
            fault(location, "value_error", "Value error, control characters are not allowed")
        }
        return isShowable
    }

    private mutating func hasLength(
        _ range: ClosedRange<Int>, _ text: String, at location: [Fault.Step]
    ) -> Bool {
        let count = text.unicodeScalars.count
        if count < range.lowerBound {
            fault(
                location, "string_too_short",
                "String should have at least \(range.lowerBound) character\(range.lowerBound == 1 ? "" : "s")")
        } else if count > range.upperBound {
            fault(
                location, "string_too_long",
                "String should have at most \(range.upperBound) characters")
        }
        return range.contains(count)
    }

    /// A required e-mail address.
    mutating func email(_ name: StaticString) -> Email? {
        guard let text = string(name) else { return nil }
        do throws(EmailFault) {
            let email = try Email(typed: text)
            request.note("email", .text(email.masked))
            return email
        } catch {
            fault(at(name), "value_error", "value is not a valid email address: \(error.reason)")
            return nil
        }
    }

    /// An integer in `range`; nil if it is null or missing.
    mutating func optionalInteger(_ name: StaticString, in range: ClosedRange<Int64>) -> Int64? {
        switch body?.member(name) {
        case nil, .null?: return nil
        case .integer(let number)?:
            return isWithin(range, number, at: at(name)) ? number : nil
        case .hugeInteger?:
            fault(
                at(name), "int_parsing_size",
                "Unable to parse input string as an integer, exceeded maximum size")
        case .fraction?:
            fault(
                at(name), "int_from_float",
                "Input should be a valid integer, got a number with a fractional part")
        default:
            fault(at(name), "int_type", "Input should be a valid integer")
        }
        return nil
    }

    private mutating func isWithin(
        _ range: ClosedRange<Int64>, _ number: Int64, at location: [Fault.Step]
    ) -> Bool {
        if number < range.lowerBound {
            fault(
                location, "greater_than_equal",
                "Input should be greater than or equal to \(range.lowerBound)")
        } else if number > range.upperBound {
            fault(
                location, "less_than_equal",
                "Input should be less than or equal to \(range.upperBound)")
        }
        return range.contains(number)
    }

    /// A list of scopes: at most 64, each of 1…128 scope characters. nil if it is null or missing.
    mutating func optionalScopes(_ name: StaticString) -> [String]? {
        let elements: [JSONValue]
        switch body?.member(name) {
        case nil, .null?: return nil
        case .array(let array)?: elements = array
        default:
            fault(at(name), "list_type", "Input should be a valid list")
            return nil
        }
        guard elements.count <= 64 else {
            fault(
                at(name), "too_long",
                "List should have at most 64 items after validation, not \(elements.count)")
            return nil
        }
        var scopes: [String] = []
        for (index, element) in elements.enumerated() {
            let location = at(name) + [.index(index)]
            guard case .string(let text) = element else {
                fault(location, "string_type", "Input should be a valid string")
                continue
            }
            guard hasLength(1...128, text, at: location) else { continue }
            guard text.utf8.allSatisfy(APIKey.isScopeCharacter) else {
                fault(
                    location, "string_pattern_mismatch",
                    "String should match pattern '^[A-Za-z0-9:._*/-]+$'")
                continue
            }
            scopes.append(text)
        }
        return scopes
    }

    /// A scope in the query called `name`; nil if there is none.
    mutating func queryScope(_ name: StaticString) -> String? {
        guard let bytes = Query(request.request.query).last(name) else { return nil }
        let location: [Fault.Step] = [.name("query"), .name(name.description)]
        let text = String(decoding: bytes, as: UTF8.self)
        guard hasLength(1...128, text, at: location) else { return nil }
        guard bytes.allSatisfy(APIKey.isScopeCharacter) else {
            fault(location, "string_pattern_mismatch", "String should match pattern '^[A-Za-z0-9:._*/-]+$'")
            return nil
        }
        return text
    }

    /// The member `name` of the body, or of the object `parent` in it; nil if there is none.
    private func member(_ name: StaticString, of parent: StaticString? = nil) -> JSONValue? {
        guard let parent else { return body?.member(name) }
        return body?.member(parent)?.member(name)
    }

    /// A text of `range` Unicode scalars; null removes it, and a missing one leaves it unchanged. If it `hasLines`, it
    /// may contain line ends and tabs.
    mutating func textChange(
        _ name: StaticString, count range: ClosedRange<Int>, hasLines: Bool = false
    ) -> TextChange {
        switch member(name) {
        case nil: return .same
        case .null?: return .this(nil)
        case .string(let text)?:
            let isGood = hasLength(range, text, at: at(name)) && isShowable(text, hasLines: hasLines, at: at(name))
            return isGood ? .this(text) : .same
        default:
            fault(at(name), "string_type", "Input should be a valid string")
            return .same
        }
    }

    /// One of the words that `read` knows, which `expected` lists; nil for any other.
    mutating func word<T>(
        _ name: StaticString, _ expected: StaticString, _ read: (String) -> T?
    ) -> T? {
        guard case .string(let text)? = member(name), let value = read(text) else {
            fault(at(name), "literal_error", "Input should be \(expected)")
            return nil
        }
        return value
    }

    /// A boolean of the object `parent` in the body; nil if it is missing.
    mutating func flag(_ name: StaticString, of parent: StaticString) -> Bool? {
        switch member(name, of: parent) {
        case nil: return nil
        case .boolean(let flag)?: return flag
        default:
            let location = at(parent) + [.name(name.description)]
            fault(location, "bool_type", "Input should be a valid boolean")
            return nil
        }
    }

    /// Requires the member `name` to be an object, if it is there.
    mutating func requireObject(_ name: StaticString) {
        guard let value = member(name) else { return }
        if case .object = value { return }
        fault(at(name), "dict_type", "Input should be a valid dictionary")
    }

    /// Whether the member `name` of the body is null.
    func isNull(_ name: StaticString) -> Bool {
        if case .null? = member(name) { return true }
        return false
    }

    /// Whether the body has a member called `name`, whatever its value.
    func has(_ name: StaticString) -> Bool { body?.member(name) != nil }

    // MARK: Header, path, query

    /// The project that `x-project-id` names.
    mutating func projectID() -> UUID? {
        let location: [Fault.Step] = [.name("header"), .name("x-project-id")]
        guard let text = request.projectHeader else {
            fault(location, "missing", "Field required")
            return nil
        }
        return uuid(text, at: location)
    }

    /// The id at `index` among those in the path.
    mutating func pathID(_ name: StaticString, at index: Int = 0) -> UUID? {
        let text = request.pathIDs.count > index ? request.pathIDs[index] : ""
        return uuid(text, at: [.name("path"), .name(name.description)])
    }

    /// The code in `x-verification-code`, for a request without a body.
    mutating func verificationCode() -> String? {
        if request.verificationCode == nil {
            fault([.name("header"), .name("x-verification-code")], "missing", "Field required")
        }
        return request.verificationCode
    }

    private mutating func uuid(_ text: String, at location: [Fault.Step]) -> UUID? {
        if let id = UUID(text: text.utf8) { return id }
        fault(
            location, "uuid_parsing",
            "Input should be a valid UUID, unable to parse string as a UUID")
        return nil
    }

    /// The query's last value of `name`, at least 1; `standard` if there is none.
    mutating func count(_ name: StaticString, standard: Int64) -> Int64? {
        guard let text = Query(request.request.query).last(name) else { return standard }
        let location: [Fault.Step] = [.name("query"), .name(name.description)]
        let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isDigit }) else {
            fault(
                location, "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer")
            return nil
        }
        guard let number = Int64(String(decoding: text, as: UTF8.self)) else {
            fault(
                location, "int_parsing_size",
                "Unable to parse input string as an integer, exceeded maximum size")
            return nil
        }
        return isWithin(1...(.max), number, at: location) ? number : nil
    }
}

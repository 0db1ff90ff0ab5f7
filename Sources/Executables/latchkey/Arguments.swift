// Arguments that several commands share.

import ArgumentParser
import Auth
import Operations
import Platform
import Store

/// An account, by its address or its id.
struct UserArgument: ExpressibleByArgument {
    let name: AccountName
    let text: String

    init?(argument: String) {
        text = argument
        if let id = UUID(text: argument.utf8) {
            name = .id(id)
        } else if let email = try? Email(typed: argument) {
            name = .email(email)
        } else {
            return nil
        }
    }

    /// The account; throws if there is none.
    func find(in operations: Operations) throws(CommandError) -> User {
        guard let user = try asking({ () throws(AuthError) in try operations.user(named: name) }) else { throw absent }
        return user
    }

    var absent: CommandError { .notFound("there is no account \(text)") }
}

/// An e-mail address.
struct EmailArgument: ExpressibleByArgument {
    let email: Email

    init?(argument: String) {
        guard let email = try? Email(typed: argument) else { return nil }
        self.email = email
    }
}

/// The id of a session, a key or a project.
struct IDArgument: ExpressibleByArgument {
    let id: UUID

    init?(argument: String) {
        guard let id = UUID(text: argument.utf8) else { return nil }
        self.id = id
    }
}

/// The name of an event in the audit log.
struct EventArgument: ExpressibleByArgument {
    let name: String

    init?(argument: String) {
        guard EventArgument.allValueStrings.contains(argument) else { return nil }
        name = argument
    }

    static let allValueStrings = AuditEvent.Kind.allCases.map { $0.name.description }
}

/// A moment: a time ago (`90s`, `15m`, `24h`, `7d`), the beginning of a day (`2026-11-24`), or a moment as it is
/// displayed (`2026-11-24 19:41:07`, `2026-11-24T19:41:07.162Z`).
struct SinceArgument: ExpressibleByArgument {
    let moment: Timestamp

    init?(argument: String) {
        if let shown = Timestamp(shown: argument) {
            moment = shown
            return
        }
        let digits = argument.utf8.dropLast()
        guard (1...7).contains(digits.count), digits.allSatisfy({ $0 &- 0x30 < 10 }),
            let count = Int64(String(decoding: digits, as: UTF8.self))
        else { return nil }
        switch argument.utf8.last {
        case UInt8(ascii: "s"): moment = .now - .seconds(count)
        case UInt8(ascii: "m"): moment = .now - .minutes(count)
        case UInt8(ascii: "h"): moment = .now - .hours(count)
        case UInt8(ascii: "d"): moment = .now - .days(count)
        default: return nil
        }
    }
}

/// A number, at least 1.
struct CountArgument: ExpressibleByArgument {
    let count: Int64

    init(_ count: Int64) {
        self.count = count
    }

    init?(argument: String) {
        guard (1...15).contains(argument.utf8.count), argument.utf8.allSatisfy({ $0 &- 0x30 < 10 }),
            let count = Int64(argument), count > 0
        else { return nil }
        self.count = count
    }

    var defaultValueDescription: String { String(count) }
}

/// A short text for people: 1 to 255 characters, without control characters.
struct TextArgument: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        guard (1...255).contains(argument.unicodeScalars.count),
            argument.unicodeScalars.allSatisfy({ $0.isAllowedInNames })
        else { return nil }
        text = argument
    }
}

/// A role in a project.
struct RoleArgument: ExpressibleByArgument {
    let role: Role

    init(_ role: Role) {
        self.role = role
    }

    init?(argument: String) {
        guard let role = Role(named: argument) else { return nil }
        self.role = role
    }

    var defaultValueDescription: String { role.name }
    static let allValueStrings = ["owner", "admin", "member"]
}

/// A scope of an API key: 1 to 128 characters.
struct ScopeArgument: ExpressibleByArgument {
    let scope: String

    init?(argument: String) {
        guard (1...128).contains(argument.utf8.count), argument.utf8.allSatisfy(APIKey.isScopeCharacter) else {
            return nil
        }
        scope = argument
    }
}

/// How to display a list.
struct ListOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Print at most this many.", valueName: "count"))
    var limit = CountArgument(100)

    @OptionGroup var output: OutputOptions
}

struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON, with everything in full.")
    var json = false
}

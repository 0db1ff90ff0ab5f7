// Changes an account's name, and which mail it gets.

import Platform
package import Store

/// What to change; the rest stays.
package struct UserChanges {
    let fullName: TextChange
    let language: LanguageChange
    let tellsSignIns: Bool?
    let tellsKeyExpiry: Bool?

    /// The language of mail.
    package enum LanguageChange {
        case same
        /// This; nil: as the browser says.
        case this(Language?)
    }

    /// `fullName` has 1…255 Unicode scalars. nil for `tellsSignIns` or `tellsKeyExpiry` keeps the current value.
    package init(
        fullName: TextChange, language: LanguageChange, tellsSignIns: Bool?, tellsKeyExpiry: Bool?
    ) {
        self.fullName = fullName
        self.language = language
        self.tellsSignIns = tellsSignIns
        self.tellsKeyExpiry = tellsKeyExpiry
    }
}

extension Auth {
    /// Makes `changes` to the account of `user`. Returns the whole account after them.
    package func updateUser(_ user: User, _ changes: UserChanges) throws(AuthError) -> Account {
        let database = try database()
        // Read the answer before the commit: after it nothing may fail.
        return try change(by: user, in: database) { (user) throws(AuthError) -> Account in
            let now = now
            if case .this(let name) = changes.fullName {
                try User.rename(user.id, to: name, at: now, in: database)
            }
            let last = try Preferences.find(user.id, in: database)
            var new = last
            if case .this(let language) = changes.language { new.language = language }
            new.tellsSignIns = changes.tellsSignIns ?? new.tellsSignIns
            new.tellsKeyExpiry = changes.tellsKeyExpiry ?? new.tellsKeyExpiry
            // Before the language is changed.
            let told = try new == last ? nil : User.noticeLanguage(of: user.id, in: database)
            if new != last { try new.save(for: user.id, at: now, in: database) }
            if last.tellsSignIns && !new.tellsSignIns || last.tellsKeyExpiry && !new.tellsKeyExpiry
                || last.language != new.language
            {
                try announce(.noticesOff, to: user, about: user.id, in: told ?? .english, database)
            }
            try record(AuditEvent(.accountChanged, user: user.id), in: database)
            guard let changed = try User.find(user.id, in: database) else {
                throw .failure(reason: "the changed account was not found")
            }
            return try account(of: changed)
        }
    }

    /// Which mail `user` wants, and in which language.
    package func preferences(of user: User) throws(AuthError) -> Preferences {
        try Preferences.find(user.id, in: try database())
    }
}

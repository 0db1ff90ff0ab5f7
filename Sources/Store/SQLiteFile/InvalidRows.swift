// Finds rows that no record could have written. The tables have no CHECKs, which every process would parse.

import SQLite

/// The search for invalid rows.
enum InvalidRows {
    /// SQL: a table of the current schema with an invalid row: a wrong id, flag or role; no row if there is none.
    static var query: StaticString {
        """
        SELECT 'users' WHERE EXISTS (SELECT 1 FROM users WHERE length(id) <> 16
            OR is_active NOT IN (0, 1) OR is_superuser NOT IN (0, 1) OR is_verified NOT IN (0, 1)
            OR tells_sign_ins NOT IN (0, 1) OR tells_key_expiry NOT IN (0, 1))
        UNION ALL SELECT 'projects' WHERE EXISTS (SELECT 1 FROM projects WHERE length(id) <> 16)
        UNION ALL SELECT 'members' WHERE EXISTS (SELECT 1 FROM members WHERE length(user_id) <> 16
            OR length(project_id) <> 16 OR role NOT IN ('owner', 'admin', 'member'))
        UNION ALL SELECT 'sessions' WHERE EXISTS (SELECT 1 FROM sessions WHERE length(id) <> 16
            OR length(user_id) <> 16 OR length(access_token_tag) <> 32)
        UNION ALL SELECT 'api_keys' WHERE EXISTS (SELECT 1 FROM api_keys WHERE length(id) <> 16
            OR length(project_id) <> 16 OR length(created_by) <> 16
            OR length(replaces) <> 16 OR length(replaced_by) <> 16)
        UNION ALL SELECT 'invitations' WHERE EXISTS (SELECT 1 FROM invitations WHERE length(id) <> 16
            OR length(project_id) <> 16 OR length(invited_by) <> 16 OR role NOT IN ('owner', 'admin', 'member'))
        UNION ALL SELECT 'challenges' WHERE EXISTS (SELECT 1 FROM challenges WHERE length(id) <> 16
            OR length(user_id) NOT IN (0, 16))
        UNION ALL SELECT 'mail_items' WHERE EXISTS (SELECT 1 FROM mail_items WHERE length(id) <> 16
            OR length(subject_id) <> 16)
        UNION ALL SELECT 'audit_events' WHERE EXISTS (SELECT 1 FROM audit_events WHERE length(user_id) <> 16
            OR length(subject_id) <> 16)
        LIMIT 1
        """
    }
}

extension SQLite.Connection {
    /// A table of the current schema with an invalid row; nil if there is none.
    func tableWithInvalidRow() throws(SQLiteError) -> String? { try first(InvalidRows.query) { $0.text(0) } }
}

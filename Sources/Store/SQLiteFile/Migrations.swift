// The schema's scripts of a SQLite file, and what its errors mean.

import SQLite

/// The migrations of a SQLite database.
var migrator: Migrator {
    Migrator(count: 9) { index in
        let script =
            switch index {
            case 0: PackageResources.v001_initial_sql
            case 1: PackageResources.v002_limits_audit_sql
            case 2: PackageResources.v003_sessions_counters_sql
            case 3: PackageResources.v004_people_sql
            case 4: PackageResources.v005_remembered_tokens_sql
            case 5: PackageResources.v006_codes_sql
            case 6: PackageResources.v007_bounds_sql
            case 7: PackageResources.v008_projects_sql
            default: PackageResources.v009_smaller_schema_sql
            }
        return String(decoding: script, as: UTF8.self)
    }
}

extension AuthError {
    init(_ error: SQLiteError) {
        self =
            error.kind == .temporary
            ? .unavailable(reason: error.description) : .failure(reason: error.description)
    }
}

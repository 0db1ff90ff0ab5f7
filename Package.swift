// swift-tools-version: 6.2
//
// Two builds of one source. `EMBEDDED=1 swift build -c release` makes the small static
// executables that ship; the ordinary build carries the tests. See docs/architecture.md.

import PackageDescription

/// Every executable that a web server runs by CGI, by the name of its folder in Sources/Executables: one for each endpoint,
/// and one for all other paths.
let endpoints = [
    "send-code",
    "verify-code",
    "refresh-token",
    "revoke-token",
    "current-user",
    "list-api-keys",
    "create-api-key",
    "delete-api-key",
    "update-api-key",
    "rotate-api-key",
    "verify-api-key",
    "list-sessions",
    "delete-session",
    "revoke-other-sessions",
    "update-user",
    "delete-user",
    "send-deletion-code",
    "preferences",
    "change-email",
    "confirm-email",
    "list-projects",
    "create-project",
    "get-project",
    "update-project",
    "delete-project",
    "add-member",
    "update-member",
    "remove-member",
    "list-invitations",
    "accept-invitation",
    "decline-invitation",
    "jwks",
    "health",
    "metrics",
    "not-found",
]

let isEmbedded = Context.environment["EMBEDDED"] == "1"

/// The build for PostgreSQL: `STORE=postgresql`. No other build needs libpq.
let isPostgreSQL = Context.environment["STORE"] == "postgresql"

/// The build for `Tests/Fuzz/run`: every module tells libFuzzer where it has been.
let isFuzzed = Context.environment["FUZZ"] == "1"

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .swiftLanguageMode(.v6),
]

/// In several modules: the folder of what only the other build's store needs.
let otherStore = isPostgreSQL ? "OnSQLite" : "OnPostgreSQL"

/// Which store the few statements that differ are for.
let storeSettings: [SwiftSetting] = isPostgreSQL ? [.define("POSTGRESQL")] : []

let swiftSettings: [SwiftSetting] =
    strict + storeSettings
    + (isFuzzed ? [.unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"])] : [])
    + (isEmbedded
        ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-Osize", "-Xfrontend", "-function-sections"])]
        : [.treatWarning("EmbeddedRestrictions", as: .error)])

/// The libraries of the embedded build, which records none by itself: static ones, and libpq, which is not to be had so.
let libraries =
    ["swiftUnicodeDataTables"]
    + ["sqlite3", "argon2", "hogweed", "nettle", "gmp"].map { isPostgreSQL ? ":lib\($0).a" : $0 }
    + ["m"] + (isPostgreSQL ? ["pq"] : [])

let linkerSettings: [LinkerSetting] =
    isEmbedded
    ? libraries.map { .linkedLibrary($0) }
        + [
            .unsafeFlags(
                // The driver passes -pie, too, and clang warns that -static makes it useless.
                (isPostgreSQL
                    ? ["-use-ld=lld"]
                    : ["-use-ld=lld", "-Xclang-linker", "-static", "-Xclang-linker", "-Wno-unused-command-line-argument"])
                    + [
                        "-Xlinker", "--gc-sections", "-Xlinker", "-s",
                        "-Xlinker", "--no-eh-frame-hdr", "-Xlinker", "--icf=all",
                        "-Xlinker", "\(Context.packageDirectory)/Sources/CLibc/no-unwinding.ld",
                    ])
        ]
    : []

/// A module. Only the build for PostgreSQL has `PostgreSQL`.
func module(
    _ name: String, uses dependencies: [String], besides excluded: [String] = [], resources: [Resource] = []
) -> Target {
    let present = dependencies.filter { isPostgreSQL || $0 != "PostgreSQL" }.map { Target.Dependency.byName(name: $0) }
    return .target(name: name, dependencies: present, exclude: excluded, resources: resources, swiftSettings: swiftSettings)
}

func executable(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/Executables/\(name)",
        swiftSettings: swiftSettings, linkerSettings: linkerSettings)
}

func tests(_ name: String, of dependencies: [Target.Dependency], besides excluded: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)", exclude: excluded,
        swiftSettings: strict + storeSettings)
}

var targets: [Target] = [
    .systemLibrary(name: "CLibc"),
    .systemLibrary(name: "CSQLite"),
    .systemLibrary(name: "CArgon2"),
    .systemLibrary(name: "CNettle"),

    module("Platform", uses: ["CLibc"]),
    module("JSON", uses: ["Platform"]),
    module("CGI", uses: ["Platform"]),
    module("Cryptography", uses: ["CArgon2", "CNettle", "Platform"]),
    module("SQLite", uses: ["CSQLite"]),
    module("SQL", uses: ["SQLite", "PostgreSQL"], besides: [isPostgreSQL ? "SQLite.swift" : "PostgreSQL.swift"]),
    module(
        "Store", uses: ["SQL", "SQLite", "PostgreSQL", "Cryptography", "Platform"],
        besides: [otherStore],
        resources: [
            .embedInCode("Migrations/v001-initial.sql"),
            .embedInCode("Migrations/v002-limits-audit.sql"),
            .embedInCode("Migrations/v003-sessions-counters.sql"),
            .embedInCode("Migrations/v004-people.sql"),
            .embedInCode("Migrations/v005-remembered-tokens.sql"),
            .embedInCode("Migrations/v006-codes.sql"),
            .embedInCode("Migrations/v007-bounds.sql"),
            .embedInCode("Migrations/v008-projects.sql"),
            .embedInCode("Migrations/v009-smaller-schema.sql"),
        ] + (isPostgreSQL ? [.embedInCode("OnPostgreSQL/v009.sql")] : [])),
    module("Auth", uses: ["Store", "Cryptography", "Platform"]),
    module("Settings", uses: ["Auth", "Store", "Platform"]),
    module("API", uses: ["Auth", "CGI", "Cryptography", "JSON", "Settings", "Store", "Platform"]),

    module("Endpoints", uses: ["Auth", "API"]),

    executable("latchkey-fcgi", uses: ["API", "Endpoints"]),
    executable("deliver-mail", uses: ["API", "Auth", "Settings", "Store", "Platform"]),
]
targets += endpoints.map { executable($0, uses: ["API", "Endpoints"]) }

if !isEmbedded {
    targets += [
        module("Operations", uses: ["Auth", "Store", "Cryptography", "Platform"], besides: [otherStore]),
        .target(
            name: "TestSupport", dependencies: ["API", "CGI", "SQL", "Store"],
            path: "Tests/TestSupport", swiftSettings: strict + storeSettings),
        tests("PlatformTests", of: ["Platform"]),
        tests("JSONTests", of: ["JSON", "Platform"]),
        tests("CGITests", of: ["CGI", "JSON", "Platform"]),
        tests("SQLiteTests", of: ["SQLite", "Platform"]),
        tests("CryptographyTests", of: ["Cryptography"]),
        tests("AuthTests", of: ["Auth", "Operations", "Store", "Cryptography", "SQL", "Platform"], besides: ["clock.txt"]),
        tests("SettingsTests", of: ["Auth", "Settings", "Store", "Platform"]),
        tests("APITests", of: ["API", "CGI", "Auth", "Endpoints", "JSON", "Settings", "Store", "Platform"]),
        tests("EndpointTests", of: ["Platform"]),
        tests("ServerTests", of: []),
        tests("StructureTests", of: []),
        .target(name: "ServerConfigurations", dependencies: ["API"], swiftSettings: strict),
        .executableTarget(
            name: "write-routes", dependencies: ["API", "ServerConfigurations"],
            path: "Sources/Executables/write-routes", swiftSettings: strict),
        .executableTarget(
            name: "write-settings", dependencies: ["Settings"], path: "Sources/Executables/write-settings",
            swiftSettings: strict),
        tests("ServerConfigurationsTests", of: ["API", "ServerConfigurations"]),
        .executableTarget(
            name: "latchkey",
            dependencies: [
                "API", "Auth", "CGI", "JSON", "Operations", "Settings", "Store", "Platform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Executables/latchkey", exclude: [otherStore], swiftSettings: strict + storeSettings),
        tests("AdminTests", of: ["latchkey"]),
    ]
}

if isPostgreSQL {
    targets += [
        .systemLibrary(name: "CPostgreSQL"),
        module("PostgreSQL", uses: ["CPostgreSQL", "Platform"]),
    ]
    if !isEmbedded { targets.append(tests("PostgreSQLTests", of: ["PostgreSQL", "SQLite", "Store", "Platform"])) }
}

if isFuzzed {
    targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["API", "Auth", "CGI", "Cryptography", "JSON", "Settings", "Store", "Platform"],
            path: "Tests/Fuzz",
            exclude: ["corpus", "dictionaries", "run"], swiftSettings: swiftSettings,
            linkerSettings: [.linkedLibrary("stdc++"), .unsafeFlags(["-sanitize=address", "-use-ld=lld"])]))
}

/// Only the administrator's command parses arguments, and it is not part of the embedded build.
let dependencies: [Package.Dependency] =
    isEmbedded ? [] : [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")]

let package = Package(name: "latchkey", dependencies: dependencies, targets: targets)

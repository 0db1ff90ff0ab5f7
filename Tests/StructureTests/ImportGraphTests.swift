// Imports point one way: the test reads the manifest and the sources as text and compares them with the table below.

import Foundation
import TestSupport
import Testing

/// The imports of each module, and of each executable outside the list of endpoints, lowest first: an entry imports only
/// entries above it. If you add a module or an import, add it here.
private let graph: KeyValuePairs<String, Set<String>> = [
    "CLibc": [], "CSQLite": [], "CArgon2": [], "CNettle": [], "CPostgreSQL": [],
    "Platform": ["CLibc"],
    "JSON": ["Platform"],
    "CGI": ["Platform"],
    "Cryptography": ["CArgon2", "CNettle", "Platform"],
    "SQLite": ["CSQLite"],
    "PostgreSQL": ["CPostgreSQL", "Platform"],
    "SQL": ["SQLite", "PostgreSQL"],
    "Store": ["SQL", "SQLite", "PostgreSQL", "Cryptography", "Platform"],
    "Auth": ["Store", "Cryptography", "Platform"],
    "Operations": ["Auth", "Store", "Cryptography", "Platform"],
    "Settings": ["Auth", "Store", "Platform"],
    "API": ["Auth", "CGI", "Cryptography", "JSON", "Settings", "Store", "Platform"],
    "Endpoints": ["Auth", "API"],
    "ServerConfigurations": ["API"],
    "latchkey-fcgi": ["API", "Endpoints"],
    "deliver-mail": ["API", "Auth", "Settings", "Store", "Platform"],
    "write-routes": ["API", "ServerConfigurations"],
    "write-settings": ["Settings"],
    "latchkey": ["API", "Auth", "CGI", "JSON", "Operations", "Settings", "Store", "Platform", "ArgumentParser"],
]

/// The imports of an endpoint's executable: all are alike.
private let endpointImports: Set<String> = ["API", "Endpoints"]

/// Modules of Swift and its platform: they are not targets, so the manifest does not name them. Each is allowed by name. The
/// two that use Foundation write files of the project; no package contains them.
private let external: [String: Set<String>] = ["write-routes": ["Foundation"], "write-settings": ["Foundation"]]

/// Modules of Swift that the embedded build lacks, or that expose more of C than `CLibc` does.
private let barred: Set<String> = [
    "Foundation", "FoundationEssentials", "FoundationNetworking", "FoundationInternationalization", "Glibc", "Musl", "Dispatch",
]

/// Only the module that hides a C module may import it. C modules with more importers are listed here, with all of their
/// importers.
private let sharedCModules: [String: Set<String>] = [:]

@Suite struct ImportGraphTests {
    private let manifest = try! String(contentsOfFile: "\(projectFolder)/Package.swift", encoding: .utf8)

    private var table: [String: Set<String>] { Dictionary(uniqueKeysWithValues: graph.map { ($0.key, $0.value) }) }

    /// The names in quotes in `text`.
    private func quoted(_ text: some StringProtocol) -> [String] {
        String(text).matches(of: /"([A-Za-z0-9-]+)"/).map { String($0.1) }
    }

    /// The manifest's list of executables that serve one endpoint each.
    private var endpoints: [String] {
        quoted(manifest.firstMatch(of: /let endpoints = \[([^\]]*)\]/)?.1 ?? "")
    }

    /// Each target in Sources that the manifest declares, and what it uses.
    private var targets: [String: Set<String>] {
        var targets: [String: Set<String>] = [:]
        for match in manifest.matches(of: /\.systemLibrary\(name: "(\w+)"\)/) { targets[String(match.1)] = [] }
        let declaration =
            /(?:\bmodule|\bexecutable|\.target|\.executableTarget)\(\s*(?:name: )?"([\w-]+)",\s*(?:uses|dependencies): \[([^\]]*)\]/
        for match in manifest.matches(of: declaration) {
            let uses = String(match.2).replacing(/package: "[^"]*"/, with: "")
            targets[String(match.1)] = Set(quoted(uses))
        }
        // These two have folders in Tests.
        for name in ["TestSupport", "fuzz"] { targets[name] = nil }
        return targets
    }

    /// The folder of each target in Sources.
    private var folders: [String: String] {
        get throws {
            let sources = "\(projectFolder)/Sources"
            func names(_ folder: String) throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
            }
            let modules = try names(sources).filter { $0 != "Executables" }.map { ($0, "\(sources)/\($0)") }
            let executables = try names("\(sources)/Executables").map { ($0, "\(sources)/Executables/\($0)") }
            return Dictionary(uniqueKeysWithValues: modules + executables)
        }
    }

    /// The modules that the Swift files in `folder` import.
    private func imports(in folder: String) throws -> Set<String> {
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        let line =
            /^\s*(?:@\w+(?:\([^)]*\))? +)*(?:\w+ +)?import +(?:(?:struct|class|enum|protocol|typealias|func|let|var) +)?(\w+)/
            .anchorsMatchLineEndings()
        return try files.filter { $0.hasSuffix(".swift") }.reduce(into: []) { found, file in
            let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            found.formUnion(text.matches(of: line).map { String($0.1) })
        }
    }

    @Test func everyTargetOfTheSourcesIsInTheTable() throws {
        #expect(endpoints.count >= 35)
        #expect(Set(endpoints).isDisjoint(with: table.keys))
        #expect(Set(try folders.keys) == Set(table.keys).union(endpoints))
    }

    @Test func theTableIsLowestFirst() {
        var above: Set<String> = ["ArgumentParser"]
        for (module, imports) in graph {
            #expect(imports.isSubset(of: above), "\(module) imports \(imports.subtracting(above)), which is not above it")
            above.insert(module)
        }
        #expect(endpointImports.isSubset(of: above))
    }

    @Test func theManifestSaysWhatTheTableSays() {
        #expect(targets == table)
        // One line of the manifest makes the executables of all endpoints.
        let line = manifest.firstMatch(of: /endpoints\.map \{ executable\(\$0, uses: \[([^\]]*)\]\) \}/)
        #expect(Set(quoted(line?.1 ?? "")) == endpointImports)
    }

    @Test func everyModuleImportsWhatItsEntryAllowsAndNothingElse() throws {
        let folders = try folders
        for (module, allowed) in graph {
            let imports = try imports(in: try #require(folders[module]))
            #expect(imports == allowed.union(external[module] ?? []), "\(module)")
        }
        for endpoint in endpoints {
            let imports = try imports(in: try #require(folders[endpoint]))
            #expect(imports.contains("API") && imports.isSubset(of: endpointImports), "\(endpoint): \(imports)")
        }
    }

    @Test func eachCModuleHasOneImporter() throws {
        let importers = try folders.mapValues(imports(in:))
        let modules = table.keys.filter { $0.hasPrefix("C") && (try? folders[$0].map(isSystemLibrary)) == true }
        #expect(modules.count >= 4)
        for module in modules {
            let found = Set(importers.filter { $0.value.contains(module) }.keys)
            #expect(sharedCModules[module].map { found == $0 } ?? (found.count == 1), "\(module): \(found)")
        }
    }

    /// Whether the folder has a module map, and so is a C module.
    private func isSystemLibrary(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/module.modulemap")
    }

    @Test func nothingThatAHandlerIsMadeOfImportsFoundationOrGlibc() throws {
        var modules = endpointImports
        var handlers = Set(endpoints + ["latchkey-fcgi", "deliver-mail"])
        modules.formUnion(table["deliver-mail"] ?? [])
        while let module = modules.popFirst() {
            guard handlers.insert(module).inserted else { continue }
            modules.formUnion(table[module] ?? [])
        }
        #expect(handlers.isSuperset(of: ["Platform", "SQLite", "Cryptography", "JSON", "CGI", "Store", "Auth", "Settings"]))
        #expect(!handlers.contains("Operations"), "an endpoint sees what only an operator does")
        let folders = try folders
        for name in handlers {
            let imports = try imports(in: try #require(folders[name]))
            #expect(imports.isDisjoint(with: barred), "\(name) imports \(imports.intersection(barred))")
        }
    }
}

// Names of test suites: each is unique, shows its kind, and is also the name of its file.

import Foundation
import TestSupport
import Testing

/// Endings of suite names, by test target; every other target has unit tests, which end otherwise.
private let endings = ["EndpointTests": "EndpointTests", "ServerTests": "ServerTests", "AdminTests": "CommandTests"]

/// The ending for rules of module Auth; the target's other suites are unit tests of one of its types.
private let ruleEnding = "RuleTests"

@Suite struct SuiteNameTests {
    /// A Swift file of a test target, and the suites in it.
    private struct TestFile {
        let target: String
        let name: String
        let lines: Int
        let suites: [String]
    }

    private func files() throws -> [TestFile] {
        let tests = "\(projectFolder)/Tests"
        let suite = /^ *@Suite(?:\(.*\))?\s+(?:final )?(?:struct|class|actor|enum) (\w+)/.anchorsMatchLineEndings()
        return try FileManager.default.contentsOfDirectory(atPath: tests).flatMap { target in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(tests)/\(target)")) ?? []
            return try names.filter { $0.hasSuffix(".swift") }.map { name in
                let text = try String(contentsOfFile: "\(tests)/\(target)/\(name)", encoding: .utf8)
                return TestFile(
                    target: target, name: String(name.dropLast(6)), lines: text.count { $0 == "\n" },
                    suites: text.matches(of: suite).map { String($0.1) })
            }
        }
    }

    @Test func noTwoSuitesShareAName() throws {
        let suites = try files().flatMap { $0.suites }
        #expect(suites.count >= 100)
        let counts = Dictionary(grouping: suites) { $0 }.mapValues { $0.count }
        #expect(counts.filter { $0.value > 1 } == [:])
    }

    @Test func aFileHasOneSuiteAndItsName() throws {
        for file in try files() {
            #expect(file.suites == (file.name.hasSuffix("Tests") ? [file.name] : []), "\(file.target)/\(file.name)")
        }
    }

    @Test func aNameTellsTheKind() throws {
        for file in try files() {
            for suite in file.suites {
                if let ending = endings[file.target] {
                    #expect(suite.hasSuffix(ending) && suite != ending, "\(file.target)/\(suite)")
                } else {
                    #expect(endings.values.allSatisfy { !suite.hasSuffix($0) }, "\(file.target)/\(suite)")
                    #expect(file.target == "AuthTests" || !suite.hasSuffix(ruleEnding), "\(file.target)/\(suite)")
                }
            }
        }
    }

    @Test func noFileHasMoreThan400Lines() throws {
        #expect(try files().filter { $0.lines > 400 }.map { "\($0.target)/\($0.name): \($0.lines)" } == [])
    }
}

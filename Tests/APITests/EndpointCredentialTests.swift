// An endpoint must declare its credentials: without a check, or without the user that its check returns, it does not compile.

import Foundation
import TestSupport
import Testing

@Suite struct EndpointCredentialTests {
    /// Whether the expression `endpoint` compiles against the modules of this build, and the compiler's output.
    private func compiles(_ endpoint: String) throws -> (Bool, String) {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).swift")
        defer { try? FileManager.default.removeItem(at: file) }
        try "import API\nimport Auth\n\nlet endpoint = \(endpoint)\n".write(to: file, atomically: true, encoding: .utf8)
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        let maps = (["CLibc", "CSQLite", "CArgon2", "CNettle"] + (isPostgreSQL ? ["CPostgreSQL"] : [])).flatMap {
            ["-Xcc", "-fmodule-map-file=\(root.path)/Sources/\($0)/module.modulemap"]
        }
        // The build makes an identifier of the folder's name.
        let packageName = String(root.lastPathComponent.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
        compiler.arguments =
            [
                "swiftc", "-typecheck", "-swift-version", "6", "-package-name", packageName,
                "-I", "\(root.path)/.build/debug/Modules",
            ] + maps + [file.path]
        let output = Pipe()
        compiler.standardError = output
        try compiler.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        compiler.waitUntilExit()
        return (compiler.terminationStatus == 0, text)
    }

    @Test func oneWithoutACheckDoesNotCompile() throws {
        let body = "throws(AuthError) in .ok(EmptyView()) }"
        let good = try compiles("Endpoint(.currentUser, forUser: { (request, user, auth) \(body))")
        #expect(good.0, "\(good.1)")
        for wrong in [
            "Endpoint(.currentUser, { (request, auth) \(body))", "Endpoint(.currentUser) { (request, auth) \(body)",
            "Endpoint(.currentUser, forUser: { (request, auth) \(body))", "Endpoint(.currentUser)",
        ] {
            let result = try compiles(wrong)
            #expect(!result.0 && !result.1.contains("no such module"), "\(wrong): \(result.1)")
        }
    }
}

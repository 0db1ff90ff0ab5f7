// How many processes lighttpd-fastcgi.sh gives a pool.

import Foundation
import TestSupport
import Testing

@Suite struct FastCGIPoolServerTests {
    /// `max-procs` of each pool, with LATCHKEY_FASTCGI_PROCESSES and the settings of a state folder.
    private func counts(_ processes: String? = nil, settings: String = "") -> [String] {
        let home = Home(settings: settings)
        var environment = ["PATH": "/usr/bin:/bin", "LATCHKEY_FASTCGI": "1", "LATCHKEY_HOME": home.path]
        environment["LATCHKEY_FASTCGI_PROCESSES"] = processes
        let result = Program(
            "/bin/sh", ["-c", "cd \"$0\" && sh lighttpd-fastcgi.sh", projectFolder], environment: environment
        ).finish()
        #expect(result.exitCode == 0, "\(result.errors)")
        let text = String(decoding: result.output, as: UTF8.self)
        #expect(text.contains(#"var.home + "/run/api.socket""#) && text.contains(#"var.home + "/run/codes.socket""#))
        return text.components(separatedBy: "\"max-procs\" => ").dropFirst().map { String($0.prefix { $0 != "," }) }
    }

    @Test func theVariableThenTheSettingThenTheCoresDecide() throws {
        let cores = try #require(
            Int(String(decoding: Program.run("nproc", []).output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)))
        // A process that waits for PostgreSQL needs no core.
        let standard = String(isPostgreSQL ? min(8 * cores, 64) : cores)
        #expect(counts("3", settings: "fastcgi_processes = 5\n") == ["3", "3"])
        #expect(counts(settings: "mail = maildir\n  fastcgi_processes=5 \n") == ["5", "5"])
        #expect(counts("64") == ["64", "64"])
        #expect(counts() == [standard, standard])
    }

    @Test func anInvalidNumberIsTheNumberOfCores() {
        let cores = counts()
        for value in ["0", "65", "-1", "x", "1; touch x", "2.5"] { #expect(counts(value) == cores, "\(value)") }
        #expect(counts(settings: "#fastcgi_processes = 5\n") == cores)
        #expect(counts(settings: "fastcgi_processes = 500\n") == cores)
    }

    @Test func withoutTheVariableThereIsNothing() {
        let result = Program("/bin/sh", ["\(projectFolder)/lighttpd-fastcgi.sh"], environment: ["PATH": "/usr/bin:/bin"]).finish()
        #expect(result.exitCode == 0 && result.output.isEmpty)
    }
}

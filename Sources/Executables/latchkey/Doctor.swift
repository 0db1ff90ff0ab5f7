// latchkey doctor: finds what keeps a service from working, and says what to do about it.
//
// 1. It changes nothing: it creates no folder and migrates no database. With --url the audit log records one refusal.
// 2. Each check is one line, and a line of advice if it finds something.
// 3. It says what it did not check, and why.

import API
import ArgumentParser
import Auth
import CGI
import Operations
import Platform
import Settings
import Store

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks the service, and says how to fix what is wrong.",
        discussion: """
            Prints a line for each check: ok, warning or fault. After a warning or a fault, \
            it says what to do. It changes nothing.

            With --url, it also sends requests through the web server, with curl. The audit \
            log then has one entry for a refused request. Tokens are sent only if the URL's \
            host is this machine or the host of base_url.

            Settings and limits are those of this shell. The web server may have a different \
            environment.

            Exit codes: 0 no fault (there may be warnings); 1 at least one fault; 64 wrong \
            usage; 69 there is no service.

            Example: latchkey doctor --url https://id.example.com
            """)

    @Option(name: .long, help: "The URL of the service: also check the web server.")
    var url: ServiceURL?

    @Option(
        name: .long,
        help: ArgumentHelp("The folder of the executables, if it is not beside this command.", valueName: "folder"))
    var executables: String?

    @Flag(name: .long, help: "Check every page and reference of the database.")
    var deep = false

    @OptionGroup var output: OutputOptions

    func run() throws(ExitCode) {
        var report = Report()
        try ending { () throws(CommandError) in
            try examine(&report)
            try output.json ? report.showJSON() : show(report.text)
        }
        if report.count(.fault) > 0 { throw ExitCode(1) }
    }

    private func examine(_ report: inout Report) throws(CommandError) {
        let path = try configured { () throws(ConfigurationFault) in try Configuration.homePath() }
        guard (try? File.status(path)) ?? nil != nil else {
            throw .notFound("state folder: \(StateFolder.absence(of: path, "does not exist").reason)")
        }
        let state = report.examineFolder(path)
        let owner = ((try? File.status(path)) ?? nil)?.owner
        report.examineExecutables(in: executables ?? Doctor.executablesBeside(), of: path, owner: owner)
        report.examineMachine()
        guard let state else { return }
        guard state.isThere else {
            throw .notFound("state folder: \(StateFolder.absence(of: state.path, StateFolder.absentPart).reason)")
        }
        var faults: [ConfigurationFault] = []
        let configuration = Configuration(examining: state, faults: &faults)
        report.examineWebRoot(configuration)
        report.examineFiles(in: state)
        report.examineMark(of: state, named: path, executables: executables ?? Doctor.executablesBeside())
        report.examineSettings(configuration, faults: faults, url: url)
        report.examineSecrets(in: state)
        report.examineSigningKey(configuration)
        report.examineDatabase(configuration, isDeep: deep)
        report.examineMail(configuration)
        report.examineRoom(in: state)
        report.examineHashing(configuration)
        if let url { report.examineService(at: url, configuration) }
    }

    /// The folder of the executables beside this command, in a package or in the project; nil if there is none.
    static func executablesBeside() -> String? {
        guard let folder = try? Environment.executableFolder() else { return nil }
        return ["\(folder)/cgi-bin", "\(File.parent(of: folder))/cgi-bin"].first {
            (try? File.status("\($0)/send-code")) ?? nil != nil
        }
    }
}

extension ServiceURL: ExpressibleByArgument {
    public init?(argument: String) {
        var text = argument
        while text.utf8.last == UInt8(ascii: "/") { text.unicodeScalars.removeLast() }
        self.init(text)
    }
}

/// The result of one check.
struct Finding: Equatable {
    enum State: String {
        case ok, warning, fault
    }

    let state: State
    /// What was checked.
    let check: String
    let found: String
    /// What to do; nil if nothing is wrong.
    let advice: String?
}

/// The results of all checks, in order.
struct Report {
    private(set) var findings: [Finding] = []

    mutating func ok(_ check: String, _ found: String) {
        add(Finding(state: .ok, check: check, found: found, advice: nil))
    }

    mutating func warn(_ check: String, _ found: String, do advice: String) {
        add(Finding(state: .warning, check: check, found: found, advice: advice))
    }

    mutating func fault(_ check: String, _ found: String, do advice: String) {
        add(Finding(state: .fault, check: check, found: found, advice: advice))
    }

    mutating func add(_ finding: Finding) {
        findings.append(finding)
    }

    func count(_ state: Finding.State) -> Int {
        findings.filter { $0.state == state }.count
    }

    var text: String {
        let lines = findings.map { finding in
            let state = finding.state.rawValue
            let space = String(repeating: " ", count: Report.indent - state.utf8.count)
            let advice = finding.advice.map { Report.wrapped($0, after: "") } ?? ""
            return Report.wrapped("\(finding.check): \(finding.found)", after: state + space) + advice
        }
        let sum =
            "\(counted(findings.count, "check")): \(counted(count(.fault), "fault")), "
            + "\(counted(count(.warning), "warning")).\n"
        return lines.joined() + sum
    }

    private static let indent = 9

    /// `text` in lines of 80 columns after an indent, or after `start` in the first line. Words are never cut, so
    /// that a path can be copied.
    private static func wrapped(_ text: String, after start: String) -> String {
        let blank = String(repeating: " ", count: indent)
        var (lines, line, isEmpty) = ("", start.utf8.isEmpty ? blank : start, true)
        for word in printable(text).split(separator: " ") {
            if !isEmpty, line.unicodeScalars.count + 1 + word.unicodeScalars.count > Table.width {
                lines += "\(line)\n"
                (line, isEmpty) = (blank, true)
            }
            line += isEmpty ? word : " \(word)"
            isEmpty = false
        }
        return "\(lines)\(line)\n"
    }

    func showJSON() throws(CommandError) {
        try latchkey.showJSON(findings) { json, finding in
            json.object { json in
                json.member("check", finding.check)
                json.member("state", finding.state.rawValue)
                json.member("found", finding.found)
                json.member("advice", finding.advice)
            }
        }
    }
}

// Sends requests through the web server, with curl. Its arguments go through standard input, so that no process list
// shows a request, and no shell reads it.

import CGI
import Platform

/// A service at a URL, as a client sees it.
struct WebClient {
    /// `http://…` without a slash at the end.
    let url: String
    private let curl: String

    /// nil if there is no curl in PATH.
    init?(url: String) {
        let folders = Environment.value("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        let paths = folders.utf8.split(separator: UInt8(ascii: ":")).map { "\(String(Substring($0)))/curl" }
        guard let curl = paths.first(where: { $0.utf8.first == UInt8(ascii: "/") && Machine.mayRun($0) })
        else { return nil }
        self.url = url
        self.curl = curl
    }

    /// Sends one request, without following redirects. `url` is this service's by default.
    func send(
        _ method: String, _ path: String, headers: [String] = [], body: String? = nil, url: String? = nil
    ) -> WebAnswer {
        var lines = [
            "silent", "show-error", "include", "path-as-is", "globoff", "max-time = 10",
            "connect-timeout = 10", #"proto = "=http,https""#, "url = \(quoted((url ?? self.url) + path))",
        ]
        // With any other option curl waits for a body, which HEAD's answer does not have.
        lines.append(method.isSame(as: "HEAD") ? "head" : "request = \(quoted(method))")
        lines += headers.map { "header = \(quoted($0))" }
        if let body {
            lines += [#"header = "Content-Type: application/json""#, "data-binary = \(quoted(body))"]
        }
        let environment = ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"].compactMap { name in
            Environment.value(name).map { "\(name)=\($0)" }
        }
        do throws(SystemError) {
            // The largest executable is smaller than this.
            let (ending, output) = try Command.capture(upTo: 16 << 20) { (output) throws(SystemError) in
                try Command.run(
                    curl, arguments: ["-q", "-K", "-"], environment: environment,
                    input: Array((lines.joined(separator: "\n") + "\n").utf8), limit: .seconds(15),
                    output: output)
            }
            if ending == .exit(0) { return WebAnswer(output) }
            let said = output.split(separator: 0x0A).first { $0.starts(with: "curl: ".utf8) }
            var code: Int32?
            if case .exit(let number) = ending { code = number }
            return WebAnswer(
                curlCode: code,
                error: said.map { String(decoding: $0, as: UTF8.self) } ?? "curl was ended before it finished")
        } catch {
            return WebAnswer(curlCode: nil, error: error.description)
        }
    }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }
}

/// The response.
struct WebAnswer {
    /// 0 if there was none.
    let status: Int
    private let headers: [(name: String, value: String)]
    let body: [UInt8]
    /// curl's error if there was no response, and its exit code.
    let error: String?
    let curlCode: Int32?

    init(curlCode: Int32?, error: String) {
        (status, headers, body) = (0, [], [])
        self.curlCode = curlCode
        self.error = error
    }

    /// Reads the response as curl prints it with its headers.
    init(_ bytes: [UInt8]) {
        (error, curlCode) = (nil, nil)
        var rest = bytes[...]
        var (status, headers): (Int, [(String, String)]) = (0, [])
        while let end = rest.firstIndex(of: 0x0A) {
            let line = rest[..<end].last == 0x0D ? rest[..<end].dropLast() : rest[..<end]
            rest = rest[(end + 1)...]
            if line.starts(with: "HTTP/".utf8) {
                let words = line.split(separator: 0x20)
                status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
                headers = []
            } else if line.isEmpty {
                // Another head follows an interim response (RFC 9110 §15.2).
                if status < 100 || status > 199 { break }
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                let name = String(decoding: line[..<colon].map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }, as: UTF8.self)
                let value = line[(colon + 1)...].drop { $0 == 0x20 }
                headers.append((name, String(decoding: value, as: UTF8.self)))
            }
        }
        (self.status, self.headers, body) = (status, headers, Array(rest))
    }

    /// The value of the header `name`, in lower case.
    func header(_ name: String) -> String? {
        headers.first { $0.name.isSame(as: name) }?.value
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// Whether Latchkey wrote it: it has its request id, and its envelope unless it has no body.
    var isOurs: Bool {
        guard let id = header("x-request-id"), UUID(text: id.utf8) != nil else { return false }
        return body.isEmpty || body.starts(with: #"{"success":"#.utf8)
    }

    /// `error.code` of Latchkey's answer.
    var code: String? {
        let parts = text.utf8.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
        guard let name = parts.firstIndex(where: { $0.elementsEqual("code".utf8) }), name + 2 < parts.count
        else { return nil }
        return String(Substring(parts[name + 2]))
    }

    /// A summary for a report.
    var summary: String {
        if let error { return error }
        guard isOurs else { return "\(status), not from Latchkey" }
        return code.map { "\(status) \($0)" } ?? String(status)
    }
}

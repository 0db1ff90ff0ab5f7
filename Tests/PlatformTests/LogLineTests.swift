// Log lines: a client's text stays within its quotes.

import Platform
import Testing

@Suite struct LogLineTests {
    private func line(_ value: String) -> String {
        var line = LogLine(at: Timestamp(seconds: 0))
        line.add("k", value)
        return String(decoding: line.bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("plain", "plain"), ("/a/b?c#d,e", "/a/b?c#d,e"), ("", #""""#), ("a b", #""a b""#), ("a=b", #""a=b""#),
        (#"a"b"#, #""a\"b""#),
        (#"a\b"#, #""a\\b""#), ("a\nk=v", #""a\x0ak=v""#), ("a\r\n", #""a\x0d\x0a""#),
        ("\0\u{1B}[2J\u{7F}", #""\x00\x1b[2J\x7f""#),
        ("é", #""\xc3\xa9""#), ("\u{2028}", #""\xe2\x80\xa8""#),
    ])
    func whatAClientSentStaysInItsPlace(value: String, written: String) {
        #expect(line(value) == "time=1970-01-01T00:00:00.000Z k=\(written)\n")
    }
}

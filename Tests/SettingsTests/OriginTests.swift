// cors_origins: a person's spelling becomes the origin that browsers send, or an error names it.

import Testing

@testable import Settings

@Suite struct OriginTests {
    @Test(arguments: [
        ("https://app.example.com", "https://app.example.com"),
        ("https://App.Example.com", "https://app.example.com"),
        ("HTTPS://APP.EXAMPLE.COM:443/", "https://app.example.com"),
        ("http://app.example.com:80", "http://app.example.com"),
        ("http://app.example.com:443", "http://app.example.com:443"),
        ("https://app.example.com:80/", "https://app.example.com:80"),
        ("http://localhost:05173", "http://localhost:5173"),
        ("http://latch_key:3000", "http://latch_key:3000"),
        ("http://192.0.2.7:8080", "http://192.0.2.7:8080"),
        ("http://[2001:DB8:0:0::1]:8080", "http://[2001:db8::1]:8080"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost/", "ionic://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("Capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
        (
            "safari-web-extension://E1D3B1C2-0000-4A5B-9C8D-1234567890AB",
            "safari-web-extension://E1D3B1C2-0000-4A5B-9C8D-1234567890AB"
        ),
        ("com.example.app://localhost", "com.example.app://localhost"),
    ]) func anOriginIsWrittenAsBrowsersWriteIt(given: String, sent: String) throws {
        #expect(try origin(given) == sent)
    }

    @Test(arguments: [
        ("*", "would allow pages of every origin"), ("null", "would allow pages of every origin"),
        ("file://", "the origin null"), ("file:///app/index.html", "the origin null"), ("data://x", "the origin null"),
        ("app.example.com", "not an origin such as"), ("//app.example.com", "not an origin such as"),
        ("https:app.example.com", "not an origin such as"),
        ("1https://a", "not an origin such as"), ("https://a/b", "has no path"), ("https://a//", "has no path"),
        ("https://a?b", "has no path"),
        ("capacitor://localhost/app", "has no path"), ("https://ann@a.example", "has no user"),
        ("https://", "not a host"), ("https://:443", "not a host"), ("https://.a", "not a host"),
        ("https://a*.example", "not a host"),
        ("https://*.example.com", "not a host"), ("capacitor://", "not a host"), ("https://b\u{FC}cher.example", "with xn--"),
        ("https://a:", "not a port"), ("https://a:0", "not a port"), ("https://a:65536", "not a port"),
        ("https://a:x", "not a port"),
        ("http://127.1", "not an IPv4 address"), ("http://192.0.2.256", "not an IPv4 address"),
        ("http://0x7f.1", "not an IPv4 address"),
        ("http://[::1", "not an IPv6 address"), ("http://[1.2.3.4]", "not an IPv6 address"), ("http://[::1]x", "not a port"),
    ]) func whatNoBrowserSendsIsRefusedByName(given: String, reason: String) {
        do throws(ValueFault) {
            let sent = try origin(given)
            Issue.record("\(given) became \(sent)")
        } catch {
            #expect(error.reason.contains(reason) && (error.reason.contains(given)), "\(error.reason)")
        }
    }
}

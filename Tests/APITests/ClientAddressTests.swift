// The client's address: `X-Forwarded-For` counts only as far as trusted proxies wrote it.

import CGI
import Platform
import TestSupport
import Testing

@testable import API
@testable import Settings

@Suite struct ClientAddressTests {
    private func client(
        _ peer: String, _ forwarded: [String], trusting ranges: String = "10.0.0.0/8 127.0.0.1 2001:db8:f::/48"
    ) throws -> String? {
        let entries = ["REMOTE_ADDR=\(peer)"] + forwarded.map { "HTTP_X_FORWARDED_FOR=\($0)" }
        let request = Request(parameters: parameters(entries)) { _ in [] }
        return clientAddress(of: request, trusting: try elements(ranges, networkRange))?.text
    }

    @Test func withoutATrustedPeerTheHeaderSaysNothing() throws {
        #expect(try client("192.0.2.1", ["198.51.100.1"]) == "192.0.2.1")
        #expect(try client("11.0.0.1", ["198.51.100.1"]) == "11.0.0.1")
        #expect(try client("", ["198.51.100.1"]) == nil)
        #expect(try client("unix:/run/x", ["198.51.100.1"]) == nil)
    }

    @Test func theFirstAddressFromTheRightThatIsNoProxyIsTheClient() throws {
        #expect(try client("10.1.2.3", ["198.51.100.1"]) == "198.51.100.1")
        #expect(try client("10.1.2.3", ["6.6.6.6, 198.51.100.1"]) == "198.51.100.1")
        #expect(try client("10.1.2.3", ["6.6.6.6,198.51.100.1 ,\t10.9.9.9"]) == "198.51.100.1")
        #expect(try client("10.1.2.3", ["127.0.0.1, 198.51.100.1, 10.9.9.9, 10.8.8.8"]) == "198.51.100.1")
        #expect(try client("2001:db8:f:1::1", ["2001:DB8:0::00:5"]) == "2001:db8::5")
        #expect(try client("::ffff:10.0.0.1", ["::ffff:198.51.100.1"]) == "198.51.100.1")
    }

    @Test func portsAndBracketsAreTaken() throws {
        #expect(try client("10.0.0.1", ["198.51.100.1:4711"]) == "198.51.100.1")
        #expect(try client("10.0.0.1", ["[2001:db8::5]:4711"]) == "2001:db8::5")
        #expect(try client("10.0.0.1", ["[2001:db8::5]"]) == "2001:db8::5")
    }

    @Test func whatCannotBeReadEndsTheReadingThere() throws {
        for hop in [
            "", "unknown", "_hidden", "198.51.100.1:x", "198.51.100.1:", "[2001:db8::5", "[198.51.100.1]", "198.51.100",
            "1.2.3.4.5",
            "fe80::1%eth0", "\"198.51.100.1\"", "198.51.100.1 6.6.6.6", "198.51.100.1:123456", "[2001:db8::5]x", "0x7f.1",
            "１92.0.2.1",
        ] {
            #expect(try client("10.0.0.1", [hop]) == "10.0.0.1", "\(hop)")
            #expect(try client("10.0.0.1", ["6.6.6.6, \(hop), 10.0.0.2"]) == "10.0.0.2", "\(hop)")
            #expect(try client("10.0.0.1", ["\(hop), 198.51.100.1"]) == "198.51.100.1", "\(hop)")
        }
    }

    @Test func ifAllAreProxiesTheFarthestIsTheClient() throws {
        #expect(try client("10.0.0.1", ["10.0.0.3, 10.0.0.2"]) == "10.0.0.3")
        #expect(try client("10.0.0.1", []) == "10.0.0.1")
    }

    @Test func twoFieldsCountAsNone() throws {
        #expect(try client("10.0.0.1", ["198.51.100.1", "198.51.100.2"]) == "10.0.0.1")
    }

    @Test func aRangeHoldsWhatItsPrefixSays() throws {
        for (range, address, isIn) in [
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.128/25", "192.0.2.128", true), ("0.0.0.0/0", "203.0.113.1", true), ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "192.0.2.1", false), ("::/0", "2001:db8::1", true), ("2001:db8::/33", "2001:db8:7fff::", true),
            ("2001:db8::/33", "2001:db8:8000::", false), ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
            ("10.1.2.3/8", "10.9.9.9", true),
        ] {
            let range = try networkRange(range)
            #expect(range.contains(try #require(NetworkAddress(address))) == isIn, "\(range) \(address)")
        }
    }
}

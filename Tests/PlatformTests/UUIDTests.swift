// UUIDs, read and written.

import Platform
import Testing

@Suite struct UUIDTests {
    private let text = "01234567-89ab-4def-8123-456789abcdef"

    @Test func textAndBytesAreTheSameName() throws {
        let id = try #require(UUID(text: text.utf8))
        #expect(id.text == text)
        #expect(id.bytes == [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0x4D, 0xEF, 0x81, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF])
        #expect(UUID(id.bytes) == id)
        #expect(UUID(text: text.uppercased().utf8) == id)
        #expect(UUID([UInt8](repeating: 0, count: 15)) == nil && UUID([UInt8](repeating: 0, count: 17)) == nil)
    }

    @Test func nothingElseIsOne() {
        for wrong in [
            "", "{\(text)}", text + " ", " " + text, String(text.dropLast()), text + "0",
            "0" + text.dropFirst().replacing("-", with: "_"),
            text.replacing("-", with: ""), "urn:uuid:\(text)", text.replacing("a", with: "g"), text.replacing("0", with: "０"),
            "0123456-789ab-4def-8123-456789abcdef", text.replacing("0", with: "+"), text.replacing("f", with: "\0"),
        ] {
            #expect(UUID(text: wrong.utf8) == nil, "\(wrong)")
        }
    }

    @Test func aNewOneIsRandomAndOfVersion4() {
        let ids = (0..<1000).map { _ in UUID.random() }
        #expect(Set(ids.map(\.text)).count == 1000)
        for id in ids { #expect(id.bytes[6] >> 4 == 4 && id.bytes[8] >> 6 == 2) }
    }
}

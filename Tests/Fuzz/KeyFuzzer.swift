// API keys, Base64, UUIDs and the stored form of a hash: one value has one text. The first byte chooses the parser.

import Cryptography
import Platform

@Sendable func checkKey(_ bytes: [UInt8]) {
    let rest = Array(bytes.dropFirst())
    switch bytes.first {
    case UInt8(ascii: "k"): checkSecret(text(rest))
    case UInt8(ascii: "e"): checkEditedSecret(rest)
    case UInt8(ascii: "b"): checkBase64(rest)
    case UInt8(ascii: "u"): checkUUID(rest)
    case UInt8(ascii: "p"): checkHash(text(rest))
    case UInt8(ascii: "c"): checkHash("$argon2id$v=19$\(text(rest))$\(zeros(22))$\(zeros(43))")
    default: break
    }
}

private func checkSecret(_ text: String) {
    guard let secret = APIKeySecret(text) else { return }
    must(same(secret.text, text) && text.utf8.count == 46 && text.utf8.starts(with: "sk_".utf8), "a key is its text")
    must(text.utf8.allSatisfy { 0x21..<0x7F ~= $0 }, "a key is ASCII")
    let bytes = Base64.url.decode(text.utf8.dropFirst(3)) ?? []
    must(bytes[28...].reduce(0) { $0 << 8 | UInt32($1) } == crc32(bytes[..<28]), "the checksum holds")
}

private func checkEditedSecret(_ bytes: [UInt8]) {
    guard bytes.count >= 28 else { return }
    let random = bytes[..<28]
    let sum = crc32(random)
    let genuine = "sk_" + Base64.url.encode(random + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - $0 * 8)) })
    must(APIKeySecret(genuine) != nil, "a genuine key is read")
    // One edit: the checksum detects every burst of 32 bits, but not every pair of distant errors.
    let changed = text(edited(genuine, by: bytes[28...].prefix(3)))
    must((APIKeySecret(changed) != nil) == same(changed, genuine), "a mistyped key is refused")
    must(APIKeySecret(genuine + "A") == nil && APIKeySecret(" " + genuine) == nil, "a key is the whole text")
}

private func checkBase64(_ bytes: [UInt8]) {
    for alphabet in [Base64.standard, .url] {
        let encoded = alphabet.encode(bytes)
        must(alphabet.decode(encoded.utf8) == bytes, "what is encoded is decoded")
        must(encoded.utf8.allSatisfy { 0x2B...0x7A ~= $0 && $0 != 0x3D }, "without padding")
        if let decoded = alphabet.decode(bytes) {
            must(alphabet.encode(decoded).utf8.elementsEqual(bytes), "a value has one text")
        }
    }
}

private func checkUUID(_ bytes: [UInt8]) {
    if let id = UUID(text: bytes) {
        must(id.text.utf8.elementsEqual(bytes.map { 0x41...0x46 ~= $0 ? $0 | 0x20 : $0 }), "a name is its text, in small letters")
        must(UUID(id.bytes) == id && UUID(text: id.text.utf8) == id, "a name is its bytes")
    }
    must((UUID(bytes) != nil) == (bytes.count == 16), "16 bytes are a name")
}

/// The Base64 of bytes that are all zero.
private func zeros(_ count: Int) -> String { String(repeating: "A", count: count) }

/// The run's own limit measures a hash's memory. Valid hashes that take long are left out: they only cost time.
private func checkHash(_ text: String) {
    let numbers = text.utf8.split { !(0x30...0x39 ~= $0) }.compactMap { Int(String(Substring($0))) }
    guard !numbers.contains(where: { 257...65536 ~= $0 || 9...16 ~= $0 }) else { return }
    guard let isRight = try? Argon2.verify(Array("wrong".utf8), against: text) else { return }
    must(!isRight, "no hash is another secret's")
    must(
        text.utf8.starts(with: "$argon2id$v=19$m=".utf8) && text.utf8.count { $0 == UInt8(ascii: "$") } == 5,
        "only a PHC string of Latchkey is read")
    let fields = text.utf8.split(separator: UInt8(ascii: "$"))
    must(fields[2].allSatisfy { $0 != 0x2B } && fields[2].count { $0 == 0x2C } == 2, "three numbers without a sign")
    must(11...86 ~= fields[3].count && fields[4].count == 43, "8 to 64 bytes of salt and 32 of tag")
}

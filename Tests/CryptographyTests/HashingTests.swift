// Published vectors for the primitives that everything else uses.

import Cryptography
import Testing

@Suite struct HashingTests {
    // FIPS 180-4, example "abc".
    @Test func sha256OfTheStandardsExample() {
        #expect(SHA256.digest(Array("abc".utf8)) == bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    }

    // RFC 4231 §4.3, test case 2.
    @Test func hmacOfTheRFCsExample() {
        let (key, text) = (Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
        #expect(HMAC.sha256(key: key, text) == bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
        #expect(
            HMAC.sha512(key: key, text)
                == bytes(
                    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
                ))
    }

    // RFC 5869 appendix A.1 and A.3.
    @Test func hkdfOfTheRFCsExamples() {
        let secret = [UInt8](repeating: 0x0B, count: 22)
        #expect(
            HKDF.derive(from: secret, salt: bytes("000102030405060708090a0b0c"), info: bytes("f0f1f2f3f4f5f6f7f8f9"), count: 42)
                == bytes("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
        #expect(
            HKDF.derive(from: secret, info: [], count: 42)
                == bytes("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"))
    }

    // RFC 9106 §5.3.
    @Test func argon2idOfTheRFCsExample() throws {
        let tag = try Argon2.tag(
            [UInt8](repeating: 1, count: 32), salt: [UInt8](repeating: 2, count: 16),
            cost: Argon2Cost(memory: 32, passes: 3), lanes: 4, pepper: [UInt8](repeating: 3, count: 8),
            data: [UInt8](repeating: 4, count: 12))
        #expect(tag == bytes("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"))
    }

    @Test func aHashVerifiesItsSecretAndPepperAndNothingElse() throws {
        let cost = Argon2Cost(memory: 64, passes: 1)
        let hash = try Argon2.hash([1, 2], cost: cost, pepper: [9])
        #expect(hash.hasPrefix("$argon2id$v=19$m=64,t=1,p=1$"))
        #expect(try Argon2.verify([1, 2], against: hash, pepper: [9]))
        #expect(try !Argon2.verify([1, 3], against: hash, pepper: [9]))
        #expect(try !Argon2.verify([1, 2], against: hash, pepper: [8]))
        #expect(try !Argon2.verify([1, 2], against: hash))
        #expect(try Argon2.hash([1, 2], cost: cost, pepper: [9]) != hash)
        for damaged in ["", "x", String(hash.dropFirst()), hash + "$", hash.replacing("v=19", with: "v=16")] {
            #expect(throws: Argon2Error.malformed) { try Argon2.verify([1], against: damaged) }
        }
    }

    @Test(arguments: [
        "m=65537,t=1,p=1", "m=4000000,t=1,p=1", "m=4294967295,t=1,p=1", "m=64,t=17,p=1", "m=64,t=4294967295,p=1", "m=64,t=1,p=2",
        "m=+64,t=1,p=1", "m=64,,t=1,p=1", "m=64,t=1", "t=1,m=64,p=1", "m=64,t=1,p=1,", "m=,t=1,p=1", "m=4294967296,t=1,p=1",
    ]) func aHashOfAnotherCostThanOursIsRefusedBeforeItIsPaid(cost: String) {
        let (salt, tag) = (String(repeating: "A", count: 22), String(repeating: "A", count: 43))
        #expect(throws: Argon2Error.malformed) { try Argon2.verify([1], against: "$argon2id$v=19$\(cost)$\(salt)$\(tag)") }
    }

    @Test func saltAndTagAreWhole() {
        for (salt, tag) in [(22, 6), (22, 0), (22, 86), (10, 43), (0, 43), (88, 43)] {
            let rest = "\(String(repeating: "A", count: salt))$\(String(repeating: "A", count: tag))"
            #expect(throws: Argon2Error.malformed) { try Argon2.verify([1], against: "$argon2id$v=19$m=64,t=1,p=1$\(rest)") }
        }
    }

    @Test func theChecksumIsTheUsualOne() {
        #expect(crc32("123456789".utf8) == 0xCBF4_3926)
        #expect(crc32([]) == 0)
    }

    @Test func comparisonSeesEveryByte() {
        #expect(equalInConstantTime([1, 2, 3], [1, 2, 3]))
        #expect(!equalInConstantTime([1, 2, 3], [1, 2, 4]))
        #expect(!equalInConstantTime([1, 2, 3], [1, 2]))
    }

    // RFC 4648 §10, without padding.
    @Test func base64IsCanonicalOrRefused() {
        for (text, encoded) in [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Base64.url.encode(text.utf8) == encoded)
            #expect(Base64.url.decode(encoded.utf8) == Array(text.utf8))
        }
        #expect(Base64.url.encode([0xFB, 0xFF]) == "-_8")
        #expect(Base64.standard.encode([0xFB, 0xFF]) == "+/8")
        for wrong in ["Z", "Zh", "Zm9", "Zg==", "Zm9v\n", " Zm9v", "Zm9v+", "+/8", "Zm9vé"] {
            #expect(Base64.url.decode(wrong.utf8) == nil, "\(wrong)")
        }
    }
}

// Hashing in the caller's memory, and the cost that a hash states.

import Cryptography
import Testing

@Suite struct Argon2MemoryTests {
    private let cost = Argon2Cost(memory: 1024, passes: 2)

    @Test func aHashInMemoryOfOnesOwnIsTheSame() throws {
        let memory = try #require(Argon2Memory(for: cost))
        let hash = try Argon2.hash(Array("secret".utf8), cost: cost, pepper: [1, 2], in: memory)
        #expect(try Argon2.verify(Array("secret".utf8), against: hash, pepper: [1, 2]))
        #expect(try Argon2.verify(Array("secret".utf8), against: hash, pepper: [1, 2], in: memory))
        #expect(try !Argon2.verify(Array("Secret".utf8), against: hash, pepper: [1, 2], in: memory))
    }

    @Test func oneThatIsTooSmallIsNoMemory() throws {
        let memory = try #require(Argon2Memory(for: Argon2Cost(memory: 1023, passes: 1)))
        #expect(throws: Argon2Error.outOfMemory) { try Argon2.hash([1], cost: cost, in: memory) }
    }

    @Test func whatAHashCostsStandsInIt() throws {
        #expect(Argon2.cost(of: try Argon2.hash([1], cost: cost)) == cost)
        #expect(Argon2.cost(of: "$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA") == nil)
    }
}

// The gate before Argon2: only so many processes hash a code at once, each with its memory in hand, and with
// room on the disk for what follows, before anything is counted. So a stampede does not eat the machine, and
// neither it nor a full disk costs anyone an attempt.

import Cryptography
import Platform
import Store

extension Auth {
    /// Runs `body` with memory to hash one code, once one of the slots is free.
    ///
    /// Throws `unavailable` if none becomes free in `Policy.slotWait`, or there is no memory, or no disk.
    func withHashing<T>(
        _ body: (Argon2Memory) throws(AuthError) -> T
    ) throws(AuthError) -> T {
        endReading()
        let slots = policy.argon2Slots ?? Int64(Environment.coreCount)
        let slot: SlotLock?
        do throws(SystemError) {
            guard try File.freeSpace(at: state.path) >= Policy.roomToSignIn else {
                throw SystemError.full(state.path)
            }
            slot = try SlotLock(
                waitingFor: state.hashingLockPath, slots: Int(slots), atMost: Policy.slotWait)
        } catch {
            throw AuthError(error)
        }
        guard let slot else { throw .unavailable(reason: "every Argon2 slot is taken") }
        // A hash keeps a core busy for 30 ms, in which many short requests could be answered.
        Environment.giveWay()
        guard let memory = Argon2Memory(for: Policy.codeCost) else { throw AuthError(.outOfMemory) }
        return try withExtendedLifetime(slot) { () throws(AuthError) in try body(memory) }
    }
}

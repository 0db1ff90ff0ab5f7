// The commands that only this build's store has.

import ArgumentParser

/// None besides the common ones.
let storeCommands: [any ParsableCommand.Type] = []

/// None: a rotation of the secret needs no preparation.
let secretCommands: [any ParsableCommand.Type] = []

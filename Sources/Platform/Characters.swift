// Characters that control how a text is displayed, instead of being visible.

extension Unicode.Scalar {
    /// C0, delete, C1, and the line and paragraph separators. A terminal may treat U+009B like ESC [.
    package var isControl: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value) || (0x2028...0x2029).contains(value)
    }

    /// Embeddings, overrides and isolates (UAX #9): they change the direction of what follows, even outside the text.
    package var turnsDirection: Bool { (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value) }

    /// The direction marks, which text in Arabic or Hebrew may need.
    package var isDirectionMark: Bool { value == 0x200E || value == 0x200F || value == 0x61C }

    /// Whether a name that other people see may contain it.
    package var isAllowedInNames: Bool { !isControl && !turnsDirection }
}

// Characters that act on what shows a text, instead of being shown.

extension Unicode.Scalar {
    /// C0, delete, C1, and the separators of lines and paragraphs. A terminal may obey U+009B as it obeys ESC [.
    package var isControl: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value) || (0x2028...0x2029).contains(value)
    }

    /// Embeddings, overrides and isolates (UAX #9): they turn the direction of what follows, also outside of the text.
    package var turnsDirection: Bool { (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value) }

    /// The marks of direction, which text in Arabic or Hebrew may need.
    package var isDirectionMark: Bool { value == 0x200E || value == 0x200F || value == 0x61C }

    /// Whether what people name, and others see, may hold it.
    package var isAllowedInNames: Bool { !isControl && !turnsDirection }
}

// Settings, read from the text of a file named `f`.

@testable import Settings

func read(_ bytes: [UInt8]) throws(ConfigurationFault) -> Settings {
    var settings = Settings()
    try settings.read(bytes, file: "f")
    return settings
}

func read(_ text: String) throws(ConfigurationFault) -> Settings { try read(Array(text.utf8)) }

/// What is wrong with `text`; nil if it is valid.
func fault(_ text: String) -> String? {
    do {
        _ = try read(text)
        return nil
    } catch {
        return error.reason
    }
}

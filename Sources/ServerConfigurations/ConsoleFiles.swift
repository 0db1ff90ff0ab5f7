// The console's files, the only files that servers deliver.

/// The console's files, as a list and as a pattern for servers.
package enum ConsoleFiles {
    /// Their paths in public/.
    package static let paths = [
        "index.html", "docs.html", "api.js", "app.js", "docs.js", "docs-elements.js", "docs-reference.js", "docs-samples.js",
        "docs-search.js", "page.js", "requests.js", "steps.js", "views.js", "docs.css", "style.css", "icon.svg", "openapi.json",
        "languages/de.json", "languages/en.json", "languages/es.json", "languages/fr.json", "languages/ja.json",
        "languages/zh.json",
    ]

    /// `paths` as one regular expression.
    package static let pattern = paths.map(escaped).joined(separator: "|")
}

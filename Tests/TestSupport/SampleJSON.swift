// JSON in the documents, compared with real answers: ids, times and tokens differ in each run.

import Foundation

/// How `actual` differs from the sample `shown`; nil if it has the same form. Both are JSON texts. In the sample, a text that
/// ends in `…` matches every text with that beginning; ids and times match others of their form.
package func difference(from shown: String, in actual: String) -> String? {
    guard let sample = parsed(shown) else { return "the sample is not JSON: \(shown)" }
    guard let value = parsed(actual) else { return "the answer is not JSON: \(actual)" }
    return difference(from: sample, in: value, at: "")
}

private func parsed(_ text: String) -> Any? {
    try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
}

private func difference(from sample: Any, in value: Any, at path: String) -> String? {
    switch (sample, value) {
    case (let sample as [String: Any], let value as [String: Any]):
        guard Set(sample.keys) == Set(value.keys) else {
            return "\(path): \(sample.keys.sorted()) in the sample, \(value.keys.sorted()) in the answer"
        }
        for (name, member) in sample {
            if let found = difference(from: member, in: value[name] ?? NSNull(), at: "\(path)/\(name)") { return found }
        }
        return nil
    case (let sample as [Any], let value as [Any]):
        guard sample.count == value.count else { return "\(path): \(sample.count) in the sample, \(value.count) in the answer" }
        for (index, (sample, value)) in zip(sample, value).enumerated() {
            if let found = difference(from: sample, in: value, at: "\(path)/\(index)") { return found }
        }
        return nil
    case (let sample as String, let value as String):
        return hasForm(of: sample, value) ? nil : "\(path): \(sample) in the sample, \(value) in the answer"
    default:
        return (sample as? NSObject) == (value as? NSObject) ? nil : "\(path): \(sample) in the sample, \(value) in the answer"
    }
}

/// Whether `text` is `sample`, or has its form.
private func hasForm(of sample: String, _ text: String) -> Bool {
    if sample.hasSuffix("…") { return text.hasPrefix(sample.dropLast()) }
    return named(sample) == named(text)
}

private func named(_ text: String) -> String {
    text.replacing(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "<uuid>")
        .replacing(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z/, with: "<time>")
}

// A statement's values, in the form that libpq expects.

import CPostgreSQL

/// All values of one statement, in one block of memory.
struct Parameters {
    private var types: [Oid] = []
    private var bytes: [UInt8] = []
    /// Where each value begins in `bytes`; nil for NULL.
    private var places: [Int?] = []
    private var lengths: [Int32] = []

    /// Throws `other` for text with NUL, which PostgreSQL cannot store.
    init(_ values: [Value], of sql: StaticString) throws(PostgreSQLError) {
        for value in values {
            types.append(value.type.oid)
            let start = bytes.count
            switch value {
            case .null:
                places.append(nil)
                lengths.append(0)
                continue
            case .integer(let number):
                for shift: Int64 in [56, 48, 40, 32, 24, 16, 8, 0] {
                    bytes.append(UInt8(truncatingIfNeeded: number >> shift))
                }
            case .text(let text):
                bytes.append(contentsOf: text.utf8)
                guard !bytes[start...].contains(0) else {
                    throw PostgreSQLError(
                        state: "22021", message: "text with NUL", sql: sql.description, kind: .other)
                }
            case .blob(let blob): bytes.append(contentsOf: blob)
            }
            places.append(start)
            lengths.append(Int32(bytes.count - start))
        }
        // An empty value must not be a null pointer, which means NULL.
        bytes.append(0)
    }

    var count: Int32 { Int32(types.count) }

    func withArrays<T>(
        _ body: (
            _ types: UnsafePointer<Oid>, _ values: UnsafePointer<UnsafePointer<CChar>?>, _ lengths: UnsafePointer<Int32>,
            _ formats: UnsafePointer<Int32>
        ) -> T
    ) -> T {
        bytes.withUnsafeBytes { memory in
            let values = places.map { place in
                place.map { UnsafePointer((memory.baseAddress! + $0).assumingMemoryBound(to: CChar.self)) }
            }
            // 1: the binary format.
            return body(types, values, lengths, [Int32](repeating: 1, count: types.count))
        }
    }
}

/// Calls `body` with pointers to `texts` as C strings, and a null pointer at the end.
func withCStrings<T>(_ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> T) -> T {
    var bytes: [CChar] = []
    var places: [Int] = []
    for text in texts {
        places.append(bytes.count)
        for byte in text.utf8 { bytes.append(CChar(bitPattern: byte)) }
        bytes.append(0)
    }
    return bytes.withUnsafeBufferPointer { memory in
        var pointers: [UnsafePointer<CChar>?] = places.map { memory.baseAddress! + $0 }
        pointers.append(nil)
        return body(pointers)
    }
}

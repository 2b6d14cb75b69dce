/// Completed indexes as the API writes them: `0,2-4,7`.
struct JobIndexes: Sendable, Equatable, CustomStringConvertible {
    private var members: Set<Int> = []

    init(_ text: String?) {
        for part in (text ?? "").split(separator: ",") {
            let bounds = part.split(separator: "-").compactMap { Int($0) }
            if let first = bounds.first, let last = bounds.last, first <= last { members.formUnion(first...last) }
        }
    }

    var isEmpty: Bool { members.isEmpty }
    var count: Int { members.count }
    func contains(_ index: Int) -> Bool { members.contains(index) }
    mutating func insert(_ index: Int) { members.insert(index) }

    var description: String {
        var parts: [String] = []
        var run: ClosedRange<Int>?
        func flush() {
            guard let run else { return }
            switch run.count {
            case 1: parts.append("\(run.lowerBound)")
            case 2: parts.append("\(run.lowerBound),\(run.upperBound)")
            default: parts.append("\(run.lowerBound)-\(run.upperBound)")
            }
        }
        for index in members.sorted() {
            if let current = run, current.upperBound + 1 == index {
                run = current.lowerBound...index
            } else {
                flush()
                run = index...index
            }
        }
        flush()
        return parts.joined(separator: ",")
    }
}

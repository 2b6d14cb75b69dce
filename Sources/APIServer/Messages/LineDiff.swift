/// Differences of two texts by lines, in the unified form and with the choices of Python's difflib, which upstream's messages have.
enum LineDiff {
    private struct Block {
        var first: Int
        var second: Int
        var count: Int
    }

    private struct Change {
        var old: Range<Int>
        var new: Range<Int>
        var isEqual: Bool
    }

    /// Hunks with three lines of context, each behind its `@@` line. Empty where the texts are the same.
    static func unified(_ old: [String], _ new: [String]) -> String {
        var output = ""
        for group in groups(changes(old, new), context: 3) {
            guard let first = group.first, let last = group.last else { continue }
            let oldRange = first.old.lowerBound..<last.old.upperBound
            let newRange = first.new.lowerBound..<last.new.upperBound
            output += "@@ -\(shown(oldRange)) +\(shown(newRange)) @@\n"
            for change in group {
                if change.isEqual {
                    for line in old[change.old] { output += " \(line)\n" }
                } else {
                    for line in old[change.old] { output += "-\(line)\n" }
                    for line in new[change.new] { output += "+\(line)\n" }
                }
            }
        }
        return output
    }

    private static func shown(_ range: Range<Int>) -> String {
        switch range.count {
        case 1: "\(range.lowerBound + 1)"
        case 0: "\(range.lowerBound),0"
        default: "\(range.lowerBound + 1),\(range.count)"
        }
    }

    private static func changes(_ old: [String], _ new: [String]) -> [Change] {
        var changes: [Change] = []
        var first = 0
        var second = 0
        for block in matchingBlocks(old, new) + [Block(first: old.count, second: new.count, count: 0)] {
            if first < block.first || second < block.second {
                changes.append(Change(old: first..<block.first, new: second..<block.second, isEqual: false))
            }
            first = block.first + block.count
            second = block.second + block.count
            if block.count > 0 {
                changes.append(Change(old: block.first..<first, new: block.second..<second, isEqual: true))
            }
        }
        return changes
    }

    private static func groups(_ changes: [Change], context: Int) -> [[Change]] {
        guard changes.contains(where: { !$0.isEqual }) else { return [] }
        var changes = changes
        if let first = changes.first, first.isEqual {
            let kept = min(context, first.old.count)
            changes[0] = Change(
                old: first.old.upperBound - kept..<first.old.upperBound, new: first.new.upperBound - kept..<first.new.upperBound,
                isEqual: true)
        }
        if let last = changes.last, last.isEqual { changes[changes.count - 1] = head(last, context) }
        var groups: [[Change]] = []
        var group: [Change] = []
        for change in changes {
            if change.isEqual, change.old.count > context * 2 {
                group.append(head(change, context))
                groups.append(group)
                group = [
                    Change(
                        old: change.old.upperBound - context..<change.old.upperBound,
                        new: change.new.upperBound - context..<change.new.upperBound, isEqual: true)
                ]
            } else {
                group.append(change)
            }
        }
        if group.contains(where: { !$0.isEqual }) { groups.append(group) }
        return groups
    }

    private static func head(_ change: Change, _ count: Int) -> Change {
        let kept = min(count, change.old.count)
        return Change(
            old: change.old.lowerBound..<change.old.lowerBound + kept, new: change.new.lowerBound..<change.new.lowerBound + kept,
            isEqual: true)
    }

    /// The longest common run, then the longest before and behind it, and so on.
    private static func matchingBlocks(_ old: [String], _ new: [String]) -> [Block] {
        var positions: [String: [Int]] = [:]
        for (index, line) in new.enumerated() { positions[line, default: []].append(index) }
        // Lines that are everywhere say nothing about where a long text continues.
        if new.count >= 200 {
            let limit = new.count / 100 + 1
            positions = positions.filter { $0.value.count <= limit }
        }
        var blocks: [Block] = []
        var pending = [(0..<old.count, 0..<new.count)]
        while let (oldRange, newRange) = pending.popLast() {
            let block = longestMatch(old, new, oldRange, newRange, positions)
            guard block.count > 0 else { continue }
            blocks.append(block)
            pending.append((oldRange.lowerBound..<block.first, newRange.lowerBound..<block.second))
            pending.append((block.first + block.count..<oldRange.upperBound, block.second + block.count..<newRange.upperBound))
        }
        blocks.sort { $0.first < $1.first }
        return blocks.reduce(into: []) { joined, block in
            if let last = joined.last, last.first + last.count == block.first, last.second + last.count == block.second {
                joined[joined.count - 1].count += block.count
            } else {
                joined.append(block)
            }
        }
    }

    private static func longestMatch(
        _ old: [String], _ new: [String], _ oldRange: Range<Int>, _ newRange: Range<Int>, _ positions: [String: [Int]]
    ) -> Block {
        var best = Block(first: oldRange.lowerBound, second: newRange.lowerBound, count: 0)
        var lengths: [Int: Int] = [:]
        for first in oldRange {
            var next: [Int: Int] = [:]
            for second in positions[old[first]] ?? [] where newRange.contains(second) {
                let length = (lengths[second - 1] ?? 0) + 1
                next[second] = length
                if length > best.count {
                    best = Block(first: first - length + 1, second: second - length + 1, count: length)
                }
            }
            lengths = next
        }
        while best.first > oldRange.lowerBound, best.second > newRange.lowerBound, old[best.first - 1] == new[best.second - 1] {
            best.first -= 1
            best.second -= 1
            best.count += 1
        }
        while best.first + best.count < oldRange.upperBound, best.second + best.count < newRange.upperBound,
            old[best.first + best.count] == new[best.second + best.count]
        {
            best.count += 1
        }
        return best
    }
}

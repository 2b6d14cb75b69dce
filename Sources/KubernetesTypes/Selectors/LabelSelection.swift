/// Which labels an object must have: parsed from a query such as `app=web,tier in (front,back),!legacy`, or made of a
/// `LabelSelector`.
public struct LabelSelection: Sendable, Hashable {
    public enum Requirement: Sendable, Hashable {
        case exists(String)
        case doesNotExist(String)
        case `in`(String, Set<String>)
        /// Objects without the label match too.
        case notIn(String, Set<String>)
        case greaterThan(String, Int64)
        case lessThan(String, Int64)
    }

    public var requirements: [Requirement]

    /// Selects everything.
    public init(_ requirements: [Requirement] = []) { self.requirements = requirements }

    public init(matching labels: [String: String]) {
        requirements = labels.sorted { $0.key < $1.key }.map { .in($0.key, [$0.value]) }
    }

    /// - Returns: nil for an operator that does not exist.
    public init?(_ selector: LabelSelector) {
        var requirements = LabelSelection(matching: selector.matchLabels ?? [:]).requirements
        for expression in selector.matchExpressions ?? [] {
            let values = Set(expression.values ?? [])
            switch expression.operator {
            case "In": requirements.append(.in(expression.key, values))
            case "NotIn": requirements.append(.notIn(expression.key, values))
            case "Exists": requirements.append(.exists(expression.key))
            case "DoesNotExist": requirements.append(.doesNotExist(expression.key))
            default: return nil
            }
        }
        self.requirements = requirements
    }

    public var isEmpty: Bool { requirements.isEmpty }

    /// As a `labelSelector` of a query.
    public var query: String {
        requirements.map { requirement in
            switch requirement {
            case .exists(let key): key
            case .doesNotExist(let key): "!\(key)"
            case .in(let key, let values): "\(key) in (\(values.sorted().joined(separator: ",")))"
            case .notIn(let key, let values): "\(key) notin (\(values.sorted().joined(separator: ",")))"
            case .greaterThan(let key, let bound): "\(key)>\(bound)"
            case .lessThan(let key, let bound): "\(key)<\(bound)"
            }
        }.joined(separator: ",")
    }

    public func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .exists(let key): labels[key] != nil
            case .doesNotExist(let key): labels[key] == nil
            case .in(let key, let values): labels[key].map(values.contains) ?? false
            case .notIn(let key, let values): labels[key].map { !values.contains($0) } ?? true
            case .greaterThan(let key, let bound): labels[key].flatMap { Int64($0) }.map { $0 > bound } ?? false
            case .lessThan(let key, let bound): labels[key].flatMap { Int64($0) }.map { $0 < bound } ?? false
            }
        }
    }
}

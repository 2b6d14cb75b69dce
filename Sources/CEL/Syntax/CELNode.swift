import KubernetesTypes

/// A node of the syntax tree. Macros are nodes of their own rather than the loops that they stand for.
final class CELNode: Sendable {
    enum Macro: String, Sendable { case all, exists, existsOne = "exists_one", map, filter }

    enum Kind: Sendable {
        case literal(CELValue)
        case identifier(String)
        /// `isTest` is `has()`, `isOptional` is `.?`.
        case select(CELNode, String, isTest: Bool, isOptional: Bool)
        /// A function, a method where there is a target, or an operator under cel-go's name (`_+_`).
        case call(String, target: CELNode?, [CELNode])
        case list([CELNode], optional: Set<Int>)
        case map([(key: CELNode, value: CELNode)], optional: Set<Int>)
        case macro(Macro, range: CELNode, variable: String, [CELNode])
        case bind(String, CELNode, CELNode)
        case optionalMap(CELNode, variable: String, CELNode, isFlat: Bool)
    }

    let kind: Kind
    /// Scalars from the start of the source to what stands for the node.
    let offset: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    func uses(_ variable: String) -> Bool {
        switch kind {
        case .literal: false
        case .identifier(let name): name == variable
        case .select(let operand, _, _, _): operand.uses(variable)
        case .call(_, let target, let arguments): target?.uses(variable) == true || arguments.contains { $0.uses(variable) }
        case .list(let elements, _): elements.contains { $0.uses(variable) }
        case .map(let entries, _): entries.contains { $0.key.uses(variable) || $0.value.uses(variable) }
        case .macro(_, let range, let bound, let bodies):
            range.uses(variable) || (bound != variable && bodies.contains { $0.uses(variable) })
        case .bind(let bound, let value, let body): value.uses(variable) || (bound != variable && body.uses(variable))
        case .optionalMap(let target, let bound, let body, _):
            target.uses(variable) || (bound != variable && body.uses(variable))
        }
    }
}

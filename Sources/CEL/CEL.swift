import KubernetesTypes

/// The Common Expression Language as Kubernetes has it: rules of CustomResourceDefinitions, admission policies and gates.
///
/// A program is parsed and type-checked once and evaluated any number of times, with a limit on what an evaluation may cost.
/// The functions are those that every supported version of Kubernetes has (1.30 and later).
public struct CELProgram: Sendable {
    public let source: String
    /// What an evaluation yields.
    public let type: CELType
    let root: CELNode

    /// - Parameters:
    ///   - source: the expression.
    ///   - variables: the names that it may use, and their types.
    public init(_ source: String, variables: [String: CELType]) throws(CELError) {
        self.source = source
        do throws(CELIssue) {
            var parser = try CELParser(source)
            root = try parser.parse()
            var checker = CELChecker(variables: variables)
            type = try checker.check(root)
        } catch {
            throw CELError(.compilation, error.report(in: source))
        }
    }

    /// The value of the expression.
    ///
    /// - Parameter cost: what may still be spent; reduced by what was.
    public func evaluate(_ variables: [String: CELValue], cost: inout Int) throws(CELError) -> CELValue {
        var evaluator = CELEvaluator(remaining: cost)
        var scope = variables
        defer { cost = evaluator.remaining }
        return try evaluator.value(of: root, &scope)
    }

    /// The value of the expression, with the limit that Kubernetes sets for one rule.
    public func evaluate(_ variables: [String: CELValue]) throws(CELError) -> CELValue {
        var cost = CELProgram.costLimit
        return try evaluate(variables, cost: &cost)
    }

    /// What one evaluation may cost.
    public static let costLimit = 1_000_000
    /// What all rules of an object may cost together.
    public static let totalCostLimit = 10_000_000

    /// Whether the expression uses a variable.
    public func uses(_ variable: String) -> Bool { root.uses(variable) }
}

/// Why an expression cannot be compiled or evaluated.
public struct CELError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable { case compilation, evaluation, costLimit }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    static func evaluation(_ message: String) -> CELError { CELError(.evaluation, message) }
}

/// A problem at a place in the source.
struct CELIssue: Error {
    var offset: Int
    var message: String

    /// As cel-go shows it: place, problem, and the line with a caret below.
    func report(in source: String) -> String {
        let scalars = Array(source.unicodeScalars)
        let before = scalars.prefix(offset)
        let line = before.filter { $0 == "\n" }.count
        let start = (before.lastIndex(of: "\n") ?? -1) + 1
        let column = offset - start
        let text = source.split(separator: "\n", omittingEmptySubsequences: false)[line]
        return "ERROR: <input>:\(line + 1):\(column + 1): \(message)\n | \(text)\n | \(String(repeating: ".", count: column))^"
    }
}

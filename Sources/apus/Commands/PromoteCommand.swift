import ApusAPI
import ArgumentParser
import Embedded
import Foundation
import KubernetesTypes

/// `apus promote`: moves an alias.
struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Moves an alias of a model to a version, by a Promotion.",
        discussion: """
            Services that follow the alias move to the version when its servers are ready. The promotion stays as history.

            Exit code 0 when the alias has moved, 1 when the promotion was rejected, 3 when that is not known in time.

            Examples:
              apus promote tickets 2
              apus promote tickets tickets-1 --reason "2 confuses the kinds"
            """)

    @Argument(help: "Model.", completion: Completion.named("mdl"))
    var model: String

    @Argument(help: "ModelVersion, or its number.", completion: Completion.named("mver"))
    var version: String

    @Option(help: "Alias to move.")
    var alias = "production"

    @Option(help: "Why, for whoever reads the history.")
    var reason = "by hand"

    @Option(help: "How long to wait until the alias has moved.")
    var timeout = "30s"

    @Option(name: .shortAndLong, help: "What is printed: name, json or yaml.")
    var output = ObjectFormat.name

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let seconds = try DurationArgument.seconds(timeout)
        try await connection.use { cluster in
            let name = Int(version) == nil ? version : "\(model)-\(version)"
            let promotion = Promotion(
                metadata: ObjectMeta(
                    // Of promotions in the same second the later one has the later name.
                    name: "\(model)-\(alias)-\(String(Int(cluster.client.time.now().timeIntervalSince1970 * 1000), radix: 36))",
                    namespace: connection.namespace ?? cluster.defaultNamespace),
                spec: PromotionSpec(model: model, alias: alias, version: name, reason: reason, requestedBy: NSUserName()))
            let made = try await cluster.client.create(promotion)
            let last = try await cluster.follow(
                "promo/\(made.name)", until: try WaitGoal("condition=Ready"), Promotion.resourceType, made.name,
                namespace: made.namespace, within: .seconds(seconds))
            if let status = try last?.value.decode(Promotion.self).status, status.phase == .superseded {
                let reason = status.conditions?.first { $0.type == "Ready" }?.message ?? "another promotion came later"
                throw EmbeddedError(.outOfReach, "\(alias) is not \(name): \(reason)")
            }
            if try !output.printed(last?.value) { Terminal.say("\(model): \(alias) is \(name) (promotion \(made.name))") }
        }
    }
}

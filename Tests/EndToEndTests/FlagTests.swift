import ApusTesting
import Foundation
import Testing

/// Flags that cannot be meant are refused before anything begins.
@Suite struct FlagTests {
    @Test(arguments: [
        (["node", "--tls-cert", "node.pem"], "--tls-cert and --tls-key go together"),
        (["node", "run", "--tls-key", "node.key"], "--tls-cert and --tls-key go together"),
        (["controllers", "--node-grace-seconds", "0"], "--node-grace-seconds must be a number above 0"),
        (["controllers", "--log-level", "nonsense"], "The value 'nonsense' is invalid for '--log-level"),
    ])
    func whatCannotBeMeantIsRefused(_ arguments: [String], _ words: String) throws {
        let program = try Machine.builtProgram(checkout: URL(filePath: TestCluster.root))
        // Without the refusal it would end as well: there is no cluster.
        let refusal = #expect(throws: CommandFailure.self) {
            try Command.run([program.path] + arguments + ["--kubeconfig", "/nonexistent/kubeconfig"])
        }
        #expect(refusal?.description.contains(words) == true, "\(refusal?.description ?? "")")
    }
}

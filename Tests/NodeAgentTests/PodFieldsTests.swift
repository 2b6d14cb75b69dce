import ApusTesting
import Foundation
import KubernetesTypes
import Testing

@testable import NodeAgent

@Suite struct PodFieldsTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    private static let checks = FieldTableChecks(PodFields.table, roots: ["PodSpec"])

    /// The table says something of every field in the schema, and of none that is not there.
    @Test func tableIsComplete() throws {
        let schema = Self.folder.appending(path: "Fixtures/pod-fields.json")
        #expect(try Self.checks.disagreements(withSchema: schema) == [])
    }

    /// What is called honoured is shown by a test that is here.
    @Test func everyHonouredFieldNamesATest() throws {
        #expect(try Self.checks.missingTests(in: [Self.folder]) == [])
    }

    @Test func fieldsWithoutEffectAreNamed() {
        let pod = shellPod("p", "true") {
            $0.spec.shareProcessNamespace = true
            $0.spec.containers[0].livenessProbe = Probe(grpc: GRPCAction(port: 1))
            var volume = Volume()
            volume.name = "v"
            volume.nfs = NFSVolumeSource(path: "/", server: "s")
            $0.spec.volumes = [volume]
        }
        #expect(
            PodFields.unhonoured(pod).map(\.path) == [
                "spec.containers[main].livenessProbe.grpc", "spec.shareProcessNamespace", "spec.volumes[v].nfs",
            ])
        #expect(PodFields.unhonoured(shellPod("q", "true")).isEmpty)
    }
}

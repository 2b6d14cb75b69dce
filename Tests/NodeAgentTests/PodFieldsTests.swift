import Foundation
import KubernetesTypes
import Testing

@testable import NodeAgent

@Suite struct PodFieldsTests {
    /// The table says something of every field that the typed model knows, and of none that it does not.
    @Test func tableIsComplete() throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/pod-fields.json")
        let schema = try JSONDecoder().decode([String: [String]].self, from: Data(contentsOf: url))
        var wanted: Set<String> = []
        var queue = ["PodSpec"]
        var seen: Set<String> = []
        while let type = queue.popLast() {
            guard seen.insert(type).inserted else { continue }
            let fields = try #require(schema[type], "\(type) is not in the schema")
            for field in fields {
                let name = "\(type).\(field)"
                wanted.insert(name)
                if case .parts(let next) = PodFields.table.treatments[name] { queue.append(next) }
            }
        }
        #expect(wanted.subtracting(PodFields.table.treatments.keys).sorted() == [])
        #expect(Set(PodFields.table.treatments.keys).subtracting(wanted).sorted() == [])
    }

    /// What is called honoured is shown by a test that is here.
    @Test func everyHonouredFieldNamesATest() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        var sources = ""
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".swift") {
            sources += try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        }
        var missing: Set<String> = []
        for case .honoured(let test) in PodFields.table.treatments.values where !sources.contains("func \(test)(") {
            missing.insert(test)
        }
        #expect(missing.sorted() == [])
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

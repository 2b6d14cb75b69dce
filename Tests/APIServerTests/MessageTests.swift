import KubernetesTypes
import Testing

@testable import APIServer

/// Texts that errors quote objects with.
struct MessageTests {
    @Test func whatAPatchReachesIsSortedAndTheRestStandsAsDeclared() throws {
        let old: JSONValue = [
            "kind": "Service", "apiVersion": "v1", "metadata": ["uid": "u", "name": "a", "namespace": "n"],
            "spec": ["type": "ClusterIP", "clusterIP": "None", "ports": [["port": 80, "name": "http"]]],
        ]
        let type = "io.k8s.api.core.v1.Service"
        let patch: JSONValue = ["metadata": ["labels": ["x": "y"]]]
        let merged = MergePatch.apply(patch, to: old)
        #expect(
            PatchQuote.text(merged, old: old, type: type, reach: .merge(patch))
                == #"{"apiVersion":"v1","kind":"Service","metadata":{"labels":{"x":"y"},"name":"a","namespace":"n","uid":"u"},"#
                + #""spec":{"ports":[{"name":"http","port":80}],"clusterIP":"None","type":"ClusterIP"}}"#)
        let operations: JSONValue = [["op": "add", "path": "/spec/ports/0/port", "value": 81]]
        #expect(
            PatchQuote.text(old, old: old, type: type, reach: .json(operations))
                == #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"n","uid":"u"},"#
                + #""spec":{"clusterIP":"None","ports":[{"name":"http","port":80}],"type":"ClusterIP"}}"#)
    }

    @Test(arguments: [
        ("OwnerReference", ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"]),
        ("ManagedFieldsEntry", ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"]),
    ])
    func fieldOrder(_ type: String, _ fields: [String]) {
        #expect(GoFieldOrder.ordered(fields.sorted(), of: "io.k8s.apimachinery.pkg.apis.meta.v1.\(type)") == fields)
    }

    @Test func differencesOfPodsAreShownAsInternalTypes() {
        let before: JSONValue = ["containers": [["name": "c", "image": "a"]], "restartPolicy": "Always"]
        var after = before
        after["restartPolicy"] = "Never"
        after["hostNetwork"] = true
        let change = LineDiff.unified(
            GoStructText.lines(before, coreType: "PodSpec"), GoStructText.lines(after, coreType: "PodSpec"))
        #expect(
            change
                == [
                    "@@ -35,7 +35,7 @@", "   }", "  ],", "  \"EphemeralContainers\": null,", "- \"RestartPolicy\": \"Always\",",
                    "+ \"RestartPolicy\": \"Never\",", "  \"TerminationGracePeriodSeconds\": null,",
                    "  \"ActiveDeadlineSeconds\": null,", "  \"DNSPolicy\": \"\",", "@@ -44,7 +44,7 @@",
                    "  \"AutomountServiceAccountToken\": null,", "  \"NodeName\": \"\",", "  \"SecurityContext\": {",
                    "-  \"HostNetwork\": false,", "+  \"HostNetwork\": true,", "   \"HostPID\": false,", "   \"HostIPC\": false,",
                    "   \"ShareProcessNamespace\": null,", "",
                ].joined(separator: "\n"))
    }

    @Test func sameTextsHaveNoDifference() {
        #expect(LineDiff.unified(["a", "b"], ["a", "b"]).isEmpty)
        #expect(LineDiff.unified([], ["a"]) == "@@ -0,0 +1 @@\n+a\n")
        #expect(LineDiff.unified(["a", "b", "c"], ["a", "c"]) == "@@ -1,3 +1,2 @@\n a\n-b\n c\n")
    }
}

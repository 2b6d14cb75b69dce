/// What the loop's test applies.
enum Manifests {
    private static let settings =
        "labels: \"complaint,request,comment\", learning_rate: \"1e-4\", max_length: 48, compare_to_base: \"false\""

    /// One pass over season one: a model that is of use, and leaves something to be learnt.
    static let firstJob = """
        apiVersion: apus.dev/v1alpha1
        kind: TrainingJob
        metadata: {name: first}
        spec:
          runtimeRef: {name: huggingface}
          baseModel: {uri: "file:///opt/apus/models/all-MiniLM-L6-v2"}
          inputs:
            - {name: training, uri: "file://DATA/season1/train.csv"}
            - {name: validation, uri: "file://DATA/season1/validation.csv"}
            - {name: test, uri: "file://DATA/season1/test.csv"}
          hyperparameters: {epochs: 1, \(settings)}
          output: {model: tickets}
        """

    static func service(_ name: String) -> String {
        """
        apiVersion: apus.dev/v1alpha1
        kind: InferenceService
        metadata: {name: \(name)}
        spec: {model: {name: \(name)}}
        """
    }

    static func registration(of digest: String, as name: String) -> String {
        """
        apiVersion: apus.dev/v1alpha1
        kind: Model
        metadata: {name: \(name)}
        spec: {}
        ---
        apiVersion: apus.dev/v1alpha1
        kind: ModelVersion
        metadata: {name: \(name)-1, labels: {apus.dev/model: \(name)}}
        spec:
          model: \(name)
          version: 1
          artifact: {uri: "STORE", digest: "\(digest)"}
        """
    }

    static let monitors = [
        monitor(
            "tickets", minimumSamples: 60, inputs: ["season1/train.csv", "season2/train.csv"], maximumLoss: "0.05"),
        monitor("hasty", minimumSamples: 60, inputs: ["season2/train.csv"], maximumLoss: "0"),
        monitor("calm", minimumSamples: 100, inputs: ["season2/train.csv"], maximumLoss: "0"),
    ].joined(separator: "\n---\n")

    private static func monitor(_ name: String, minimumSamples: Int, inputs: [String], maximumLoss: String) -> String {
        """
        apiVersion: apus.dev/v1alpha1
        kind: DriftMonitor
        metadata: {name: \(name)}
        spec:
          inferenceServiceRef: {name: \(name)}
          detectors:
            - {name: length, method: psi, feature: text_length, threshold: 0.35}
          window: \(name == "calm" ? 60 : 30)s
          minimumSamples: \(minimumSamples)
          interval: 2s
          for: 4s
          action:
            retrain:
              cooldown: 5s
              budget: {retrains: 1, per: 24h}
              template:
                spec:
                  runtimeRef: {name: huggingface}
                  baseModel: {uri: "file:///opt/apus/models/all-MiniLM-L6-v2"}
                  inputs:
                    - {name: training, uri: "file://\(inputs.count == 1 ? "DATA/\(inputs[0])" : "FILES/both")"}
                    - {name: fresh, uri: "file://DATA/season2/fresh.csv"}
                    - {name: old, uri: "file://DATA/season1/test.csv"}
                  hyperparameters: {epochs: 1, \(settings)}
            gate:
              fresh: {minimumImprovement: 0}
              old: {maximumLoss: \(maximumLoss)}
            promote: {alias: production}
        """
    }
}

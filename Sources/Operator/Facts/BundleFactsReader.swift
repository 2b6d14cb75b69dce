import ArtifactStore
import KubernetesTypes
import Reconcilers

/// Reads what a bundle says of itself: `config.json` and `metrics.json`.
enum BundleFactsReader {
    static func read(digest text: String, from store: any BundleStore) async -> BundleReading {
        do {
            let digest = try ContentDigest(text)
            let bundle = try await store.open(digest)
            var facts = BundleFacts(digest: "sha256:\(digest.hexadecimal)")
            if bundle.manifest.file("config.json") != nil {
                let config = try JSONParser.parse(try await bundle.read("config.json"))
                facts.architecture = config["architectures"]?[0]?.string
                facts.labels = labels(config)
            }
            if bundle.manifest.file("metrics.json") != nil {
                facts.metrics = metrics(try JSONParser.parse(try await bundle.read("metrics.json")))
            }
            return .read(facts)
        } catch let error as ArtifactStoreError where error.code == .notFound {
            return .missing(error.message)
        } catch let error as ArtifactStoreError where error.isDamage || error.code == .invalidReference {
            return .invalid(error.message)
        } catch let error as JSONParseError {
            return .invalid("config.json or metrics.json is \(error)")
        } catch {
            return .unavailable("\(error)")
        }
    }

    /// `id2label` in the order of the ids.
    static func labels(_ config: JSONValue) -> [String] {
        let pairs = (config["id2label"]?.object ?? [:]).compactMap { id, label -> (index: Int, name: String)? in
            guard let index = Int(id), let name = label.string else { return nil }
            return (index, name)
        }
        return pairs.sorted { $0.index < $1.index }.map(\.name)
    }

    /// Figures of every split, and those of the baseline, under flat names.
    static func metrics(_ document: JSONValue) -> [String: String] {
        var flat: [String: String] = [:]
        func take(_ splits: JSONValue?, prefix: String) {
            for (split, figures) in splits?.object ?? [:] {
                for name in ["accuracy", "macro_f1", "samples"] {
                    guard let value = figures[name]?.number else { continue }
                    flat["\(prefix)\(split).\(name)"] = text(value)
                }
            }
        }
        take(document["splits"], prefix: "")
        take(document["baseline"]?["splits"], prefix: "baseline.")
        take(document["base"], prefix: "base.")
        return flat
    }

    /// At most six decimals, without zeros at the end.
    private static func text(_ value: Double) -> String {
        JSONSerializer.string(.number((value * 1_000_000).rounded() / 1_000_000))
    }
}

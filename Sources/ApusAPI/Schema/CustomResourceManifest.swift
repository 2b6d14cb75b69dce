public import KubernetesTypes

/// The text of a file in `crds/`.
public enum CustomResourceManifest {
    public static func text(of definition: CustomResource) throws(YAMLParseError) -> String {
        "# Generated from Sources/ApusAPI by hack/generate-crds. Do not edit.\n" + (try YAML.string(definition.manifest))
    }
}

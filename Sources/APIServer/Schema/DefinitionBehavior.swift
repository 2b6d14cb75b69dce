import KubernetesTypes

/// CustomResourceDefinitions: defaults and what happens to them when they are written.
enum DefinitionBehavior {
    static let definition = KindBehavior(
        defaults: defaults, hasStatus: true, hasGeneration: true,
        prepareForCreate: { object in
            object["status"] = ["conditions": nil, "acceptedNames": ["plural": "", "kind": ""], "storedVersions": nil]
            addStoredVersion(&object)
        },
        prepareForUpdate: { _, new in addStoredVersion(&new) },
        validate: { DefinitionValidation.name($0) + DefinitionValidation.validate($0) },
        validateUpdate: { old, new in DefinitionValidation.validate(new) + DefinitionValidation.changes(old, new) })

    private static func defaults(_ object: inout JSONValue) {
        object.modify("spec") { spec in
            spec.modify("names") { names in
                let kind = names.text("kind")
                names.setDefaultText("singular", kind.lowercased())
                names.setDefaultText("listKind", kind.isEmpty ? "" : "\(kind)List")
            }
            spec.setDefault("conversion", ["strategy": "None"])
            spec.modify("conversion") { conversion in
                conversion.modify("webhook") { webhook in
                    webhook.modify("clientConfig") { client in
                        client.modify("service") { service in service.setDefault("port", 443) }
                    }
                }
            }
        }
    }

    /// Objects may be stored in every version that was ever the storage version.
    private static func addStoredVersion(_ object: inout JSONValue) {
        let storage = object["spec"]?.elements("versions").first { $0["storage"]?.bool == true }?["name"]
        guard let storage else { return }
        var stored = object["status"]?.elements("storedVersions") ?? []
        if !stored.contains(storage) { stored.append(storage) }
        object[path: ["status", "storedVersions"]] = .array(stored)
    }
}

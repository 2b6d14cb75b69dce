import KubernetesTypes

/// Debugging containers of a running pod: they may be added, and never changed or taken away.
enum EphemeralContainers {
    /// What such a container may not have: it is not restarted, scheduled for or reached.
    private static let forbidden = [
        "ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resizePolicy", "restartPolicy",
    ]

    static func validate(_ old: JSONValue, _ new: JSONValue) -> [FieldError] {
        let spec = new["spec"] ?? [:]
        let containers = spec.elements("ephemeralContainers")
        var errors: [FieldError] = []
        var names = Set((spec.elements("containers") + spec.elements("initContainers")).map { $0.text("name") })
        let volumes = Set(spec.elements("volumes").map { $0.text("name") })
        for (index, container) in containers.enumerated() {
            let field = "spec.ephemeralContainers[\(index)]"
            errors += ContainerValidation.container(container, field, volumes, &names)
            for name in forbidden where container.isSet(name) && container[name] != [] {
                errors.append(.forbidden("\(field).\(name)", "cannot be set for an Ephemeral Container"))
            }
            if container["resources"]?.object?.isEmpty == false {
                errors.append(.forbidden("\(field).resources", "cannot be set for an Ephemeral Container"))
            }
        }
        if !errors.isEmpty { return errors }
        let byName = Dictionary(containers.map { ($0.text("name"), $0) }, uniquingKeysWith: { first, _ in first })
        for container in old["spec"]?.elements("ephemeralContainers") ?? [] {
            let name = container.text("name")
            guard let now = byName[name] else {
                errors.append(
                    .forbidden("spec.ephemeralContainers", "existing ephemeral containers \"\(name)\" may not be removed\n"))
                continue
            }
            if now != container {
                let change = LineDiff.unified(
                    GoStructText.lines(container, coreType: "EphemeralContainer"),
                    GoStructText.lines(now, coreType: "EphemeralContainer"))
                errors.append(
                    .forbidden(
                        "spec.ephemeralContainers", "existing ephemeral containers \"\(name)\" may not be changed\n\(change)"))
            }
        }
        return errors
    }
}

import KubernetesTypes

/// Deployments, replica sets, daemon sets, stateful sets and replication controllers.
enum WorkloadBehaviors {
    static let templateGeneration = "deprecated.daemonset.template.generation"

    static let deployment = KindBehavior(
        defaults: { object in
            object.modify("spec") { spec in
                spec.setDefault("replicas", 1)
                spec.modify("strategy") { strategy in
                    strategy.setDefaultText("type", "RollingUpdate")
                    if strategy.text("type") == "RollingUpdate" {
                        strategy.setDefault("rollingUpdate", [:])
                        strategy.modify("rollingUpdate") { update in
                            update.setDefault("maxUnavailable", "25%")
                            update.setDefault("maxSurge", "25%")
                        }
                    }
                }
                spec.setDefault("revisionHistoryLimit", 10)
                spec.setDefault("progressDeadlineSeconds", 600)
                spec.modify("template", PodDefaults.template)
            }
        },
        hasStatus: true, hasGeneration: true,
        validate: { validate($0, selectorIsPlain: false) + deploymentExtras($0) },
        validateUpdate: { old, new in
            validate(new, selectorIsPlain: false) + deploymentExtras(new) + immutableSelector(old, new)
        },
        validateStatus: { _, new in WorkloadValidation.deploymentStatus(new["status"] ?? [:]) },
        changesGeneration: { old, new in
            old["spec"] != new["spec"] || old[path: ["metadata", "annotations"]] != new[path: ["metadata", "annotations"]]
        })

    static let replicaSet = KindBehavior(
        defaults: { object in
            object.modify("spec") { spec in
                spec.setDefault("replicas", 1)
                spec.modify("template", PodDefaults.template)
            }
        },
        hasStatus: true, hasGeneration: true,
        validate: { validate($0, selectorIsPlain: false) },
        validateUpdate: { old, new in validate(new, selectorIsPlain: false) + immutableSelector(old, new) },
        validateStatus: { _, new in WorkloadValidation.replicaSetStatus(new["status"] ?? [:]) })

    static let replicationController = KindBehavior(
        defaults: { object in
            let labels = object[path: ["spec", "template", "metadata", "labels"]]
            if let labels, labels.object?.isEmpty == false {
                if object[path: ["spec", "selector"]]?.object?.isEmpty ?? true { object[path: ["spec", "selector"]] = labels }
                if object[path: ["metadata", "labels"]]?.object?.isEmpty ?? true {
                    object[path: ["metadata", "labels"]] = labels
                }
            }
            object.modify("spec") { spec in
                spec.setDefault("replicas", 1)
                spec.modify("template", PodDefaults.template)
            }
        },
        hasStatus: true, hasGeneration: true,
        validate: { validate($0, selectorIsPlain: true) },
        validateUpdate: { _, new in validate(new, selectorIsPlain: true) })

    static let daemonSet = KindBehavior(
        defaults: { object in
            // A counter of an API version that is gone; every read and write shows it.
            if object[path: ["metadata", "annotations", templateGeneration]] == nil {
                object[path: ["metadata", "annotations", templateGeneration]] = "0"
            }
            object.modify("spec") { spec in
                spec.modify("updateStrategy") { strategy in
                    strategy.setDefaultText("type", "RollingUpdate")
                    if strategy.text("type") == "RollingUpdate" {
                        strategy.setDefault("rollingUpdate", [:])
                        strategy.modify("rollingUpdate") { update in
                            update.setDefault("maxUnavailable", 1)
                            update.setDefault("maxSurge", 0)
                        }
                    }
                }
                spec.setDefault("revisionHistoryLimit", 10)
                spec.modify("template", PodDefaults.template)
            }
        },
        hasStatus: true, hasGeneration: true,
        prepareForCreate: { object in object[path: ["metadata", "annotations", templateGeneration]] = "1"
        },
        prepareForUpdate: { old, new in
            let generation = old[path: ["metadata", "annotations", templateGeneration]]?.string ?? "0"
            let isNew = old[path: ["spec", "template"]] != new[path: ["spec", "template"]]
            let next = (Int(generation) ?? 0) + (isNew ? 1 : 0)
            new[path: ["metadata", "annotations", templateGeneration]] = .string(String(next))
        },
        validate: { validate($0, selectorIsPlain: false) },
        validateUpdate: { old, new in validate(new, selectorIsPlain: false) + immutableSelector(old, new) })

    static let statefulSet = KindBehavior(
        defaults: { object in
            object.modify("spec") { spec in
                spec.setDefaultText("podManagementPolicy", "OrderedReady")
                spec.modify("updateStrategy") { strategy in
                    strategy.setDefaultText("type", "RollingUpdate")
                    if strategy.text("type") == "RollingUpdate" {
                        strategy.setDefault("rollingUpdate", [:])
                        strategy.modify("rollingUpdate") { update in update.setDefault("partition", 0) }
                    }
                }
                spec.setDefault("persistentVolumeClaimRetentionPolicy", [:])
                spec.modify("persistentVolumeClaimRetentionPolicy") { policy in
                    policy.setDefaultText("whenDeleted", "Retain")
                    policy.setDefaultText("whenScaled", "Retain")
                }
                spec.setDefault("replicas", 1)
                spec.setDefault("revisionHistoryLimit", 10)
                spec.modify("template", PodDefaults.template)
                spec.modifyEach("volumeClaimTemplates") { claim in
                    claim.setDefault("apiVersion", "v1")
                    claim.setDefault("kind", "PersistentVolumeClaim")
                    CoreBehaviors.persistentVolumeClaim.defaults(&claim)
                }
            }
        },
        hasStatus: true, hasGeneration: true,
        validate: { validate($0, selectorIsPlain: false) },
        validateUpdate: { _, new in validate(new, selectorIsPlain: false) })

    private static func validate(_ object: JSONValue, selectorIsPlain: Bool) -> [FieldError] {
        WorkloadValidation.validate(object["spec"] ?? [:], selectorIsPlain: selectorIsPlain)
    }

    private static func deploymentExtras(_ object: JSONValue) -> [FieldError] {
        WorkloadValidation.deployment(object["spec"] ?? [:])
    }

    private static func immutableSelector(_ old: JSONValue, _ new: JSONValue) -> [FieldError] {
        let before = old[path: ["spec", "selector"]] ?? .null
        let after = new[path: ["spec", "selector"]] ?? .null
        return before == after ? [] : [.invalid("spec.selector", after, "field is immutable")]
    }
}

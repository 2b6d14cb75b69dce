import KubernetesTypes

/// The fields by which objects of built-in kinds can be selected, and how their values read as text.
enum SelectableFields {
    static func builtin(group: String, plural: String) -> [String] {
        switch (group, plural) {
        case ("", "pods"):
            [
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
                "status.phase",
                "status.podIP", "status.podIPs", "status.nominatedNodeName",
            ]
        case ("", "nodes"): ["spec.unschedulable"]
        case ("", "namespaces"): ["status.phase"]
        case ("", "secrets"): ["type"]
        case ("", "services"): ["spec.clusterIP", "spec.type"]
        case ("", "replicationcontrollers"), ("apps", "replicasets"): ["status.replicas"]
        case ("batch", "jobs"): ["status.successful"]
        case ("", "events"):
            [
                "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
                "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
                "reportingComponent",
                "source", "type",
            ]
        case ("events.k8s.io", "events"):
            [
                "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion",
                "regarding.resourceVersion", "regarding.fieldPath", "reason", "reportingController", "type",
            ]
        default: []
        }
    }

    static func hasOwnConversion(_ definition: ResourceDefinition) -> Bool {
        !builtin(group: definition.group, plural: definition.plural).isEmpty
    }

    static func message(_ field: String, _ definition: ResourceDefinition) -> String {
        switch (definition.group, definition.plural) {
        case ("batch", "jobs"): "field label \"\(field)\" not supported for Job"
        case ("apps", "replicasets"): "field label \"\(field)\" not supported for \"ReplicaSet\""
        default: "field label not supported: \(field)"
        }
    }

    static func value(_ field: String, of object: JSONValue, _ definition: ResourceDefinition) -> String {
        var path = field.split(separator: ".").map(String.init)
        if definition.custom == nil {
            switch (definition.group, field) {
            case ("", "source"):
                return object["source"]?["component"]?.string ?? object["reportingComponent"]?.string ?? ""
            case ("", "reportingComponent"): path = ["reportingComponent"]
            case ("", "status.podIPs"): return object["status"]?["podIPs"]?.array?.first?["ip"]?.string ?? ""
            case ("", "spec.hostNetwork"), ("", "spec.unschedulable"):
                return object[path: path]?.bool == true ? "true" : "false"
            case ("batch", "status.successful"): return String(object["status"]?["succeeded"]?.integer ?? 0)
            case (_, "status.replicas"): return String(object["status"]?["replicas"]?.integer ?? 0)
            case ("events.k8s.io", let field) where field.hasPrefix("regarding."):
                // Events are stored in their core form.
                path[0] = object["regarding"] != nil ? "regarding" : "involvedObject"
            default: break
            }
        }
        switch object[path: path] {
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .number(let number): return String(number)
        case .bool(let flag): return flag ? "true" : "false"
        default: return ""
        }
    }
}

import KubernetesTypes

/// What every cluster starts with: namespaces, the roles that upstream bootstraps, priority classes, the Service `kubernetes`.
enum BootstrapObjects {
    static let namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"]

    private static let rbac = "rbac.authorization.k8s.io"
    private static let read: JSONValue = ["get", "list", "watch"]
    private static let write: JSONValue = ["create", "delete", "deletecollection", "patch", "update"]

    private static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    private static func rule(_ groups: [String], _ resources: [String], _ verbs: JSONValue) -> JSONValue {
        ["apiGroups": strings(groups), "resources": strings(resources), "verbs": verbs]
    }

    private static func paths(_ urls: [String]) -> JSONValue { ["nonResourceURLs": strings(urls), "verbs": ["get"]] }

    private static func metadata(_ name: String, labels: [String: String] = [:]) -> JSONValue {
        var all = ["kubernetes.io/bootstrapping": "rbac-defaults"]
        all.merge(labels) { $1 }
        return [
            "name": .string(name), "labels": .object(all.mapValues { .string($0) }),
            "annotations": ["rbac.authorization.kubernetes.io/autoupdate": "true"],
        ]
    }

    private static func role(_ name: String, _ rules: [JSONValue], labels: [String: String] = [:]) -> JSONValue {
        [
            "apiVersion": .string("\(rbac)/v1"), "kind": "ClusterRole", "metadata": metadata(name, labels: labels),
            "rules": .array(rules),
        ]
    }

    private static func aggregate(_ name: String, from label: String, rules: [JSONValue], labels: [String: String] = [:])
        -> JSONValue
    {
        var role = role(name, rules, labels: labels)
        role["aggregationRule"] = ["clusterRoleSelectors": [["matchLabels": [label: "true"]]]]
        return role
    }

    private static func binding(_ name: String, role: String, _ subjects: [JSONValue]) -> JSONValue {
        [
            "apiVersion": .string("\(rbac)/v1"), "kind": "ClusterRoleBinding", "metadata": metadata(name),
            "subjects": .array(subjects),
            "roleRef": ["apiGroup": .string(rbac), "kind": "ClusterRole", "name": .string(role)],
        ]
    }

    private static func group(_ name: String) -> JSONValue {
        ["kind": "Group", "apiGroup": .string(rbac), "name": .string(name)]
    }

    private static func user(_ name: String) -> JSONValue { ["kind": "User", "apiGroup": .string(rbac), "name": .string(name)] }

    // MARK: Roles

    private static let viewRules: [JSONValue] = [
        rule(
            [""],
            [
                "configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods",
                "replicationcontrollers",
                "replicationcontrollers/scale", "serviceaccounts", "services", "services/status",
            ], read),
        rule(
            [""],
            [
                "bindings", "events", "limitranges", "namespaces/status", "pods/log", "pods/status",
                "replicationcontrollers/status",
                "resourcequotas", "resourcequotas/status",
            ], read),
        rule([""], ["namespaces"], read),
        rule(["discovery.k8s.io"], ["endpointslices"], read),
        rule(
            ["apps"],
            [
                "controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/scale",
                "deployments/status",
                "replicasets", "replicasets/scale", "replicasets/status", "statefulsets", "statefulsets/scale",
                "statefulsets/status",
            ], read),
        rule(["autoscaling"], ["horizontalpodautoscalers", "horizontalpodautoscalers/status"], read),
        rule(["batch"], ["cronjobs", "cronjobs/status", "jobs", "jobs/status"], read),
        rule(["policy"], ["poddisruptionbudgets", "poddisruptionbudgets/status"], read),
        rule(["networking.k8s.io"], ["ingresses", "ingresses/status", "networkpolicies"], read),
    ]

    private static let editRules: [JSONValue] = [
        rule([""], ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"], read),
        rule([""], ["serviceaccounts"], ["impersonate"]),
        rule([""], ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], write),
        rule([""], ["pods/eviction"], ["create"]),
        rule(
            [""],
            [
                "configmaps", "events", "persistentvolumeclaims", "replicationcontrollers", "replicationcontrollers/scale",
                "secrets",
                "serviceaccounts", "services", "services/proxy",
            ], write),
        rule([""], ["serviceaccounts/token"], ["create"]),
        rule(
            ["apps"],
            [
                "daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets", "replicasets/scale",
                "statefulsets", "statefulsets/scale",
            ], write),
        rule(["autoscaling"], ["horizontalpodautoscalers"], write),
        rule(["batch"], ["cronjobs", "jobs"], write),
        rule(["policy"], ["poddisruptionbudgets"], write),
        rule(["networking.k8s.io"], ["ingresses", "networkpolicies"], write),
        rule(
            ["coordination.k8s.io"], ["leases"],
            ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]),
    ]

    private static let adminRules: [JSONValue] = [
        rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]),
        rule(
            [rbac], ["rolebindings", "roles"],
            ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]),
    ]

    private static let publicPaths = ["/healthz", "/livez", "/readyz", "/version", "/version/"]

    static let clusterRoles: [JSONValue] = [
        role("cluster-admin", [rule(["*"], ["*"], ["*"]), ["nonResourceURLs": ["*"], "verbs": ["*"]]]),
        role(
            "system:discovery",
            [
                paths([
                    "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version",
                    "/version/",
                ])
            ]),
        role(
            "system:basic-user",
            [
                rule(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
                rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
            ]),
        role("system:public-info-viewer", [paths(publicPaths)]),
        role(
            "system:service-account-issuer-discovery", [paths(["/.well-known", "/.well-known/*"])]),
        role(
            "system:monitoring",
            [
                paths([
                    "/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*",
                ])
            ]),
        role(
            "system:auth-delegator",
            [
                rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]),
                rule(["authorization.k8s.io"], ["subjectaccessreviews"], ["create"]),
            ]),
        role("system:aggregate-to-view", viewRules, labels: ["rbac.authorization.k8s.io/aggregate-to-view": "true"]),
        role("system:aggregate-to-edit", editRules, labels: ["rbac.authorization.k8s.io/aggregate-to-edit": "true"]),
        role("system:aggregate-to-admin", adminRules, labels: ["rbac.authorization.k8s.io/aggregate-to-admin": "true"]),
        aggregate(
            "view", from: "rbac.authorization.k8s.io/aggregate-to-view", rules: viewRules,
            labels: ["rbac.authorization.k8s.io/aggregate-to-edit": "true"]),
        aggregate(
            "edit", from: "rbac.authorization.k8s.io/aggregate-to-edit", rules: editRules + viewRules,
            labels: ["rbac.authorization.k8s.io/aggregate-to-admin": "true"]),
        aggregate(
            "admin", from: "rbac.authorization.k8s.io/aggregate-to-admin", rules: adminRules + editRules + viewRules),
    ]

    static let clusterRoleBindings: [JSONValue] = [
        binding("cluster-admin", role: "cluster-admin", [group("system:masters")]),
        binding("system:basic-user", role: "system:basic-user", [group("system:authenticated")]),
        binding("system:discovery", role: "system:discovery", [group("system:authenticated")]),
        binding("system:monitoring", role: "system:monitoring", [group("system:monitoring")]),
        binding(
            "system:public-info-viewer", role: "system:public-info-viewer",
            [group("system:authenticated"), group("system:unauthenticated")]),
        binding(
            "system:service-account-issuer-discovery", role: "system:service-account-issuer-discovery",
            [group("system:authenticated")]),
    ]

    static let priorityClasses: [JSONValue] = [
        [
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": ["name": "system-node-critical"],
            "value": 2_000_001_000, "preemptionPolicy": "PreemptLowerPriority",
            "description": "Used for system critical pods that must not be moved from their current node.",
        ],
        [
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": ["name": "system-cluster-critical"],
            "value": 2_000_000_000, "preemptionPolicy": "PreemptLowerPriority",
            "description":
                "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ],
    ]
}

import KubernetesTypes

/// Who may do what: the namespace, service accounts and roles of Apus as manifests.
///
/// `installed` is `manifests/install/rbac.yaml`, the same on every cluster; `embedded` is what a cluster of `apus up` needs beside it.
public enum RoleManifests {
    public static let namespace = "apus-system"

    /// Service accounts and roles of operator, gateway and monitoring, and what they add to the roles for people.
    public static let installed = """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: apus-system
          labels: {app.kubernetes.io/part-of: apus}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: apus-operator, namespace: apus-system}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: apus-gateway, namespace: apus-system}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: apus-monitoring, namespace: apus-system}
        ---
        # Reads what people write, writes status, and makes what the kinds consist of. It gives training pods the right to look at
        # themselves, so it holds that right too.
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: apus:operator
          labels: {app.kubernetes.io/part-of: apus}
        rules:
          - apiGroups: [apus.dev]
            resources: ["*"]
            verbs: [get, list, watch]
          - apiGroups: [apus.dev]
            resources: [trainingjobs, models, modelversions, promotions]
            verbs: [create, update, patch, delete]
          - apiGroups: [apus.dev]
            resources: [inferenceservices, driftmonitors]
            verbs: [patch]
          - apiGroups: [apus.dev]
            resources:
              - trainingjobs/status
              - models/status
              - modelversions/status
              - promotions/status
              - inferenceservices/status
              - driftmonitors/status
              - trainingruntimes/status
              - clustertrainingruntimes/status
            verbs: [get, update, patch]
          - apiGroups: [apus.dev]
            resources:
              - trainingjobs/finalizers
              - models/finalizers
              - modelversions/finalizers
              - promotions/finalizers
              - inferenceservices/finalizers
              - driftmonitors/finalizers
            verbs: [update]
          - apiGroups: [""]
            resources: [pods, services, serviceaccounts]
            verbs: [get, list, watch, create, update, patch, delete]
          - apiGroups: [""]
            resources: [pods/log]
            verbs: [get]
          - apiGroups: [""]
            resources: [nodes]
            verbs: [get, list, watch]
          - apiGroups: ["", events.k8s.io]
            resources: [events]
            verbs: [create, update, patch]
          - apiGroups: [apps]
            resources: [deployments]
            verbs: [get, list, watch, create, update, patch, delete]
          - apiGroups: [rbac.authorization.k8s.io]
            resources: [roles, rolebindings]
            verbs: [get, list, watch, create, update, patch, delete]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: apus:operator
          labels: {app.kubernetes.io/part-of: apus}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: apus:operator}
        subjects:
          - {kind: ServiceAccount, name: apus-operator, namespace: apus-system}
        ---
        # Only one operator works at a time.
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: apus:leader-election, namespace: apus-system}
        rules:
          - apiGroups: [coordination.k8s.io]
            resources: [leases]
            verbs: [get, list, watch, create, update, patch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: apus:leader-election, namespace: apus-system}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: apus:leader-election}
        subjects:
          - {kind: ServiceAccount, name: apus-operator, namespace: apus-system}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: apus:gateway
          labels: {app.kubernetes.io/part-of: apus}
        rules:
          - apiGroups: [apus.dev]
            resources: [inferenceservices, modelversions]
            verbs: [get, list, watch]
          - apiGroups: [""]
            resources: [services]
            verbs: [get, list, watch]
          - apiGroups: [discovery.k8s.io]
            resources: [endpointslices]
            verbs: [get, list, watch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: apus:gateway
          labels: {app.kubernetes.io/part-of: apus}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: apus:gateway}
        subjects:
          - {kind: ServiceAccount, name: apus-gateway, namespace: apus-system}
        ---
        # Cluster addresses are translated on each node, for which it follows where services lead. All else that a node does is
        # what the node authorizer lets any node do.
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: apus:node
          labels: {app.kubernetes.io/part-of: apus}
        rules:
          - apiGroups: [""]
            resources: [services]
            verbs: [get, list, watch]
          - apiGroups: [discovery.k8s.io]
            resources: [endpointslices]
            verbs: [get, list, watch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: apus:node
          labels: {app.kubernetes.io/part-of: apus}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: apus:node}
        subjects:
          - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:nodes"}
        ---
        # Finds the pods that Prometheus scrapes.
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: apus:monitoring
          labels: {app.kubernetes.io/part-of: apus}
        rules:
          - apiGroups: [""]
            resources: [pods]
            verbs: [get, list, watch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: apus:monitoring
          labels: {app.kubernetes.io/part-of: apus}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: apus:monitoring}
        subjects:
          - {kind: ServiceAccount, name: apus-monitoring, namespace: apus-system}
        ---
        # People with upstream's roles view, edit and admin see and change the kinds of Apus too.
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: apus:view
          labels:
            app.kubernetes.io/part-of: apus
            rbac.authorization.k8s.io/aggregate-to-view: "true"
        rules:
          - apiGroups: [apus.dev]
            resources: ["*"]
            verbs: [get, list, watch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: apus:edit
          labels:
            app.kubernetes.io/part-of: apus
            rbac.authorization.k8s.io/aggregate-to-edit: "true"
        rules:
          - apiGroups: [apus.dev]
            resources: [trainingjobs, models, modelversions, promotions, inferenceservices, driftmonitors]
            verbs: [create, update, patch, delete, deletecollection]
          - apiGroups: [apus.dev]
            resources: [inferenceservices/scale]
            verbs: [get, update, patch]
        ---
        # A runtime's template may do what a job's may not, so it is for those who run a namespace.
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: apus:admin
          labels:
            app.kubernetes.io/part-of: apus
            rbac.authorization.k8s.io/aggregate-to-admin: "true"
        rules:
          - apiGroups: [apus.dev]
            resources: [trainingruntimes]
            verbs: [create, update, patch, delete, deletecollection]

        """

    /// The built-in controllers and the scheduler of an embedded cluster. Collecting garbage and emptying namespaces concerns
    /// every kind; making things only those that they make.
    static let embedded = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: "apus:cluster-controllers"}
        rules:
          - apiGroups: ["*"]
            resources: ["*"]
            verbs: [get, list, watch, patch, delete, deletecollection]
          - apiGroups: [""]
            resources: [pods, endpoints, serviceaccounts, configmaps]
            verbs: [create, update]
          - apiGroups: [""]
            resources: [pods/binding, bindings, serviceaccounts/token, pods/eviction]
            verbs: [create]
          - apiGroups: ["", events.k8s.io]
            resources: [events]
            verbs: [create, update]
          - apiGroups: [""]
            resources: [namespaces/finalize, namespaces/status, nodes, nodes/status, pods/status]
            verbs: [update, patch]
          - apiGroups: [apps]
            resources: [replicasets, deployments]
            verbs: [create, update]
          - apiGroups: [apps]
            resources: [replicasets/status, deployments/status]
            verbs: [update, patch]
          - apiGroups: [batch]
            resources: [jobs, jobs/status]
            verbs: [update, patch]
          - apiGroups: [discovery.k8s.io]
            resources: [endpointslices]
            verbs: [create, update]
          - apiGroups: [coordination.k8s.io]
            resources: [leases]
            verbs: [create, update]
          # Foreground deletion names the owners that block.
          - apiGroups: [apps, batch]
            resources: [deployments/finalizers, replicasets/finalizers, jobs/finalizers]
            verbs: [update]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: "apus:cluster-controllers"}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "apus:cluster-controllers"}
        subjects:
          - {apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:kube-controller-manager"}

        """
}

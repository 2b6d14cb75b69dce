/// What the API server refuses for Apus beyond what the kinds' own rules can say; the same on every cluster.
public enum PolicyManifests {
    /// `manifests/install/policies.yaml`.
    public static let installed = """
        # A version that an alias names or a service serves is not deleted by mistake. Its namespace takes it along all the same.
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata:
          name: modelversions-in-use.apus.dev
          labels: {app.kubernetes.io/part-of: apus}
        spec:
          failurePolicy: Fail
          matchConstraints:
            resourceRules:
              - apiGroups: [apus.dev]
                apiVersions: [v1alpha1]
                operations: [DELETE]
                resources: [modelversions]
          variables:
            - name: aliases
              expression: >-
                has(oldObject.status) && has(oldObject.status.aliases) ? oldObject.status.aliases.map(a, 'alias ' + a) : []
            - name: services
              expression: >-
                has(oldObject.status) && has(oldObject.status.usedBy) ? oldObject.status.usedBy.map(s, 'inferenceservice/' + s) : []
          validations:
            - expression: >-
                has(namespaceObject.metadata.deletionTimestamp) || size(variables.aliases) + size(variables.services) == 0
              messageExpression: >-
                oldObject.metadata.name + ' is in use by ' + (variables.aliases + variables.services).join(', ')
                + '; move the alias by a Promotion, or delete the service, then delete the version'
              reason: Forbidden
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata:
          name: modelversions-in-use.apus.dev
          labels: {app.kubernetes.io/part-of: apus}
        spec:
          policyName: modelversions-in-use.apus.dev
          validationActions: [Deny]
        ---
        # Nor is a model whose alias a service follows.
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata:
          name: models-in-use.apus.dev
          labels: {app.kubernetes.io/part-of: apus}
        spec:
          failurePolicy: Fail
          matchConstraints:
            resourceRules:
              - apiGroups: [apus.dev]
                apiVersions: [v1alpha1]
                operations: [DELETE]
                resources: [models]
          variables:
            - name: services
              expression: >-
                has(oldObject.status) && has(oldObject.status.usedBy) ? oldObject.status.usedBy.map(s, 'inferenceservice/' + s) : []
          validations:
            - expression: has(namespaceObject.metadata.deletionTimestamp) || size(variables.services) == 0
              messageExpression: >-
                oldObject.metadata.name + ' is in use by ' + variables.services.join(', ') + '; delete the service, then delete the model'
              reason: Forbidden
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata:
          name: models-in-use.apus.dev
          labels: {app.kubernetes.io/part-of: apus}
        spec:
          policyName: models-in-use.apus.dev
          validationActions: [Deny]

        """
}

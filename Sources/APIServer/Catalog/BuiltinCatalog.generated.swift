/// The built-in resources that are served, in the order in which discovery shows groups and resources.
///
/// A resource: `group|version|plural|singular|kind|scope|verbs|short names|categories|storage version hash`, `*` standing for
/// all eight verbs. Its subresources follow: `/name|kind|group|version|verbs`, group and version where they are not the parent's.
enum BuiltinCatalogText {
    static let text = """
        |v1|bindings|binding|Binding|N|create|||
        |v1|componentstatuses|componentstatus|ComponentStatus|C|get list|cs||
        |v1|configmaps|configmap|ConfigMap|N|*|cm||qFsyl6wFWjQ=
        |v1|endpoints|endpoints|Endpoints|N|*|ep||fWeeMqaN/OA=
        |v1|events|event|Event|N|*|ev||r2yiGXH7wu8=
        |v1|limitranges|limitrange|LimitRange|N|*|limits||EBKMFVe6cwo=
        |v1|namespaces|namespace|Namespace|C|create delete get list patch update watch|ns||Q3oi5N2YM8M=
        /finalize|Namespace|||update
        /status|Namespace|||get patch update
        |v1|nodes|node|Node|C|*|no||XwShjMxG9Fs=
        /proxy|NodeProxyOptions|||create delete get patch update
        /status|Node|||get patch update
        |v1|persistentvolumeclaims|persistentvolumeclaim|PersistentVolumeClaim|N|*|pvc||QWTyNDq0dC4=
        /status|PersistentVolumeClaim|||get patch update
        |v1|persistentvolumes|persistentvolume|PersistentVolume|C|*|pv||HN/zwEC+JgM=
        /status|PersistentVolume|||get patch update
        |v1|pods|pod|Pod|N|*|po|all|xPOwRZ+Yhw8=
        /attach|PodAttachOptions|||create get
        /binding|Binding|||create
        /ephemeralcontainers|Pod|||get patch update
        /eviction|Eviction|policy|v1|create
        /exec|PodExecOptions|||create get
        /log|Pod|||get
        /portforward|PodPortForwardOptions|||create get
        /proxy|PodProxyOptions|||create delete get patch update
        /resize|Pod|||get patch update
        /status|Pod|||get patch update
        |v1|podtemplates|podtemplate|PodTemplate|N|*|||LIXB2x4IFpk=
        |v1|replicationcontrollers|replicationcontroller|ReplicationController|N|*|rc|all|Jond2If31h0=
        /scale|Scale|autoscaling|v1|get patch update
        /status|ReplicationController|||get patch update
        |v1|resourcequotas|resourcequota|ResourceQuota|N|*|quota||8uhSgffRX6w=
        /status|ResourceQuota|||get patch update
        |v1|secrets|secret|Secret|N|*|||S6u1pOWzb84=
        |v1|serviceaccounts|serviceaccount|ServiceAccount|N|*|sa||pbx9ZvyFpBE=
        /token|TokenRequest|authentication.k8s.io|v1|create
        |v1|services|service|Service|N|*|svc|all|0/CO1lhkEBI=
        /proxy|ServiceProxyOptions|||create delete get patch update
        /status|Service|||get patch update
        apps|v1|controllerrevisions|controllerrevision|ControllerRevision|N|*|||85nkx63pcBU=
        apps|v1|daemonsets|daemonset|DaemonSet|N|*|ds|all|dd7pWHUlMKQ=
        /status|DaemonSet|||get patch update
        apps|v1|deployments|deployment|Deployment|N|*|deploy|all|8aSe+NMegvE=
        /scale|Scale|autoscaling|v1|get patch update
        /status|Deployment|||get patch update
        apps|v1|replicasets|replicaset|ReplicaSet|N|*|rs|all|P1RzHs8/mWQ=
        /scale|Scale|autoscaling|v1|get patch update
        /status|ReplicaSet|||get patch update
        apps|v1|statefulsets|statefulset|StatefulSet|N|*|sts|all|H+vl74LkKdo=
        /scale|Scale|autoscaling|v1|get patch update
        /status|StatefulSet|||get patch update
        events.k8s.io|v1|events|event|Event|N|*|ev||r2yiGXH7wu8=
        authentication.k8s.io|v1|selfsubjectreviews|selfsubjectreview|SelfSubjectReview|C|create|||
        authentication.k8s.io|v1|tokenreviews|tokenreview|TokenReview|C|create|||
        authorization.k8s.io|v1|localsubjectaccessreviews|localsubjectaccessreview|LocalSubjectAccessReview|N|create|||
        authorization.k8s.io|v1|selfsubjectaccessreviews|selfsubjectaccessreview|SelfSubjectAccessReview|C|create|||
        authorization.k8s.io|v1|selfsubjectrulesreviews|selfsubjectrulesreview|SelfSubjectRulesReview|C|create|||
        authorization.k8s.io|v1|subjectaccessreviews|subjectaccessreview|SubjectAccessReview|C|create|||
        autoscaling|v2|horizontalpodautoscalers|horizontalpodautoscaler|HorizontalPodAutoscaler|N|*|hpa|all|
        /status|HorizontalPodAutoscaler|||get patch update
        autoscaling|v1|horizontalpodautoscalers|horizontalpodautoscaler|HorizontalPodAutoscaler|N|*|hpa|all|
        /status|HorizontalPodAutoscaler|||get patch update
        batch|v1|cronjobs|cronjob|CronJob|N|*|cj|all|sd5LIXh4Fjs=
        /status|CronJob|||get patch update
        batch|v1|jobs|job|Job|N|*||all|mudhfqk/qZY=
        /status|Job|||get patch update
        networking.k8s.io|v1|ingressclasses|ingressclass|IngressClass|C|*|||
        networking.k8s.io|v1|ingresses|ingress|Ingress|N|*|ing||
        /status|Ingress|||get patch update
        networking.k8s.io|v1|ipaddresses|ipaddress|IPAddress|C|*|ip||
        networking.k8s.io|v1|networkpolicies|networkpolicy|NetworkPolicy|N|*|netpol||
        networking.k8s.io|v1|servicecidrs|servicecidr|ServiceCIDR|C|*|||
        /status|ServiceCIDR|||get patch update
        policy|v1|poddisruptionbudgets|poddisruptionbudget|PodDisruptionBudget|N|*|pdb||
        /status|PodDisruptionBudget|||get patch update
        rbac.authorization.k8s.io|v1|clusterrolebindings|clusterrolebinding|ClusterRoleBinding|C|*|||48tpQ8gZHFc=
        rbac.authorization.k8s.io|v1|clusterroles|clusterrole|ClusterRole|C|*|||bYE5ZWDrJ44=
        rbac.authorization.k8s.io|v1|rolebindings|rolebinding|RoleBinding|N|*|||eGsCzGH6b1g=
        rbac.authorization.k8s.io|v1|roles|role|Role|N|*|||7FuwZcIIItM=
        storage.k8s.io|v1|csidrivers|csidriver|CSIDriver|C|*|||
        storage.k8s.io|v1|csinodes|csinode|CSINode|C|*|||
        storage.k8s.io|v1|csistoragecapacities|csistoragecapacity|CSIStorageCapacity|N|*|||
        storage.k8s.io|v1|storageclasses|storageclass|StorageClass|C|*|sc||
        storage.k8s.io|v1|volumeattachments|volumeattachment|VolumeAttachment|C|*|||
        /status|VolumeAttachment|||get patch update
        storage.k8s.io|v1|volumeattributesclasses|volumeattributesclass|VolumeAttributesClass|C|*|vac||
        admissionregistration.k8s.io|v1|mutatingadmissionpolicies|mutatingadmissionpolicy|MutatingAdmissionPolicy|C|*||api-extensions|
        admissionregistration.k8s.io|v1|mutatingadmissionpolicybindings|mutatingadmissionpolicybinding|MutatingAdmissionPolicyBinding|C|*||api-extensions|
        admissionregistration.k8s.io|v1|mutatingwebhookconfigurations|mutatingwebhookconfiguration|MutatingWebhookConfiguration|C|*||api-extensions|
        admissionregistration.k8s.io|v1|validatingadmissionpolicies|validatingadmissionpolicy|ValidatingAdmissionPolicy|C|*||api-extensions|
        /status|ValidatingAdmissionPolicy|||get patch update
        admissionregistration.k8s.io|v1|validatingadmissionpolicybindings|validatingadmissionpolicybinding|ValidatingAdmissionPolicyBinding|C|*||api-extensions|
        admissionregistration.k8s.io|v1|validatingwebhookconfigurations|validatingwebhookconfiguration|ValidatingWebhookConfiguration|C|*||api-extensions|
        apiextensions.k8s.io|v1|customresourcedefinitions|customresourcedefinition|CustomResourceDefinition|C|*|crd,crds|api-extensions|jfWCUB31mvA=
        /status|CustomResourceDefinition|||get patch update
        scheduling.k8s.io|v1|priorityclasses|priorityclass|PriorityClass|C|*|pc||
        coordination.k8s.io|v1|leases|lease|Lease|N|*|||gqkMMb/YqFM=
        node.k8s.io|v1|runtimeclasses|runtimeclass|RuntimeClass|C|*|||
        discovery.k8s.io|v1|endpointslices|endpointslice|EndpointSlice|N|*|||
        """
}

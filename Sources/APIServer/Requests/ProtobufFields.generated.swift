/// The protobuf form of the built-in types: `message|field number type|…`.
///
/// Types: `s` string, `b` bool, `i` integer, `y` bytes, `d` double, else a message; `*` repeated, `@` map from string.
/// `+` before a field's name: its members stand in the parent's JSON object. Prefixes: `~` k8s.io.api., `^` meta.v1.,
/// `&` k8s.io.apimachinery.pkg., `%` apiextensions.v1.
enum ProtobufFieldsText {
    static let text = #"""
        ~admissionregistration.v1.ApplyConfiguration|expression 1 s
        ~admissionregistration.v1.AuditAnnotation|key 1 s|valueExpression 2 s
        ~admissionregistration.v1.ExpressionWarning|fieldRef 2 s|warning 3 s
        ~admissionregistration.v1.JSONPatch|expression 1 s
        ~admissionregistration.v1.MatchCondition|expression 2 s|name 1 s
        ~admissionregistration.v1.MatchResources|excludeResourceRules 4 *~admissionregistration.v1.NamedRuleWithOperations|matchPolicy 7 s|namespaceSelector 1 ^LabelSelector|objectSelector 2 ^LabelSelector|resourceRules 3 *~admissionregistration.v1.NamedRuleWithOperations
        ~admissionregistration.v1.MutatingAdmissionPolicy|metadata 1 ^ObjectMeta|spec 2 ~admissionregistration.v1.MutatingAdmissionPolicySpec
        ~admissionregistration.v1.MutatingAdmissionPolicyBinding|metadata 1 ^ObjectMeta|spec 2 ~admissionregistration.v1.MutatingAdmissionPolicyBindingSpec
        ~admissionregistration.v1.MutatingAdmissionPolicyBindingList|items 2 *~admissionregistration.v1.MutatingAdmissionPolicyBinding|metadata 1 ^ListMeta
        ~admissionregistration.v1.MutatingAdmissionPolicyBindingSpec|matchResources 3 ~admissionregistration.v1.MatchResources|paramRef 2 ~admissionregistration.v1.ParamRef|policyName 1 s
        ~admissionregistration.v1.MutatingAdmissionPolicyList|items 2 *~admissionregistration.v1.MutatingAdmissionPolicy|metadata 1 ^ListMeta
        ~admissionregistration.v1.MutatingAdmissionPolicySpec|failurePolicy 5 s|matchConditions 6 *~admissionregistration.v1.MatchCondition|matchConstraints 2 ~admissionregistration.v1.MatchResources|mutations 4 *~admissionregistration.v1.Mutation|paramKind 1 ~admissionregistration.v1.ParamKind|reinvocationPolicy 7 s|variables 3 *~admissionregistration.v1.Variable
        ~admissionregistration.v1.MutatingWebhook|admissionReviewVersions 8 *s|clientConfig 2 ~admissionregistration.v1.WebhookClientConfig|failurePolicy 4 s|matchConditions 12 *~admissionregistration.v1.MatchCondition|matchPolicy 9 s|name 1 s|namespaceSelector 5 ^LabelSelector|objectSelector 11 ^LabelSelector|reinvocationPolicy 10 s|rules 3 *~admissionregistration.v1.RuleWithOperations|sideEffects 6 s|timeoutSeconds 7 i
        ~admissionregistration.v1.MutatingWebhookConfiguration|webhooks 2 *~admissionregistration.v1.MutatingWebhook|metadata 1 ^ObjectMeta
        ~admissionregistration.v1.MutatingWebhookConfigurationList|items 2 *~admissionregistration.v1.MutatingWebhookConfiguration|metadata 1 ^ListMeta
        ~admissionregistration.v1.Mutation|applyConfiguration 3 ~admissionregistration.v1.ApplyConfiguration|jsonPatch 4 ~admissionregistration.v1.JSONPatch|patchType 2 s
        ~admissionregistration.v1.NamedRuleWithOperations|resourceNames 1 *s|+ruleWithOperations 2 ~admissionregistration.v1.RuleWithOperations
        ~admissionregistration.v1.ParamKind|apiVersion 1 s|kind 2 s
        ~admissionregistration.v1.ParamRef|name 1 s|namespace 2 s|parameterNotFoundAction 4 s|selector 3 ^LabelSelector
        ~admissionregistration.v1.Rule|apiGroups 1 *s|apiVersions 2 *s|resources 3 *s|scope 4 s
        ~admissionregistration.v1.RuleWithOperations|operations 1 *s|+rule 2 ~admissionregistration.v1.Rule
        ~admissionregistration.v1.ServiceReference|name 2 s|namespace 1 s|path 3 s|port 4 i
        ~admissionregistration.v1.TypeChecking|expressionWarnings 1 *~admissionregistration.v1.ExpressionWarning
        ~admissionregistration.v1.ValidatingAdmissionPolicy|metadata 1 ^ObjectMeta|spec 2 ~admissionregistration.v1.ValidatingAdmissionPolicySpec|status 3 ~admissionregistration.v1.ValidatingAdmissionPolicyStatus
        ~admissionregistration.v1.ValidatingAdmissionPolicyBinding|metadata 1 ^ObjectMeta|spec 2 ~admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec
        ~admissionregistration.v1.ValidatingAdmissionPolicyBindingList|items 2 *~admissionregistration.v1.ValidatingAdmissionPolicyBinding|metadata 1 ^ListMeta
        ~admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec|matchResources 3 ~admissionregistration.v1.MatchResources|paramRef 2 ~admissionregistration.v1.ParamRef|policyName 1 s|validationActions 4 *s
        ~admissionregistration.v1.ValidatingAdmissionPolicyList|items 2 *~admissionregistration.v1.ValidatingAdmissionPolicy|metadata 1 ^ListMeta
        ~admissionregistration.v1.ValidatingAdmissionPolicySpec|auditAnnotations 5 *~admissionregistration.v1.AuditAnnotation|failurePolicy 4 s|matchConditions 6 *~admissionregistration.v1.MatchCondition|matchConstraints 2 ~admissionregistration.v1.MatchResources|paramKind 1 ~admissionregistration.v1.ParamKind|validations 3 *~admissionregistration.v1.Validation|variables 7 *~admissionregistration.v1.Variable
        ~admissionregistration.v1.ValidatingAdmissionPolicyStatus|conditions 3 *^Condition|observedGeneration 1 i|typeChecking 2 ~admissionregistration.v1.TypeChecking
        ~admissionregistration.v1.ValidatingWebhook|admissionReviewVersions 8 *s|clientConfig 2 ~admissionregistration.v1.WebhookClientConfig|failurePolicy 4 s|matchConditions 11 *~admissionregistration.v1.MatchCondition|matchPolicy 9 s|name 1 s|namespaceSelector 5 ^LabelSelector|objectSelector 10 ^LabelSelector|rules 3 *~admissionregistration.v1.RuleWithOperations|sideEffects 6 s|timeoutSeconds 7 i
        ~admissionregistration.v1.ValidatingWebhookConfiguration|webhooks 2 *~admissionregistration.v1.ValidatingWebhook|metadata 1 ^ObjectMeta
        ~admissionregistration.v1.ValidatingWebhookConfigurationList|items 2 *~admissionregistration.v1.ValidatingWebhookConfiguration|metadata 1 ^ListMeta
        ~admissionregistration.v1.Validation|expression 1 s|message 2 s|messageExpression 4 s|reason 3 s
        ~admissionregistration.v1.Variable|expression 2 s|name 1 s
        ~admissionregistration.v1.WebhookClientConfig|caBundle 2 y|service 1 ~admissionregistration.v1.ServiceReference|url 3 s
        ~apps.v1.ControllerRevision|data 2 &runtime.RawExtension|metadata 1 ^ObjectMeta|revision 3 i
        ~apps.v1.ControllerRevisionList|items 2 *~apps.v1.ControllerRevision|metadata 1 ^ListMeta
        ~apps.v1.DaemonSet|metadata 1 ^ObjectMeta|spec 2 ~apps.v1.DaemonSetSpec|status 3 ~apps.v1.DaemonSetStatus
        ~apps.v1.DaemonSetCondition|lastTransitionTime 3 ^Time|message 5 s|reason 4 s|status 2 s|type 1 s
        ~apps.v1.DaemonSetList|items 2 *~apps.v1.DaemonSet|metadata 1 ^ListMeta
        ~apps.v1.DaemonSetSpec|minReadySeconds 4 i|revisionHistoryLimit 6 i|selector 1 ^LabelSelector|template 2 ~core.v1.PodTemplateSpec|updateStrategy 3 ~apps.v1.DaemonSetUpdateStrategy
        ~apps.v1.DaemonSetStatus|collisionCount 9 i|conditions 10 *~apps.v1.DaemonSetCondition|currentNumberScheduled 1 i|desiredNumberScheduled 3 i|numberAvailable 7 i|numberMisscheduled 2 i|numberReady 4 i|numberUnavailable 8 i|observedGeneration 5 i|updatedNumberScheduled 6 i
        ~apps.v1.DaemonSetUpdateStrategy|rollingUpdate 2 ~apps.v1.RollingUpdateDaemonSet|type 1 s
        ~apps.v1.Deployment|metadata 1 ^ObjectMeta|spec 2 ~apps.v1.DeploymentSpec|status 3 ~apps.v1.DeploymentStatus
        ~apps.v1.DeploymentCondition|lastTransitionTime 7 ^Time|lastUpdateTime 6 ^Time|message 5 s|reason 4 s|status 2 s|type 1 s
        ~apps.v1.DeploymentList|items 2 *~apps.v1.Deployment|metadata 1 ^ListMeta
        ~apps.v1.DeploymentSpec|minReadySeconds 5 i|paused 7 b|progressDeadlineSeconds 9 i|replicas 1 i|revisionHistoryLimit 6 i|selector 2 ^LabelSelector|strategy 4 ~apps.v1.DeploymentStrategy|template 3 ~core.v1.PodTemplateSpec
        ~apps.v1.DeploymentStatus|availableReplicas 4 i|collisionCount 8 i|conditions 6 *~apps.v1.DeploymentCondition|observedGeneration 1 i|readyReplicas 7 i|replicas 2 i|terminatingReplicas 9 i|unavailableReplicas 5 i|updatedReplicas 3 i
        ~apps.v1.DeploymentStrategy|rollingUpdate 2 ~apps.v1.RollingUpdateDeployment|type 1 s
        ~apps.v1.ReplicaSet|metadata 1 ^ObjectMeta|spec 2 ~apps.v1.ReplicaSetSpec|status 3 ~apps.v1.ReplicaSetStatus
        ~apps.v1.ReplicaSetCondition|lastTransitionTime 3 ^Time|message 5 s|reason 4 s|status 2 s|type 1 s
        ~apps.v1.ReplicaSetList|items 2 *~apps.v1.ReplicaSet|metadata 1 ^ListMeta
        ~apps.v1.ReplicaSetSpec|minReadySeconds 4 i|replicas 1 i|selector 2 ^LabelSelector|template 3 ~core.v1.PodTemplateSpec
        ~apps.v1.ReplicaSetStatus|availableReplicas 5 i|conditions 6 *~apps.v1.ReplicaSetCondition|fullyLabeledReplicas 2 i|observedGeneration 3 i|readyReplicas 4 i|replicas 1 i|terminatingReplicas 7 i
        ~apps.v1.RollingUpdateDaemonSet|maxSurge 2 &util.intstr.IntOrString|maxUnavailable 1 &util.intstr.IntOrString
        ~apps.v1.RollingUpdateDeployment|maxSurge 2 &util.intstr.IntOrString|maxUnavailable 1 &util.intstr.IntOrString
        ~apps.v1.RollingUpdateStatefulSetStrategy|maxUnavailable 2 &util.intstr.IntOrString|partition 1 i
        ~apps.v1.StatefulSet|metadata 1 ^ObjectMeta|spec 2 ~apps.v1.StatefulSetSpec|status 3 ~apps.v1.StatefulSetStatus
        ~apps.v1.StatefulSetCondition|lastTransitionTime 3 ^Time|message 5 s|reason 4 s|status 2 s|type 1 s
        ~apps.v1.StatefulSetList|items 2 *~apps.v1.StatefulSet|metadata 1 ^ListMeta
        ~apps.v1.StatefulSetOrdinals|start 1 i
        ~apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy|whenDeleted 1 s|whenScaled 2 s
        ~apps.v1.StatefulSetSpec|minReadySeconds 9 i|ordinals 11 ~apps.v1.StatefulSetOrdinals|persistentVolumeClaimRetentionPolicy 10 ~apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy|podManagementPolicy 6 s|replicas 1 i|revisionHistoryLimit 8 i|selector 2 ^LabelSelector|serviceName 5 s|template 3 ~core.v1.PodTemplateSpec|updateStrategy 7 ~apps.v1.StatefulSetUpdateStrategy|volumeClaimTemplates 4 *~core.v1.PersistentVolumeClaim
        ~apps.v1.StatefulSetStatus|availableReplicas 11 i|collisionCount 9 i|conditions 10 *~apps.v1.StatefulSetCondition|currentReplicas 4 i|currentRevision 6 s|observedGeneration 1 i|readyReplicas 3 i|replicas 2 i|updateRevision 7 s|updatedReplicas 5 i
        ~apps.v1.StatefulSetUpdateStrategy|rollingUpdate 2 ~apps.v1.RollingUpdateStatefulSetStrategy|type 1 s
        ~authentication.v1.BoundObjectReference|apiVersion 2 s|kind 1 s|name 3 s|uid 4 s
        ~authentication.v1.ExtraValue|items 1 *s
        ~authentication.v1.SelfSubjectReview|metadata 1 ^ObjectMeta|status 2 ~authentication.v1.SelfSubjectReviewStatus
        ~authentication.v1.SelfSubjectReviewStatus|userInfo 1 ~authentication.v1.UserInfo
        ~authentication.v1.TokenRequest|metadata 1 ^ObjectMeta|spec 2 ~authentication.v1.TokenRequestSpec|status 3 ~authentication.v1.TokenRequestStatus
        ~authentication.v1.TokenRequestSpec|audiences 1 *s|boundObjectRef 3 ~authentication.v1.BoundObjectReference|expirationSeconds 4 i
        ~authentication.v1.TokenRequestStatus|expirationTimestamp 2 ^Time|token 1 s
        ~authentication.v1.TokenReview|metadata 1 ^ObjectMeta|spec 2 ~authentication.v1.TokenReviewSpec|status 3 ~authentication.v1.TokenReviewStatus
        ~authentication.v1.TokenReviewSpec|audiences 2 *s|token 1 s
        ~authentication.v1.TokenReviewStatus|audiences 4 *s|authenticated 1 b|error 3 s|user 2 ~authentication.v1.UserInfo
        ~authentication.v1.UserInfo|extra 4 @~authentication.v1.ExtraValue|groups 3 *s|uid 2 s|username 1 s
        ~authorization.v1.ExtraValue|items 1 *s
        ~authorization.v1.FieldSelectorAttributes|rawSelector 1 s|requirements 2 *^FieldSelectorRequirement
        ~authorization.v1.LabelSelectorAttributes|rawSelector 1 s|requirements 2 *^LabelSelectorRequirement
        ~authorization.v1.LocalSubjectAccessReview|metadata 1 ^ObjectMeta|spec 2 ~authorization.v1.SubjectAccessReviewSpec|status 3 ~authorization.v1.SubjectAccessReviewStatus
        ~authorization.v1.NonResourceAttributes|path 1 s|verb 2 s
        ~authorization.v1.NonResourceRule|nonResourceURLs 2 *s|verbs 1 *s
        ~authorization.v1.ResourceAttributes|fieldSelector 8 ~authorization.v1.FieldSelectorAttributes|group 3 s|labelSelector 9 ~authorization.v1.LabelSelectorAttributes|name 7 s|namespace 1 s|resource 5 s|subresource 6 s|verb 2 s|version 4 s
        ~authorization.v1.ResourceRule|apiGroups 2 *s|resourceNames 4 *s|resources 3 *s|verbs 1 *s
        ~authorization.v1.SelfSubjectAccessReview|metadata 1 ^ObjectMeta|spec 2 ~authorization.v1.SelfSubjectAccessReviewSpec|status 3 ~authorization.v1.SubjectAccessReviewStatus
        ~authorization.v1.SelfSubjectAccessReviewSpec|nonResourceAttributes 2 ~authorization.v1.NonResourceAttributes|resourceAttributes 1 ~authorization.v1.ResourceAttributes
        ~authorization.v1.SelfSubjectRulesReview|metadata 1 ^ObjectMeta|spec 2 ~authorization.v1.SelfSubjectRulesReviewSpec|status 3 ~authorization.v1.SubjectRulesReviewStatus
        ~authorization.v1.SelfSubjectRulesReviewSpec|namespace 1 s
        ~authorization.v1.SubjectAccessReview|metadata 1 ^ObjectMeta|spec 2 ~authorization.v1.SubjectAccessReviewSpec|status 3 ~authorization.v1.SubjectAccessReviewStatus
        ~authorization.v1.SubjectAccessReviewSpec|extra 5 @~authorization.v1.ExtraValue|groups 4 *s|nonResourceAttributes 2 ~authorization.v1.NonResourceAttributes|resourceAttributes 1 ~authorization.v1.ResourceAttributes|uid 6 s|user 3 s
        ~authorization.v1.SubjectAccessReviewStatus|allowed 1 b|denied 4 b|evaluationError 3 s|reason 2 s
        ~authorization.v1.SubjectRulesReviewStatus|evaluationError 4 s|incomplete 3 b|nonResourceRules 2 *~authorization.v1.NonResourceRule|resourceRules 1 *~authorization.v1.ResourceRule
        ~autoscaling.v1.ContainerResourceMetricSource|container 5 s|name 1 s|targetAverageUtilization 2 i|targetAverageValue 3 &api.resource.Quantity
        ~autoscaling.v1.ContainerResourceMetricStatus|container 4 s|currentAverageUtilization 2 i|currentAverageValue 3 &api.resource.Quantity|name 1 s
        ~autoscaling.v1.CrossVersionObjectReference|apiVersion 3 s|kind 1 s|name 2 s
        ~autoscaling.v1.ExternalMetricSource|metricName 1 s|metricSelector 2 ^LabelSelector|targetAverageValue 4 &api.resource.Quantity|targetValue 3 &api.resource.Quantity
        ~autoscaling.v1.ExternalMetricStatus|currentAverageValue 4 &api.resource.Quantity|currentValue 3 &api.resource.Quantity|metricName 1 s|metricSelector 2 ^LabelSelector
        ~autoscaling.v1.HorizontalPodAutoscaler|metadata 1 ^ObjectMeta|spec 2 ~autoscaling.v1.HorizontalPodAutoscalerSpec|status 3 ~autoscaling.v1.HorizontalPodAutoscalerStatus
        ~autoscaling.v1.HorizontalPodAutoscalerCondition|lastTransitionTime 3 ^Time|message 5 s|reason 4 s|status 2 s|type 1 s
        ~autoscaling.v1.HorizontalPodAutoscalerList|items 2 *~autoscaling.v1.HorizontalPodAutoscaler|metadata 1 ^ListMeta
        ~autoscaling.v1.HorizontalPodAutoscalerSpec|maxReplicas 3 i|minReplicas 2 i|scaleTargetRef 1 ~autoscaling.v1.CrossVersionObjectReference|targetCPUUtilizationPercentage 4 i
        ~autoscaling.v1.HorizontalPodAutoscalerStatus|currentCPUUtilizationPercentage 5 i|currentReplicas 3 i|desiredReplicas 4 i|lastScaleTime 2 ^Time|observedGeneration 1 i
        ~autoscaling.v1.MetricSpec|containerResource 7 ~autoscaling.v1.ContainerResourceMetricSource|external 5 ~autoscaling.v1.ExternalMetricSource|object 2 ~autoscaling.v1.ObjectMetricSource|pods 3 ~autoscaling.v1.PodsMetricSource|resource 4 ~autoscaling.v1.ResourceMetricSource|type 1 s
        ~autoscaling.v1.MetricStatus|containerResource 7 ~autoscaling.v1.ContainerResourceMetricStatus|external 5 ~autoscaling.v1.ExternalMetricStatus|object 2 ~autoscaling.v1.ObjectMetricStatus|pods 3 ~autoscaling.v1.PodsMetricStatus|resource 4 ~autoscaling.v1.ResourceMetricStatus|type 1 s
        ~autoscaling.v1.ObjectMetricSource|averageValue 5 &api.resource.Quantity|metricName 2 s|selector 4 ^LabelSelector|target 1 ~autoscaling.v1.CrossVersionObjectReference|targetValue 3 &api.resource.Quantity
        ~autoscaling.v1.ObjectMetricStatus|averageValue 5 &api.resource.Quantity|currentValue 3 &api.resource.Quantity|metricName 2 s|selector 4 ^LabelSelector|target 1 ~autoscaling.v1.CrossVersionObjectReference
        ~autoscaling.v1.PodsMetricSource|metricName 1 s|selector 3 ^LabelSelector|targetAverageValue 2 &api.resource.Quantity
        ~autoscaling.v1.PodsMetricStatus|currentAverageValue 2 &api.resource.Quantity|metricName 1 s|selector 3 ^LabelSelector
        ~autoscaling.v1.ResourceMetricSource|name 1 s|targetAverageUtilization 2 i|targetAverageValue 3 &api.resource.Quantity
        ~autoscaling.v1.ResourceMetricStatus|currentAverageUtilization 2 i|currentAverageValue 3 &api.resource.Quantity|name 1 s
        ~autoscaling.v1.Scale|metadata 1 ^ObjectMeta|spec 2 ~autoscaling.v1.ScaleSpec|status 3 ~autoscaling.v1.ScaleStatus
        ~autoscaling.v1.ScaleSpec|replicas 1 i
        ~autoscaling.v1.ScaleStatus|replicas 1 i|selector 2 s
        ~autoscaling.v2.ContainerResourceMetricSource|container 3 s|name 1 s|target 2 ~autoscaling.v2.MetricTarget
        ~autoscaling.v2.ContainerResourceMetricStatus|container 3 s|current 2 ~autoscaling.v2.MetricValueStatus|name 1 s
        ~autoscaling.v2.CrossVersionObjectReference|apiVersion 3 s|kind 1 s|name 2 s
        ~autoscaling.v2.ExternalMetricSource|metric 1 ~autoscaling.v2.MetricIdentifier|target 2 ~autoscaling.v2.MetricTarget
        ~autoscaling.v2.ExternalMetricStatus|current 2 ~autoscaling.v2.MetricValueStatus|metric 1 ~autoscaling.v2.MetricIdentifier
        ~autoscaling.v2.HPAScalingPolicy|periodSeconds 3 i|type 1 s|value 2 i
        ~autoscaling.v2.HPAScalingRules|policies 2 *~autoscaling.v2.HPAScalingPolicy|selectPolicy 1 s|stabilizationWindowSeconds 3 i|tolerance 4 &api.resource.Quantity
        ~autoscaling.v2.HorizontalPodAutoscaler|metadata 1 ^ObjectMeta|spec 2 ~autoscaling.v2.HorizontalPodAutoscalerSpec|status 3 ~autoscaling.v2.HorizontalPodAutoscalerStatus
        ~autoscaling.v2.HorizontalPodAutoscalerBehavior|scaleDown 2 ~autoscaling.v2.HPAScalingRules|scaleUp 1 ~autoscaling.v2.HPAScalingRules
        ~autoscaling.v2.HorizontalPodAutoscalerCondition|lastTransitionTime 3 ^Time|message 5 s|reason 4 s|status 2 s|type 1 s
        ~autoscaling.v2.HorizontalPodAutoscalerList|items 2 *~autoscaling.v2.HorizontalPodAutoscaler|metadata 1 ^ListMeta
        ~autoscaling.v2.HorizontalPodAutoscalerSpec|behavior 5 ~autoscaling.v2.HorizontalPodAutoscalerBehavior|maxReplicas 3 i|metrics 4 *~autoscaling.v2.MetricSpec|minReplicas 2 i|scaleTargetRef 1 ~autoscaling.v2.CrossVersionObjectReference
        ~autoscaling.v2.HorizontalPodAutoscalerStatus|conditions 6 *~autoscaling.v2.HorizontalPodAutoscalerCondition|currentMetrics 5 *~autoscaling.v2.MetricStatus|currentReplicas 3 i|desiredReplicas 4 i|lastScaleTime 2 ^Time|observedGeneration 1 i
        ~autoscaling.v2.MetricIdentifier|name 1 s|selector 2 ^LabelSelector
        ~autoscaling.v2.MetricSpec|containerResource 7 ~autoscaling.v2.ContainerResourceMetricSource|external 5 ~autoscaling.v2.ExternalMetricSource|object 2 ~autoscaling.v2.ObjectMetricSource|pods 3 ~autoscaling.v2.PodsMetricSource|resource 4 ~autoscaling.v2.ResourceMetricSource|type 1 s
        ~autoscaling.v2.MetricStatus|containerResource 7 ~autoscaling.v2.ContainerResourceMetricStatus|external 5 ~autoscaling.v2.ExternalMetricStatus|object 2 ~autoscaling.v2.ObjectMetricStatus|pods 3 ~autoscaling.v2.PodsMetricStatus|resource 4 ~autoscaling.v2.ResourceMetricStatus|type 1 s
        ~autoscaling.v2.MetricTarget|averageUtilization 4 i|averageValue 3 &api.resource.Quantity|type 1 s|value 2 &api.resource.Quantity
        ~autoscaling.v2.MetricValueStatus|averageUtilization 3 i|averageValue 2 &api.resource.Quantity|value 1 &api.resource.Quantity
        ~autoscaling.v2.ObjectMetricSource|describedObject 1 ~autoscaling.v2.CrossVersionObjectReference|metric 3 ~autoscaling.v2.MetricIdentifier|target 2 ~autoscaling.v2.MetricTarget
        ~autoscaling.v2.ObjectMetricStatus|current 2 ~autoscaling.v2.MetricValueStatus|describedObject 3 ~autoscaling.v2.CrossVersionObjectReference|metric 1 ~autoscaling.v2.MetricIdentifier
        ~autoscaling.v2.PodsMetricSource|metric 1 ~autoscaling.v2.MetricIdentifier|target 2 ~autoscaling.v2.MetricTarget
        ~autoscaling.v2.PodsMetricStatus|current 2 ~autoscaling.v2.MetricValueStatus|metric 1 ~autoscaling.v2.MetricIdentifier
        ~autoscaling.v2.ResourceMetricSource|name 1 s|target 2 ~autoscaling.v2.MetricTarget
        ~autoscaling.v2.ResourceMetricStatus|current 2 ~autoscaling.v2.MetricValueStatus|name 1 s
        ~batch.v1.CronJob|metadata 1 ^ObjectMeta|spec 2 ~batch.v1.CronJobSpec|status 3 ~batch.v1.CronJobStatus
        ~batch.v1.CronJobList|items 2 *~batch.v1.CronJob|metadata 1 ^ListMeta
        ~batch.v1.CronJobSpec|concurrencyPolicy 3 s|failedJobsHistoryLimit 7 i|jobTemplate 5 ~batch.v1.JobTemplateSpec|schedule 1 s|startingDeadlineSeconds 2 i|successfulJobsHistoryLimit 6 i|suspend 4 b|timeZone 8 s
        ~batch.v1.CronJobStatus|active 1 *~core.v1.ObjectReference|lastScheduleTime 4 ^Time|lastSuccessfulTime 5 ^Time
        ~batch.v1.Job|metadata 1 ^ObjectMeta|spec 2 ~batch.v1.JobSpec|status 3 ~batch.v1.JobStatus
        ~batch.v1.JobCondition|lastProbeTime 3 ^Time|lastTransitionTime 4 ^Time|message 6 s|reason 5 s|status 2 s|type 1 s
        ~batch.v1.JobList|items 2 *~batch.v1.Job|metadata 1 ^ListMeta
        ~batch.v1.JobSpec|activeDeadlineSeconds 3 i|backoffLimit 7 i|backoffLimitPerIndex 12 i|completionMode 9 s|completions 2 i|managedBy 15 s|manualSelector 5 b|maxFailedIndexes 13 i|parallelism 1 i|podFailurePolicy 11 ~batch.v1.PodFailurePolicy|podReplacementPolicy 14 s|selector 4 ^LabelSelector|successPolicy 16 ~batch.v1.SuccessPolicy|suspend 10 b|template 6 ~core.v1.PodTemplateSpec|ttlSecondsAfterFinished 8 i
        ~batch.v1.JobStatus|active 4 i|completedIndexes 7 s|completionTime 3 ^Time|conditions 1 *~batch.v1.JobCondition|failed 6 i|failedIndexes 10 s|ready 9 i|startTime 2 ^Time|succeeded 5 i|terminating 11 i|uncountedTerminatedPods 8 ~batch.v1.UncountedTerminatedPods
        ~batch.v1.JobTemplateSpec|metadata 1 ^ObjectMeta|spec 2 ~batch.v1.JobSpec
        ~batch.v1.PodFailurePolicy|rules 1 *~batch.v1.PodFailurePolicyRule
        ~batch.v1.PodFailurePolicyOnExitCodesRequirement|containerName 1 s|operator 2 s|values 3 *i
        ~batch.v1.PodFailurePolicyOnPodConditionsPattern|status 2 s|type 1 s
        ~batch.v1.PodFailurePolicyRule|action 1 s|onExitCodes 2 ~batch.v1.PodFailurePolicyOnExitCodesRequirement|onPodConditions 3 *~batch.v1.PodFailurePolicyOnPodConditionsPattern
        ~batch.v1.SuccessPolicy|rules 1 *~batch.v1.SuccessPolicyRule
        ~batch.v1.SuccessPolicyRule|succeededCount 2 i|succeededIndexes 1 s
        ~batch.v1.UncountedTerminatedPods|failed 2 *s|succeeded 1 *s
        ~coordination.v1.Lease|metadata 1 ^ObjectMeta|spec 2 ~coordination.v1.LeaseSpec
        ~coordination.v1.LeaseList|items 2 *~coordination.v1.Lease|metadata 1 ^ListMeta
        ~coordination.v1.LeaseSpec|acquireTime 3 ^MicroTime|holderIdentity 1 s|leaseDurationSeconds 2 i|leaseTransitions 5 i|preferredHolder 7 s|renewTime 4 ^MicroTime|strategy 6 s
        ~core.v1.AWSElasticBlockStoreVolumeSource|fsType 2 s|partition 3 i|readOnly 4 b|volumeID 1 s
        ~core.v1.Affinity|nodeAffinity 1 ~core.v1.NodeAffinity|podAffinity 2 ~core.v1.PodAffinity|podAntiAffinity 3 ~core.v1.PodAntiAffinity
        ~core.v1.AppArmorProfile|localhostProfile 2 s|type 1 s
        ~core.v1.AttachedVolume|devicePath 2 s|name 1 s
        ~core.v1.AvoidPods|preferAvoidPods 1 *~core.v1.PreferAvoidPodsEntry
        ~core.v1.AzureDiskVolumeSource|cachingMode 3 s|diskName 1 s|diskURI 2 s|fsType 4 s|kind 6 s|readOnly 5 b
        ~core.v1.AzureFilePersistentVolumeSource|readOnly 3 b|secretName 1 s|secretNamespace 4 s|shareName 2 s
        ~core.v1.AzureFileVolumeSource|readOnly 3 b|secretName 1 s|shareName 2 s
        ~core.v1.Binding|metadata 1 ^ObjectMeta|target 2 ~core.v1.ObjectReference
        ~core.v1.CSIPersistentVolumeSource|controllerExpandSecretRef 9 ~core.v1.SecretReference|controllerPublishSecretRef 6 ~core.v1.SecretReference|driver 1 s|fsType 4 s|nodeExpandSecretRef 10 ~core.v1.SecretReference|nodePublishSecretRef 8 ~core.v1.SecretReference|nodeStageSecretRef 7 ~core.v1.SecretReference|readOnly 3 b|volumeAttributes 5 @s|volumeHandle 2 s
        ~core.v1.CSIVolumeSource|driver 1 s|fsType 3 s|nodePublishSecretRef 5 ~core.v1.LocalObjectReference|readOnly 2 b|volumeAttributes 4 @s
        ~core.v1.Capabilities|add 1 *s|drop 2 *s
        ~core.v1.CephFSPersistentVolumeSource|monitors 1 *s|path 2 s|readOnly 6 b|secretFile 4 s|secretRef 5 ~core.v1.SecretReference|user 3 s
        ~core.v1.CephFSVolumeSource|monitors 1 *s|path 2 s|readOnly 6 b|secretFile 4 s|secretRef 5 ~core.v1.LocalObjectReference|user 3 s
        ~core.v1.CinderPersistentVolumeSource|fsType 2 s|readOnly 3 b|secretRef 4 ~core.v1.SecretReference|volumeID 1 s
        ~core.v1.CinderVolumeSource|fsType 2 s|readOnly 3 b|secretRef 4 ~core.v1.LocalObjectReference|volumeID 1 s
        ~core.v1.ClientIPConfig|timeoutSeconds 1 i
        ~core.v1.ClusterTrustBundleProjection|labelSelector 3 ^LabelSelector|name 1 s|optional 5 b|path 4 s|signerName 2 s
        ~core.v1.ComponentCondition|error 4 s|message 3 s|status 2 s|type 1 s
        ~core.v1.ComponentStatus|conditions 2 *~core.v1.ComponentCondition|metadata 1 ^ObjectMeta
        ~core.v1.ComponentStatusList|items 2 *~core.v1.ComponentStatus|metadata 1 ^ListMeta
        ~core.v1.ConfigMap|binaryData 3 @y|data 2 @s|immutable 4 b|metadata 1 ^ObjectMeta
        ~core.v1.ConfigMapEnvSource|+localObjectReference 1 ~core.v1.LocalObjectReference|optional 2 b
        ~core.v1.ConfigMapKeySelector|key 2 s|+localObjectReference 1 ~core.v1.LocalObjectReference|optional 3 b
        ~core.v1.ConfigMapList|items 2 *~core.v1.ConfigMap|metadata 1 ^ListMeta
        ~core.v1.ConfigMapNodeConfigSource|kubeletConfigKey 5 s|name 2 s|namespace 1 s|resourceVersion 4 s|uid 3 s
        ~core.v1.ConfigMapProjection|items 2 *~core.v1.KeyToPath|+localObjectReference 1 ~core.v1.LocalObjectReference|optional 4 b
        ~core.v1.ConfigMapVolumeSource|defaultMode 3 i|items 2 *~core.v1.KeyToPath|+localObjectReference 1 ~core.v1.LocalObjectReference|optional 4 b
        ~core.v1.Container|args 4 *s|command 3 *s|env 7 *~core.v1.EnvVar|envFrom 19 *~core.v1.EnvFromSource|image 2 s|imagePullPolicy 14 s|lifecycle 12 ~core.v1.Lifecycle|livenessProbe 10 ~core.v1.Probe|name 1 s|ports 6 *~core.v1.ContainerPort|readinessProbe 11 ~core.v1.Probe|resizePolicy 23 *~core.v1.ContainerResizePolicy|resources 8 ~core.v1.ResourceRequirements|restartPolicy 24 s|restartPolicyRules 25 *~core.v1.ContainerRestartRule|securityContext 15 ~core.v1.SecurityContext|startupProbe 22 ~core.v1.Probe|stdin 16 b|stdinOnce 17 b|terminationMessagePath 13 s|terminationMessagePolicy 20 s|tty 18 b|volumeDevices 21 *~core.v1.VolumeDevice|volumeMounts 9 *~core.v1.VolumeMount|workingDir 5 s
        ~core.v1.ContainerExtendedResourceRequest|containerName 1 s|requestName 3 s|resourceName 2 s
        ~core.v1.ContainerImage|names 1 *s|sizeBytes 2 i
        ~core.v1.ContainerPort|containerPort 3 i|hostIP 5 s|hostPort 2 i|name 1 s|protocol 4 s
        ~core.v1.ContainerResizePolicy|resourceName 1 s|restartPolicy 2 s
        ~core.v1.ContainerRestartRule|action 1 s|exitCodes 2 ~core.v1.ContainerRestartRuleOnExitCodes
        ~core.v1.ContainerRestartRuleOnExitCodes|operator 1 s|values 2 *i
        ~core.v1.ContainerState|running 2 ~core.v1.ContainerStateRunning|terminated 3 ~core.v1.ContainerStateTerminated|waiting 1 ~core.v1.ContainerStateWaiting
        ~core.v1.ContainerStateRunning|startedAt 1 ^Time
        ~core.v1.ContainerStateTerminated|containerID 7 s|exitCode 1 i|finishedAt 6 ^Time|message 4 s|reason 3 s|signal 2 i|startedAt 5 ^Time
        ~core.v1.ContainerStateWaiting|message 2 s|reason 1 s
        ~core.v1.ContainerStatus|allocatedResources 10 @&api.resource.Quantity|allocatedResourcesStatus 14 *~core.v1.ResourceStatus|containerID 8 s|image 6 s|imageID 7 s|lastState 3 ~core.v1.ContainerState|name 1 s|ready 4 b|resources 11 ~core.v1.ResourceRequirements|restartCount 5 i|started 9 b|state 2 ~core.v1.ContainerState|stopSignal 15 s|user 13 ~core.v1.ContainerUser|volumeMounts 12 *~core.v1.VolumeMountStatus
        ~core.v1.ContainerUser|linux 1 ~core.v1.LinuxContainerUser
        ~core.v1.DaemonEndpoint|Port 1 i
        ~core.v1.DownwardAPIProjection|items 1 *~core.v1.DownwardAPIVolumeFile
        ~core.v1.DownwardAPIVolumeFile|fieldRef 2 ~core.v1.ObjectFieldSelector|mode 4 i|path 1 s|resourceFieldRef 3 ~core.v1.ResourceFieldSelector
        ~core.v1.DownwardAPIVolumeSource|defaultMode 2 i|items 1 *~core.v1.DownwardAPIVolumeFile
        ~core.v1.EmptyDirVolumeSource|medium 1 s|sizeLimit 2 &api.resource.Quantity
        ~core.v1.EndpointAddress|hostname 3 s|ip 1 s|nodeName 4 s|targetRef 2 ~core.v1.ObjectReference
        ~core.v1.EndpointPort|appProtocol 4 s|name 1 s|port 2 i|protocol 3 s
        ~core.v1.EndpointSubset|addresses 1 *~core.v1.EndpointAddress|notReadyAddresses 2 *~core.v1.EndpointAddress|ports 3 *~core.v1.EndpointPort
        ~core.v1.Endpoints|metadata 1 ^ObjectMeta|subsets 2 *~core.v1.EndpointSubset
        ~core.v1.EndpointsList|items 2 *~core.v1.Endpoints|metadata 1 ^ListMeta
        ~core.v1.EnvFromSource|configMapRef 2 ~core.v1.ConfigMapEnvSource|prefix 1 s|secretRef 3 ~core.v1.SecretEnvSource
        ~core.v1.EnvVar|name 1 s|value 2 s|valueFrom 3 ~core.v1.EnvVarSource
        ~core.v1.EnvVarSource|configMapKeyRef 3 ~core.v1.ConfigMapKeySelector|fieldRef 1 ~core.v1.ObjectFieldSelector|fileKeyRef 5 ~core.v1.FileKeySelector|resourceFieldRef 2 ~core.v1.ResourceFieldSelector|secretKeyRef 4 ~core.v1.SecretKeySelector
        ~core.v1.EphemeralContainer|+ephemeralContainerCommon 1 ~core.v1.EphemeralContainerCommon|targetContainerName 2 s
        ~core.v1.EphemeralContainerCommon|args 4 *s|command 3 *s|env 7 *~core.v1.EnvVar|envFrom 19 *~core.v1.EnvFromSource|image 2 s|imagePullPolicy 14 s|lifecycle 12 ~core.v1.Lifecycle|livenessProbe 10 ~core.v1.Probe|name 1 s|ports 6 *~core.v1.ContainerPort|readinessProbe 11 ~core.v1.Probe|resizePolicy 23 *~core.v1.ContainerResizePolicy|resources 8 ~core.v1.ResourceRequirements|restartPolicy 24 s|restartPolicyRules 25 *~core.v1.ContainerRestartRule|securityContext 15 ~core.v1.SecurityContext|startupProbe 22 ~core.v1.Probe|stdin 16 b|stdinOnce 17 b|terminationMessagePath 13 s|terminationMessagePolicy 20 s|tty 18 b|volumeDevices 21 *~core.v1.VolumeDevice|volumeMounts 9 *~core.v1.VolumeMount|workingDir 5 s
        ~core.v1.EphemeralVolumeSource|volumeClaimTemplate 1 ~core.v1.PersistentVolumeClaimTemplate
        ~core.v1.Event|action 12 s|count 8 i|eventTime 10 ^MicroTime|firstTimestamp 6 ^Time|involvedObject 2 ~core.v1.ObjectReference|lastTimestamp 7 ^Time|message 4 s|metadata 1 ^ObjectMeta|reason 3 s|related 13 ~core.v1.ObjectReference|reportingComponent 14 s|reportingInstance 15 s|series 11 ~core.v1.EventSeries|source 5 ~core.v1.EventSource|type 9 s
        ~core.v1.EventList|items 2 *~core.v1.Event|metadata 1 ^ListMeta
        ~core.v1.EventSeries|count 1 i|lastObservedTime 2 ^MicroTime
        ~core.v1.EventSource|component 1 s|host 2 s
        ~core.v1.ExecAction|command 1 *s
        ~core.v1.FCVolumeSource|fsType 3 s|lun 2 i|readOnly 4 b|targetWWNs 1 *s|wwids 5 *s
        ~core.v1.FileKeySelector|key 3 s|optional 4 b|path 2 s|volumeName 1 s
        ~core.v1.FlexPersistentVolumeSource|driver 1 s|fsType 2 s|options 5 @s|readOnly 4 b|secretRef 3 ~core.v1.SecretReference
        ~core.v1.FlexVolumeSource|driver 1 s|fsType 2 s|options 5 @s|readOnly 4 b|secretRef 3 ~core.v1.LocalObjectReference
        ~core.v1.FlockerVolumeSource|datasetName 1 s|datasetUUID 2 s
        ~core.v1.GCEPersistentDiskVolumeSource|fsType 2 s|partition 3 i|pdName 1 s|readOnly 4 b
        ~core.v1.GRPCAction|port 1 i|service 2 s
        ~core.v1.GitRepoVolumeSource|directory 3 s|repository 1 s|revision 2 s
        ~core.v1.GlusterfsPersistentVolumeSource|endpoints 1 s|endpointsNamespace 4 s|path 2 s|readOnly 3 b
        ~core.v1.GlusterfsVolumeSource|endpoints 1 s|path 2 s|readOnly 3 b
        ~core.v1.HTTPGetAction|host 3 s|httpHeaders 5 *~core.v1.HTTPHeader|path 1 s|port 2 &util.intstr.IntOrString|scheme 4 s
        ~core.v1.HTTPHeader|name 1 s|value 2 s
        ~core.v1.HostAlias|hostnames 2 *s|ip 1 s
        ~core.v1.HostIP|ip 1 s
        ~core.v1.HostPathVolumeSource|path 1 s|type 2 s
        ~core.v1.ISCSIPersistentVolumeSource|chapAuthDiscovery 8 b|chapAuthSession 11 b|fsType 5 s|initiatorName 12 s|iqn 2 s|iscsiInterface 4 s|lun 3 i|portals 7 *s|readOnly 6 b|secretRef 10 ~core.v1.SecretReference|targetPortal 1 s
        ~core.v1.ISCSIVolumeSource|chapAuthDiscovery 8 b|chapAuthSession 11 b|fsType 5 s|initiatorName 12 s|iqn 2 s|iscsiInterface 4 s|lun 3 i|portals 7 *s|readOnly 6 b|secretRef 10 ~core.v1.LocalObjectReference|targetPortal 1 s
        ~core.v1.ImageVolumeSource|pullPolicy 2 s|reference 1 s
        ~core.v1.ImageVolumeStatus|imageRef 1 s
        ~core.v1.KeyToPath|key 1 s|mode 3 i|path 2 s
        ~core.v1.Lifecycle|postStart 1 ~core.v1.LifecycleHandler|preStop 2 ~core.v1.LifecycleHandler|stopSignal 3 s
        ~core.v1.LifecycleHandler|exec 1 ~core.v1.ExecAction|httpGet 2 ~core.v1.HTTPGetAction|sleep 4 ~core.v1.SleepAction|tcpSocket 3 ~core.v1.TCPSocketAction
        ~core.v1.LimitRange|metadata 1 ^ObjectMeta|spec 2 ~core.v1.LimitRangeSpec
        ~core.v1.LimitRangeItem|default 4 @&api.resource.Quantity|defaultRequest 5 @&api.resource.Quantity|max 2 @&api.resource.Quantity|maxLimitRequestRatio 6 @&api.resource.Quantity|min 3 @&api.resource.Quantity|type 1 s
        ~core.v1.LimitRangeList|items 2 *~core.v1.LimitRange|metadata 1 ^ListMeta
        ~core.v1.LimitRangeSpec|limits 1 *~core.v1.LimitRangeItem
        ~core.v1.LinuxContainerUser|gid 2 i|supplementalGroups 3 *i|uid 1 i
        ~core.v1.List|items 2 *&runtime.RawExtension|metadata 1 ^ListMeta
        ~core.v1.LoadBalancerIngress|hostname 2 s|ip 1 s|ipMode 3 s|ports 4 *~core.v1.PortStatus
        ~core.v1.LoadBalancerStatus|ingress 1 *~core.v1.LoadBalancerIngress
        ~core.v1.LocalObjectReference|name 1 s
        ~core.v1.LocalVolumeSource|fsType 2 s|path 1 s
        ~core.v1.ModifyVolumeStatus|status 2 s|targetVolumeAttributesClassName 1 s
        ~core.v1.NFSVolumeSource|path 2 s|readOnly 3 b|server 1 s
        ~core.v1.Namespace|metadata 1 ^ObjectMeta|spec 2 ~core.v1.NamespaceSpec|status 3 ~core.v1.NamespaceStatus
        ~core.v1.NamespaceCondition|lastTransitionTime 4 ^Time|message 6 s|reason 5 s|status 2 s|type 1 s
        ~core.v1.NamespaceList|items 2 *~core.v1.Namespace|metadata 1 ^ListMeta
        ~core.v1.NamespaceSpec|finalizers 1 *s
        ~core.v1.NamespaceStatus|conditions 2 *~core.v1.NamespaceCondition|phase 1 s
        ~core.v1.Node|metadata 1 ^ObjectMeta|spec 2 ~core.v1.NodeSpec|status 3 ~core.v1.NodeStatus
        ~core.v1.NodeAddress|address 2 s|type 1 s
        ~core.v1.NodeAffinity|preferredDuringSchedulingIgnoredDuringExecution 2 *~core.v1.PreferredSchedulingTerm|requiredDuringSchedulingIgnoredDuringExecution 1 ~core.v1.NodeSelector
        ~core.v1.NodeAllocatableResourceClaimStatus|containers 2 *s|resourceClaimName 1 s|resources 3 @&api.resource.Quantity
        ~core.v1.NodeCondition|lastHeartbeatTime 3 ^Time|lastTransitionTime 4 ^Time|message 6 s|reason 5 s|status 2 s|type 1 s
        ~core.v1.NodeConfigSource|configMap 2 ~core.v1.ConfigMapNodeConfigSource
        ~core.v1.NodeConfigStatus|active 2 ~core.v1.NodeConfigSource|assigned 1 ~core.v1.NodeConfigSource|error 4 s|lastKnownGood 3 ~core.v1.NodeConfigSource
        ~core.v1.NodeDaemonEndpoints|kubeletEndpoint 1 ~core.v1.DaemonEndpoint
        ~core.v1.NodeFeatures|supplementalGroupsPolicy 1 b
        ~core.v1.NodeList|items 2 *~core.v1.Node|metadata 1 ^ListMeta
        ~core.v1.NodeProxyOptions|path 1 s
        ~core.v1.NodeRuntimeHandler|features 2 ~core.v1.NodeRuntimeHandlerFeatures|name 1 s
        ~core.v1.NodeRuntimeHandlerFeatures|recursiveReadOnlyMounts 1 b|userNamespaces 2 b
        ~core.v1.NodeSelector|nodeSelectorTerms 1 *~core.v1.NodeSelectorTerm
        ~core.v1.NodeSelectorRequirement|key 1 s|operator 2 s|values 3 *s
        ~core.v1.NodeSelectorTerm|matchExpressions 1 *~core.v1.NodeSelectorRequirement|matchFields 2 *~core.v1.NodeSelectorRequirement
        ~core.v1.NodeSpec|configSource 6 ~core.v1.NodeConfigSource|externalID 2 s|podCIDR 1 s|podCIDRs 7 *s|providerID 3 s|taints 5 *~core.v1.Taint|unschedulable 4 b
        ~core.v1.NodeStatus|addresses 5 *~core.v1.NodeAddress|allocatable 2 @&api.resource.Quantity|capacity 1 @&api.resource.Quantity|conditions 4 *~core.v1.NodeCondition|config 11 ~core.v1.NodeConfigStatus|daemonEndpoints 6 ~core.v1.NodeDaemonEndpoints|declaredFeatures 14 *s|features 13 ~core.v1.NodeFeatures|images 8 *~core.v1.ContainerImage|nodeInfo 7 ~core.v1.NodeSystemInfo|phase 3 s|runtimeHandlers 12 *~core.v1.NodeRuntimeHandler|volumesAttached 10 *~core.v1.AttachedVolume|volumesInUse 9 *s
        ~core.v1.NodeSwapStatus|capacity 1 i
        ~core.v1.NodeSystemInfo|architecture 10 s|bootID 3 s|containerRuntimeVersion 6 s|kernelVersion 4 s|kubeProxyVersion 8 s|kubeletVersion 7 s|machineID 1 s|operatingSystem 9 s|osImage 5 s|swap 11 ~core.v1.NodeSwapStatus|systemUUID 2 s
        ~core.v1.ObjectFieldSelector|apiVersion 1 s|fieldPath 2 s
        ~core.v1.ObjectReference|apiVersion 5 s|fieldPath 7 s|kind 1 s|name 3 s|namespace 2 s|resourceVersion 6 s|uid 4 s
        ~core.v1.PersistentVolume|metadata 1 ^ObjectMeta|spec 2 ~core.v1.PersistentVolumeSpec|status 3 ~core.v1.PersistentVolumeStatus
        ~core.v1.PersistentVolumeClaim|metadata 1 ^ObjectMeta|spec 2 ~core.v1.PersistentVolumeClaimSpec|status 3 ~core.v1.PersistentVolumeClaimStatus
        ~core.v1.PersistentVolumeClaimCondition|lastProbeTime 3 ^Time|lastTransitionTime 4 ^Time|message 6 s|reason 5 s|status 2 s|type 1 s
        ~core.v1.PersistentVolumeClaimList|items 2 *~core.v1.PersistentVolumeClaim|metadata 1 ^ListMeta
        ~core.v1.PersistentVolumeClaimSpec|accessModes 1 *s|dataSource 7 ~core.v1.TypedLocalObjectReference|dataSourceRef 8 ~core.v1.TypedObjectReference|resources 2 ~core.v1.VolumeResourceRequirements|selector 4 ^LabelSelector|storageClassName 5 s|volumeAttributesClassName 9 s|volumeMode 6 s|volumeName 3 s
        ~core.v1.PersistentVolumeClaimStatus|accessModes 2 *s|allocatedResourceStatuses 7 @s|allocatedResources 5 @&api.resource.Quantity|capacity 3 @&api.resource.Quantity|conditions 4 *~core.v1.PersistentVolumeClaimCondition|currentVolumeAttributesClassName 8 s|modifyVolumeStatus 9 ~core.v1.ModifyVolumeStatus|phase 1 s
        ~core.v1.PersistentVolumeClaimTemplate|metadata 1 ^ObjectMeta|spec 2 ~core.v1.PersistentVolumeClaimSpec
        ~core.v1.PersistentVolumeClaimVolumeSource|claimName 1 s|readOnly 2 b
        ~core.v1.PersistentVolumeList|items 2 *~core.v1.PersistentVolume|metadata 1 ^ListMeta
        ~core.v1.PersistentVolumeSource|awsElasticBlockStore 2 ~core.v1.AWSElasticBlockStoreVolumeSource|azureDisk 16 ~core.v1.AzureDiskVolumeSource|azureFile 13 ~core.v1.AzureFilePersistentVolumeSource|cephfs 9 ~core.v1.CephFSPersistentVolumeSource|cinder 8 ~core.v1.CinderPersistentVolumeSource|csi 22 ~core.v1.CSIPersistentVolumeSource|fc 10 ~core.v1.FCVolumeSource|flexVolume 12 ~core.v1.FlexPersistentVolumeSource|flocker 11 ~core.v1.FlockerVolumeSource|gcePersistentDisk 1 ~core.v1.GCEPersistentDiskVolumeSource|glusterfs 4 ~core.v1.GlusterfsPersistentVolumeSource|hostPath 3 ~core.v1.HostPathVolumeSource|iscsi 7 ~core.v1.ISCSIPersistentVolumeSource|local 20 ~core.v1.LocalVolumeSource|nfs 5 ~core.v1.NFSVolumeSource|photonPersistentDisk 17 ~core.v1.PhotonPersistentDiskVolumeSource|portworxVolume 18 ~core.v1.PortworxVolumeSource|quobyte 15 ~core.v1.QuobyteVolumeSource|rbd 6 ~core.v1.RBDPersistentVolumeSource|scaleIO 19 ~core.v1.ScaleIOPersistentVolumeSource|storageos 21 ~core.v1.StorageOSPersistentVolumeSource|vsphereVolume 14 ~core.v1.VsphereVirtualDiskVolumeSource
        ~core.v1.PersistentVolumeSpec|accessModes 3 *s|capacity 1 @&api.resource.Quantity|claimRef 4 ~core.v1.ObjectReference|mountOptions 7 *s|nodeAffinity 9 ~core.v1.VolumeNodeAffinity|persistentVolumeReclaimPolicy 5 s|+persistentVolumeSource 2 ~core.v1.PersistentVolumeSource|storageClassName 6 s|volumeAttributesClassName 10 s|volumeMode 8 s
        ~core.v1.PersistentVolumeStatus|lastPhaseTransitionTime 4 ^Time|message 2 s|phase 1 s|reason 3 s
        ~core.v1.PhotonPersistentDiskVolumeSource|fsType 2 s|pdID 1 s
        ~core.v1.Pod|metadata 1 ^ObjectMeta|spec 2 ~core.v1.PodSpec|status 3 ~core.v1.PodStatus
        ~core.v1.PodAffinity|preferredDuringSchedulingIgnoredDuringExecution 2 *~core.v1.WeightedPodAffinityTerm|requiredDuringSchedulingIgnoredDuringExecution 1 *~core.v1.PodAffinityTerm
        ~core.v1.PodAffinityTerm|labelSelector 1 ^LabelSelector|matchLabelKeys 5 *s|mismatchLabelKeys 6 *s|namespaceSelector 4 ^LabelSelector|namespaces 2 *s|topologyKey 3 s
        ~core.v1.PodAntiAffinity|preferredDuringSchedulingIgnoredDuringExecution 2 *~core.v1.WeightedPodAffinityTerm|requiredDuringSchedulingIgnoredDuringExecution 1 *~core.v1.PodAffinityTerm
        ~core.v1.PodAttachOptions|container 5 s|stderr 3 b|stdin 1 b|stdout 2 b|tty 4 b
        ~core.v1.PodCertificateProjection|certificateChainPath 6 s|credentialBundlePath 4 s|keyPath 5 s|keyType 2 s|maxExpirationSeconds 3 i|signerName 1 s|userAnnotations 7 @s
        ~core.v1.PodCondition|lastProbeTime 3 ^Time|lastTransitionTime 4 ^Time|message 6 s|observedGeneration 7 i|reason 5 s|status 2 s|type 1 s
        ~core.v1.PodDNSConfig|nameservers 1 *s|options 3 *~core.v1.PodDNSConfigOption|searches 2 *s
        ~core.v1.PodDNSConfigOption|name 1 s|value 2 s
        ~core.v1.PodExecOptions|command 6 *s|container 5 s|stderr 3 b|stdin 1 b|stdout 2 b|tty 4 b
        ~core.v1.PodExtendedResourceClaimStatus|requestMappings 1 *~core.v1.ContainerExtendedResourceRequest|resourceClaimName 2 s
        ~core.v1.PodIP|ip 1 s
        ~core.v1.PodList|items 2 *~core.v1.Pod|metadata 1 ^ListMeta
        ~core.v1.PodLogOptions|container 1 s|follow 2 b|insecureSkipTLSVerifyBackend 9 b|limitBytes 8 i|previous 3 b|sinceSeconds 4 i|sinceTime 5 ^Time|stream 10 s|tailLines 7 i|timestamps 6 b
        ~core.v1.PodOS|name 1 s
        ~core.v1.PodPortForwardOptions|ports 1 *i
        ~core.v1.PodProxyOptions|path 1 s
        ~core.v1.PodReadinessGate|conditionType 1 s
        ~core.v1.PodResourceClaim|name 1 s|resourceClaimName 3 s|resourceClaimTemplateName 4 s
        ~core.v1.PodResourceClaimStatus|name 1 s|resourceClaimName 2 s
        ~core.v1.PodSchedulingGate|name 1 s
        ~core.v1.PodSchedulingGroup|podGroupName 1 s
        ~core.v1.PodSecurityContext|appArmorProfile 11 ~core.v1.AppArmorProfile|fsGroup 5 i|fsGroupChangePolicy 9 s|runAsGroup 6 i|runAsNonRoot 3 b|runAsUser 2 i|seLinuxChangePolicy 13 s|seLinuxOptions 1 ~core.v1.SELinuxOptions|seccompProfile 10 ~core.v1.SeccompProfile|supplementalGroups 4 *i|supplementalGroupsPolicy 12 s|sysctls 7 *~core.v1.Sysctl|windowsOptions 8 ~core.v1.WindowsSecurityContextOptions
        ~core.v1.PodSignature|podController 1 ^OwnerReference
        ~core.v1.PodSpec|activeDeadlineSeconds 5 i|affinity 18 ~core.v1.Affinity|automountServiceAccountToken 21 b|containers 2 *~core.v1.Container|dnsConfig 26 ~core.v1.PodDNSConfig|dnsPolicy 6 s|enableServiceLinks 30 b|ephemeralContainers 34 *~core.v1.EphemeralContainer|hostAliases 23 *~core.v1.HostAlias|hostIPC 13 b|hostNetwork 11 b|hostPID 12 b|hostUsers 37 b|hostname 16 s|hostnameOverride 41 s|imagePullSecrets 15 *~core.v1.LocalObjectReference|initContainers 20 *~core.v1.Container|nodeName 10 s|nodeSelector 7 @s|os 36 ~core.v1.PodOS|overhead 32 @&api.resource.Quantity|preemptionPolicy 31 s|priority 25 i|priorityClassName 24 s|readinessGates 28 *~core.v1.PodReadinessGate|resourceClaims 39 *~core.v1.PodResourceClaim|resources 40 ~core.v1.ResourceRequirements|restartPolicy 3 s|runtimeClassName 29 s|schedulerName 19 s|schedulingGates 38 *~core.v1.PodSchedulingGate|schedulingGroup 43 ~core.v1.PodSchedulingGroup|securityContext 14 ~core.v1.PodSecurityContext|serviceAccount 9 s|serviceAccountName 8 s|setHostnameAsFQDN 35 b|shareProcessNamespace 27 b|subdomain 17 s|terminationGracePeriodSeconds 4 i|tolerations 22 *~core.v1.Toleration|topologySpreadConstraints 33 *~core.v1.TopologySpreadConstraint|volumes 1 *~core.v1.Volume
        ~core.v1.PodStatus|allocatedResources 19 @&api.resource.Quantity|conditions 2 *~core.v1.PodCondition|containerStatuses 8 *~core.v1.ContainerStatus|ephemeralContainerStatuses 13 *~core.v1.ContainerStatus|extendedResourceClaimStatus 18 ~core.v1.PodExtendedResourceClaimStatus|hostIP 5 s|hostIPs 16 *~core.v1.HostIP|initContainerStatuses 10 *~core.v1.ContainerStatus|message 3 s|nodeAllocatableResourceClaimStatuses 21 *~core.v1.NodeAllocatableResourceClaimStatus|nominatedNodeName 11 s|observedGeneration 17 i|phase 1 s|podIP 6 s|podIPs 12 *~core.v1.PodIP|qosClass 9 s|reason 4 s|resize 14 s|resourceClaimStatuses 15 *~core.v1.PodResourceClaimStatus|resources 20 ~core.v1.ResourceRequirements|startTime 7 ^Time
        ~core.v1.PodStatusResult|metadata 1 ^ObjectMeta|status 2 ~core.v1.PodStatus
        ~core.v1.PodTemplate|metadata 1 ^ObjectMeta|template 2 ~core.v1.PodTemplateSpec
        ~core.v1.PodTemplateList|items 2 *~core.v1.PodTemplate|metadata 1 ^ListMeta
        ~core.v1.PodTemplateSpec|metadata 1 ^ObjectMeta|spec 2 ~core.v1.PodSpec
        ~core.v1.PortStatus|error 3 s|port 1 i|protocol 2 s
        ~core.v1.PortworxVolumeSource|fsType 2 s|readOnly 3 b|volumeID 1 s
        ~core.v1.Preconditions|uid 1 s
        ~core.v1.PreferAvoidPodsEntry|evictionTime 2 ^Time|message 4 s|podSignature 1 ~core.v1.PodSignature|reason 3 s
        ~core.v1.PreferredSchedulingTerm|preference 2 ~core.v1.NodeSelectorTerm|weight 1 i
        ~core.v1.Probe|failureThreshold 6 i|+handler 1 ~core.v1.ProbeHandler|initialDelaySeconds 2 i|periodSeconds 4 i|successThreshold 5 i|terminationGracePeriodSeconds 7 i|timeoutSeconds 3 i
        ~core.v1.ProbeHandler|exec 1 ~core.v1.ExecAction|grpc 4 ~core.v1.GRPCAction|httpGet 2 ~core.v1.HTTPGetAction|tcpSocket 3 ~core.v1.TCPSocketAction
        ~core.v1.ProjectedVolumeSource|defaultMode 2 i|sources 1 *~core.v1.VolumeProjection
        ~core.v1.QuobyteVolumeSource|group 5 s|readOnly 3 b|registry 1 s|tenant 6 s|user 4 s|volume 2 s
        ~core.v1.RBDPersistentVolumeSource|fsType 3 s|image 2 s|keyring 6 s|monitors 1 *s|pool 4 s|readOnly 8 b|secretRef 7 ~core.v1.SecretReference|user 5 s
        ~core.v1.RBDVolumeSource|fsType 3 s|image 2 s|keyring 6 s|monitors 1 *s|pool 4 s|readOnly 8 b|secretRef 7 ~core.v1.LocalObjectReference|user 5 s
        ~core.v1.RangeAllocation|data 3 y|metadata 1 ^ObjectMeta|range 2 s
        ~core.v1.ReplicationController|metadata 1 ^ObjectMeta|spec 2 ~core.v1.ReplicationControllerSpec|status 3 ~core.v1.ReplicationControllerStatus
        ~core.v1.ReplicationControllerCondition|lastTransitionTime 3 ^Time|message 5 s|reason 4 s|status 2 s|type 1 s
        ~core.v1.ReplicationControllerList|items 2 *~core.v1.ReplicationController|metadata 1 ^ListMeta
        ~core.v1.ReplicationControllerSpec|minReadySeconds 4 i|replicas 1 i|selector 2 @s|template 3 ~core.v1.PodTemplateSpec
        ~core.v1.ReplicationControllerStatus|availableReplicas 5 i|conditions 6 *~core.v1.ReplicationControllerCondition|fullyLabeledReplicas 2 i|observedGeneration 3 i|readyReplicas 4 i|replicas 1 i
        ~core.v1.ResourceClaim|name 1 s|request 2 s
        ~core.v1.ResourceFieldSelector|containerName 1 s|divisor 3 &api.resource.Quantity|resource 2 s
        ~core.v1.ResourceHealth|health 2 s|message 6 s|resourceID 1 s
        ~core.v1.ResourceQuota|metadata 1 ^ObjectMeta|spec 2 ~core.v1.ResourceQuotaSpec|status 3 ~core.v1.ResourceQuotaStatus
        ~core.v1.ResourceQuotaList|items 2 *~core.v1.ResourceQuota|metadata 1 ^ListMeta
        ~core.v1.ResourceQuotaSpec|hard 1 @&api.resource.Quantity|scopeSelector 3 ~core.v1.ScopeSelector|scopes 2 *s
        ~core.v1.ResourceQuotaStatus|hard 1 @&api.resource.Quantity|used 2 @&api.resource.Quantity
        ~core.v1.ResourceRequirements|claims 3 *~core.v1.ResourceClaim|limits 1 @&api.resource.Quantity|requests 2 @&api.resource.Quantity
        ~core.v1.ResourceStatus|name 1 s|resources 2 *~core.v1.ResourceHealth
        ~core.v1.SELinuxOptions|level 4 s|role 2 s|type 3 s|user 1 s
        ~core.v1.ScaleIOPersistentVolumeSource|fsType 9 s|gateway 1 s|protectionDomain 5 s|readOnly 10 b|secretRef 3 ~core.v1.SecretReference|sslEnabled 4 b|storageMode 7 s|storagePool 6 s|system 2 s|volumeName 8 s
        ~core.v1.ScaleIOVolumeSource|fsType 9 s|gateway 1 s|protectionDomain 5 s|readOnly 10 b|secretRef 3 ~core.v1.LocalObjectReference|sslEnabled 4 b|storageMode 7 s|storagePool 6 s|system 2 s|volumeName 8 s
        ~core.v1.ScopeSelector|matchExpressions 1 *~core.v1.ScopedResourceSelectorRequirement
        ~core.v1.ScopedResourceSelectorRequirement|operator 2 s|scopeName 1 s|values 3 *s
        ~core.v1.SeccompProfile|localhostProfile 2 s|type 1 s
        ~core.v1.Secret|data 2 @y|immutable 5 b|metadata 1 ^ObjectMeta|stringData 4 @s|type 3 s
        ~core.v1.SecretEnvSource|+localObjectReference 1 ~core.v1.LocalObjectReference|optional 2 b
        ~core.v1.SecretKeySelector|key 2 s|+localObjectReference 1 ~core.v1.LocalObjectReference|optional 3 b
        ~core.v1.SecretList|items 2 *~core.v1.Secret|metadata 1 ^ListMeta
        ~core.v1.SecretProjection|items 2 *~core.v1.KeyToPath|+localObjectReference 1 ~core.v1.LocalObjectReference|optional 4 b
        ~core.v1.SecretReference|name 1 s|namespace 2 s
        ~core.v1.SecretVolumeSource|defaultMode 3 i|items 2 *~core.v1.KeyToPath|optional 4 b|secretName 1 s
        ~core.v1.SecurityContext|allowPrivilegeEscalation 7 b|appArmorProfile 12 ~core.v1.AppArmorProfile|capabilities 1 ~core.v1.Capabilities|privileged 2 b|procMount 9 s|readOnlyRootFilesystem 6 b|runAsGroup 8 i|runAsNonRoot 5 b|runAsUser 4 i|seLinuxOptions 3 ~core.v1.SELinuxOptions|seccompProfile 11 ~core.v1.SeccompProfile|windowsOptions 10 ~core.v1.WindowsSecurityContextOptions
        ~core.v1.SerializedReference|reference 1 ~core.v1.ObjectReference
        ~core.v1.Service|metadata 1 ^ObjectMeta|spec 2 ~core.v1.ServiceSpec|status 3 ~core.v1.ServiceStatus
        ~core.v1.ServiceAccount|automountServiceAccountToken 4 b|imagePullSecrets 3 *~core.v1.LocalObjectReference|metadata 1 ^ObjectMeta|secrets 2 *~core.v1.ObjectReference
        ~core.v1.ServiceAccountList|items 2 *~core.v1.ServiceAccount|metadata 1 ^ListMeta
        ~core.v1.ServiceAccountTokenProjection|audience 1 s|expirationSeconds 2 i|path 3 s
        ~core.v1.ServiceList|items 2 *~core.v1.Service|metadata 1 ^ListMeta
        ~core.v1.ServicePort|appProtocol 6 s|name 1 s|nodePort 5 i|port 3 i|protocol 2 s|targetPort 4 &util.intstr.IntOrString
        ~core.v1.ServiceProxyOptions|path 1 s
        ~core.v1.ServiceSpec|allocateLoadBalancerNodePorts 20 b|clusterIP 3 s|clusterIPs 18 *s|externalIPs 5 *s|externalName 10 s|externalTrafficPolicy 11 s|healthCheckNodePort 12 i|internalTrafficPolicy 22 s|ipFamilies 19 *s|ipFamilyPolicy 17 s|loadBalancerClass 21 s|loadBalancerIP 8 s|loadBalancerSourceRanges 9 *s|ports 1 *~core.v1.ServicePort|publishNotReadyAddresses 13 b|selector 2 @s|sessionAffinity 7 s|sessionAffinityConfig 14 ~core.v1.SessionAffinityConfig|trafficDistribution 23 s|type 4 s
        ~core.v1.ServiceStatus|conditions 2 *^Condition|loadBalancer 1 ~core.v1.LoadBalancerStatus
        ~core.v1.SessionAffinityConfig|clientIP 1 ~core.v1.ClientIPConfig
        ~core.v1.SleepAction|seconds 1 i
        ~core.v1.StorageOSPersistentVolumeSource|fsType 3 s|readOnly 4 b|secretRef 5 ~core.v1.ObjectReference|volumeName 1 s|volumeNamespace 2 s
        ~core.v1.StorageOSVolumeSource|fsType 3 s|readOnly 4 b|secretRef 5 ~core.v1.LocalObjectReference|volumeName 1 s|volumeNamespace 2 s
        ~core.v1.Sysctl|name 1 s|value 2 s
        ~core.v1.TCPSocketAction|host 2 s|port 1 &util.intstr.IntOrString
        ~core.v1.Taint|effect 3 s|key 1 s|timeAdded 4 ^Time|value 2 s
        ~core.v1.Toleration|effect 4 s|key 1 s|operator 2 s|tolerationSeconds 5 i|value 3 s
        ~core.v1.TopologySelectorLabelRequirement|key 1 s|values 2 *s
        ~core.v1.TopologySelectorTerm|matchLabelExpressions 1 *~core.v1.TopologySelectorLabelRequirement
        ~core.v1.TopologySpreadConstraint|labelSelector 4 ^LabelSelector|matchLabelKeys 8 *s|maxSkew 1 i|minDomains 5 i|nodeAffinityPolicy 6 s|nodeTaintsPolicy 7 s|topologyKey 2 s|whenUnsatisfiable 3 s
        ~core.v1.TypedLocalObjectReference|apiGroup 1 s|kind 2 s|name 3 s
        ~core.v1.TypedObjectReference|apiGroup 1 s|kind 2 s|name 3 s|namespace 4 s
        ~core.v1.Volume|name 1 s|+volumeSource 2 ~core.v1.VolumeSource
        ~core.v1.VolumeDevice|devicePath 2 s|name 1 s
        ~core.v1.VolumeMount|mountPath 3 s|mountPropagation 5 s|name 1 s|readOnly 2 b|recursiveReadOnly 7 s|subPath 4 s|subPathExpr 6 s
        ~core.v1.VolumeMountStatus|mountPath 2 s|name 1 s|readOnly 3 b|recursiveReadOnly 4 s|volumeStatus 5 ~core.v1.VolumeStatus
        ~core.v1.VolumeNodeAffinity|required 1 ~core.v1.NodeSelector
        ~core.v1.VolumeProjection|clusterTrustBundle 5 ~core.v1.ClusterTrustBundleProjection|configMap 3 ~core.v1.ConfigMapProjection|downwardAPI 2 ~core.v1.DownwardAPIProjection|podCertificate 6 ~core.v1.PodCertificateProjection|secret 1 ~core.v1.SecretProjection|serviceAccountToken 4 ~core.v1.ServiceAccountTokenProjection
        ~core.v1.VolumeResourceRequirements|limits 1 @&api.resource.Quantity|requests 2 @&api.resource.Quantity
        ~core.v1.VolumeSource|awsElasticBlockStore 4 ~core.v1.AWSElasticBlockStoreVolumeSource|azureDisk 22 ~core.v1.AzureDiskVolumeSource|azureFile 18 ~core.v1.AzureFileVolumeSource|cephfs 14 ~core.v1.CephFSVolumeSource|cinder 13 ~core.v1.CinderVolumeSource|configMap 19 ~core.v1.ConfigMapVolumeSource|csi 28 ~core.v1.CSIVolumeSource|downwardAPI 16 ~core.v1.DownwardAPIVolumeSource|emptyDir 2 ~core.v1.EmptyDirVolumeSource|ephemeral 29 ~core.v1.EphemeralVolumeSource|fc 17 ~core.v1.FCVolumeSource|flexVolume 12 ~core.v1.FlexVolumeSource|flocker 15 ~core.v1.FlockerVolumeSource|gcePersistentDisk 3 ~core.v1.GCEPersistentDiskVolumeSource|gitRepo 5 ~core.v1.GitRepoVolumeSource|glusterfs 9 ~core.v1.GlusterfsVolumeSource|hostPath 1 ~core.v1.HostPathVolumeSource|image 30 ~core.v1.ImageVolumeSource|iscsi 8 ~core.v1.ISCSIVolumeSource|nfs 7 ~core.v1.NFSVolumeSource|persistentVolumeClaim 10 ~core.v1.PersistentVolumeClaimVolumeSource|photonPersistentDisk 23 ~core.v1.PhotonPersistentDiskVolumeSource|portworxVolume 24 ~core.v1.PortworxVolumeSource|projected 26 ~core.v1.ProjectedVolumeSource|quobyte 21 ~core.v1.QuobyteVolumeSource|rbd 11 ~core.v1.RBDVolumeSource|scaleIO 25 ~core.v1.ScaleIOVolumeSource|secret 6 ~core.v1.SecretVolumeSource|storageos 27 ~core.v1.StorageOSVolumeSource|vsphereVolume 20 ~core.v1.VsphereVirtualDiskVolumeSource
        ~core.v1.VolumeStatus|image 1 ~core.v1.ImageVolumeStatus
        ~core.v1.VsphereVirtualDiskVolumeSource|fsType 2 s|storagePolicyID 4 s|storagePolicyName 3 s|volumePath 1 s
        ~core.v1.WeightedPodAffinityTerm|podAffinityTerm 2 ~core.v1.PodAffinityTerm|weight 1 i
        ~core.v1.WindowsSecurityContextOptions|gmsaCredentialSpec 2 s|gmsaCredentialSpecName 1 s|hostProcess 4 b|runAsUserName 3 s
        ~discovery.v1.Endpoint|addresses 1 *s|conditions 2 ~discovery.v1.EndpointConditions|deprecatedTopology 5 @s|hints 8 ~discovery.v1.EndpointHints|hostname 3 s|nodeName 6 s|targetRef 4 ~core.v1.ObjectReference|zone 7 s
        ~discovery.v1.EndpointConditions|ready 1 b|serving 2 b|terminating 3 b
        ~discovery.v1.EndpointHints|forNodes 2 *~discovery.v1.ForNode|forZones 1 *~discovery.v1.ForZone
        ~discovery.v1.EndpointPort|appProtocol 4 s|name 1 s|port 3 i|protocol 2 s
        ~discovery.v1.EndpointSlice|addressType 4 s|endpoints 2 *~discovery.v1.Endpoint|metadata 1 ^ObjectMeta|ports 3 *~discovery.v1.EndpointPort
        ~discovery.v1.EndpointSliceList|items 2 *~discovery.v1.EndpointSlice|metadata 1 ^ListMeta
        ~discovery.v1.ForNode|name 1 s
        ~discovery.v1.ForZone|name 1 s
        ~events.v1.Event|action 6 s|deprecatedCount 15 i|deprecatedFirstTimestamp 13 ^Time|deprecatedLastTimestamp 14 ^Time|deprecatedSource 12 ~core.v1.EventSource|eventTime 2 ^MicroTime|metadata 1 ^ObjectMeta|note 10 s|reason 7 s|regarding 8 ~core.v1.ObjectReference|related 9 ~core.v1.ObjectReference|reportingController 4 s|reportingInstance 5 s|series 3 ~events.v1.EventSeries|type 11 s
        ~events.v1.EventList|items 2 *~events.v1.Event|metadata 1 ^ListMeta
        ~events.v1.EventSeries|count 1 i|lastObservedTime 2 ^MicroTime
        ~networking.v1.HTTPIngressPath|backend 2 ~networking.v1.IngressBackend|path 1 s|pathType 3 s
        ~networking.v1.HTTPIngressRuleValue|paths 1 *~networking.v1.HTTPIngressPath
        ~networking.v1.IPAddress|metadata 1 ^ObjectMeta|spec 2 ~networking.v1.IPAddressSpec
        ~networking.v1.IPAddressList|items 2 *~networking.v1.IPAddress|metadata 1 ^ListMeta
        ~networking.v1.IPAddressSpec|parentRef 1 ~networking.v1.ParentReference
        ~networking.v1.IPBlock|cidr 1 s|except 2 *s
        ~networking.v1.Ingress|metadata 1 ^ObjectMeta|spec 2 ~networking.v1.IngressSpec|status 3 ~networking.v1.IngressStatus
        ~networking.v1.IngressBackend|resource 3 ~core.v1.TypedLocalObjectReference|service 4 ~networking.v1.IngressServiceBackend
        ~networking.v1.IngressClass|metadata 1 ^ObjectMeta|spec 2 ~networking.v1.IngressClassSpec
        ~networking.v1.IngressClassList|items 2 *~networking.v1.IngressClass|metadata 1 ^ListMeta
        ~networking.v1.IngressClassParametersReference|apiGroup 1 s|kind 2 s|name 3 s|namespace 5 s|scope 4 s
        ~networking.v1.IngressClassSpec|controller 1 s|parameters 2 ~networking.v1.IngressClassParametersReference
        ~networking.v1.IngressList|items 2 *~networking.v1.Ingress|metadata 1 ^ListMeta
        ~networking.v1.IngressLoadBalancerIngress|hostname 2 s|ip 1 s|ports 4 *~networking.v1.IngressPortStatus
        ~networking.v1.IngressLoadBalancerStatus|ingress 1 *~networking.v1.IngressLoadBalancerIngress
        ~networking.v1.IngressPortStatus|error 3 s|port 1 i|protocol 2 s
        ~networking.v1.IngressRule|host 1 s|+ingressRuleValue 2 ~networking.v1.IngressRuleValue
        ~networking.v1.IngressRuleValue|http 1 ~networking.v1.HTTPIngressRuleValue
        ~networking.v1.IngressServiceBackend|name 1 s|port 2 ~networking.v1.ServiceBackendPort
        ~networking.v1.IngressSpec|defaultBackend 1 ~networking.v1.IngressBackend|ingressClassName 4 s|rules 3 *~networking.v1.IngressRule|tls 2 *~networking.v1.IngressTLS
        ~networking.v1.IngressStatus|loadBalancer 1 ~networking.v1.IngressLoadBalancerStatus
        ~networking.v1.IngressTLS|hosts 1 *s|secretName 2 s
        ~networking.v1.NetworkPolicy|metadata 1 ^ObjectMeta|spec 2 ~networking.v1.NetworkPolicySpec
        ~networking.v1.NetworkPolicyEgressRule|ports 1 *~networking.v1.NetworkPolicyPort|to 2 *~networking.v1.NetworkPolicyPeer
        ~networking.v1.NetworkPolicyIngressRule|from 2 *~networking.v1.NetworkPolicyPeer|ports 1 *~networking.v1.NetworkPolicyPort
        ~networking.v1.NetworkPolicyList|items 2 *~networking.v1.NetworkPolicy|metadata 1 ^ListMeta
        ~networking.v1.NetworkPolicyPeer|ipBlock 3 ~networking.v1.IPBlock|namespaceSelector 2 ^LabelSelector|podSelector 1 ^LabelSelector
        ~networking.v1.NetworkPolicyPort|endPort 3 i|port 2 &util.intstr.IntOrString|protocol 1 s
        ~networking.v1.NetworkPolicySpec|egress 3 *~networking.v1.NetworkPolicyEgressRule|ingress 2 *~networking.v1.NetworkPolicyIngressRule|podSelector 1 ^LabelSelector|policyTypes 4 *s
        ~networking.v1.ParentReference|group 1 s|name 4 s|namespace 3 s|resource 2 s
        ~networking.v1.ServiceBackendPort|name 1 s|number 2 i
        ~networking.v1.ServiceCIDR|metadata 1 ^ObjectMeta|spec 2 ~networking.v1.ServiceCIDRSpec|status 3 ~networking.v1.ServiceCIDRStatus
        ~networking.v1.ServiceCIDRList|items 2 *~networking.v1.ServiceCIDR|metadata 1 ^ListMeta
        ~networking.v1.ServiceCIDRSpec|cidrs 1 *s
        ~networking.v1.ServiceCIDRStatus|conditions 1 *^Condition
        ~node.v1.Overhead|podFixed 1 @&api.resource.Quantity
        ~node.v1.RuntimeClass|handler 2 s|metadata 1 ^ObjectMeta|overhead 3 ~node.v1.Overhead|scheduling 4 ~node.v1.Scheduling
        ~node.v1.RuntimeClassList|items 2 *~node.v1.RuntimeClass|metadata 1 ^ListMeta
        ~node.v1.Scheduling|nodeSelector 1 @s|tolerations 2 *~core.v1.Toleration
        ~policy.v1.Eviction|deleteOptions 2 ^DeleteOptions|metadata 1 ^ObjectMeta
        ~policy.v1.PodDisruptionBudget|metadata 1 ^ObjectMeta|spec 2 ~policy.v1.PodDisruptionBudgetSpec|status 3 ~policy.v1.PodDisruptionBudgetStatus
        ~policy.v1.PodDisruptionBudgetList|items 2 *~policy.v1.PodDisruptionBudget|metadata 1 ^ListMeta
        ~policy.v1.PodDisruptionBudgetSpec|maxUnavailable 3 &util.intstr.IntOrString|minAvailable 1 &util.intstr.IntOrString|selector 2 ^LabelSelector|unhealthyPodEvictionPolicy 4 s
        ~policy.v1.PodDisruptionBudgetStatus|conditions 7 *^Condition|currentHealthy 4 i|desiredHealthy 5 i|disruptedPods 2 @^Time|disruptionsAllowed 3 i|expectedPods 6 i|observedGeneration 1 i
        ~rbac.v1.AggregationRule|clusterRoleSelectors 1 *^LabelSelector
        ~rbac.v1.ClusterRole|aggregationRule 3 ~rbac.v1.AggregationRule|metadata 1 ^ObjectMeta|rules 2 *~rbac.v1.PolicyRule
        ~rbac.v1.ClusterRoleBinding|metadata 1 ^ObjectMeta|roleRef 3 ~rbac.v1.RoleRef|subjects 2 *~rbac.v1.Subject
        ~rbac.v1.ClusterRoleBindingList|items 2 *~rbac.v1.ClusterRoleBinding|metadata 1 ^ListMeta
        ~rbac.v1.ClusterRoleList|items 2 *~rbac.v1.ClusterRole|metadata 1 ^ListMeta
        ~rbac.v1.PolicyRule|apiGroups 2 *s|nonResourceURLs 5 *s|resourceNames 4 *s|resources 3 *s|verbs 1 *s
        ~rbac.v1.Role|metadata 1 ^ObjectMeta|rules 2 *~rbac.v1.PolicyRule
        ~rbac.v1.RoleBinding|metadata 1 ^ObjectMeta|roleRef 3 ~rbac.v1.RoleRef|subjects 2 *~rbac.v1.Subject
        ~rbac.v1.RoleBindingList|items 2 *~rbac.v1.RoleBinding|metadata 1 ^ListMeta
        ~rbac.v1.RoleList|items 2 *~rbac.v1.Role|metadata 1 ^ListMeta
        ~rbac.v1.RoleRef|apiGroup 1 s|kind 2 s|name 3 s
        ~rbac.v1.Subject|apiGroup 2 s|kind 1 s|name 3 s|namespace 4 s
        ~scheduling.v1.PriorityClass|description 4 s|globalDefault 3 b|metadata 1 ^ObjectMeta|preemptionPolicy 5 s|value 2 i
        ~scheduling.v1.PriorityClassList|items 2 *~scheduling.v1.PriorityClass|metadata 1 ^ListMeta
        ~storage.v1.CSIDriver|metadata 1 ^ObjectMeta|spec 2 ~storage.v1.CSIDriverSpec
        ~storage.v1.CSIDriverList|items 2 *~storage.v1.CSIDriver|metadata 1 ^ListMeta
        ~storage.v1.CSIDriverSpec|attachRequired 1 b|fsGroupPolicy 5 s|nodeAllocatableUpdatePeriodSeconds 9 i|podInfoOnMount 2 b|preventPodSchedulingIfMissing 11 b|requiresRepublish 7 b|seLinuxMount 8 b|serviceAccountTokenInSecrets 10 b|storageCapacity 4 b|tokenRequests 6 *~storage.v1.TokenRequest|volumeLifecycleModes 3 *s
        ~storage.v1.CSINode|metadata 1 ^ObjectMeta|spec 2 ~storage.v1.CSINodeSpec
        ~storage.v1.CSINodeDriver|allocatable 4 ~storage.v1.VolumeNodeResources|name 1 s|nodeID 2 s|topologyKeys 3 *s
        ~storage.v1.CSINodeList|items 2 *~storage.v1.CSINode|metadata 1 ^ListMeta
        ~storage.v1.CSINodeSpec|drivers 1 *~storage.v1.CSINodeDriver
        ~storage.v1.CSIStorageCapacity|capacity 4 &api.resource.Quantity|maximumVolumeSize 5 &api.resource.Quantity|metadata 1 ^ObjectMeta|nodeTopology 2 ^LabelSelector|storageClassName 3 s
        ~storage.v1.CSIStorageCapacityList|items 2 *~storage.v1.CSIStorageCapacity|metadata 1 ^ListMeta
        ~storage.v1.StorageClass|allowVolumeExpansion 6 b|allowedTopologies 8 *~core.v1.TopologySelectorTerm|metadata 1 ^ObjectMeta|mountOptions 5 *s|parameters 3 @s|provisioner 2 s|reclaimPolicy 4 s|volumeBindingMode 7 s
        ~storage.v1.StorageClassList|items 2 *~storage.v1.StorageClass|metadata 1 ^ListMeta
        ~storage.v1.TokenRequest|audience 1 s|expirationSeconds 2 i
        ~storage.v1.VolumeAttachment|metadata 1 ^ObjectMeta|spec 2 ~storage.v1.VolumeAttachmentSpec|status 3 ~storage.v1.VolumeAttachmentStatus
        ~storage.v1.VolumeAttachmentList|items 2 *~storage.v1.VolumeAttachment|metadata 1 ^ListMeta
        ~storage.v1.VolumeAttachmentSource|inlineVolumeSpec 2 ~core.v1.PersistentVolumeSpec|persistentVolumeName 1 s
        ~storage.v1.VolumeAttachmentSpec|attacher 1 s|nodeName 3 s|source 2 ~storage.v1.VolumeAttachmentSource
        ~storage.v1.VolumeAttachmentStatus|attachError 3 ~storage.v1.VolumeError|attached 1 b|attachmentMetadata 2 @s|detachError 4 ~storage.v1.VolumeError
        ~storage.v1.VolumeAttributesClass|driverName 2 s|metadata 1 ^ObjectMeta|parameters 3 @s
        ~storage.v1.VolumeAttributesClassList|items 2 *~storage.v1.VolumeAttributesClass|metadata 1 ^ListMeta
        ~storage.v1.VolumeError|errorCode 3 i|message 2 s|time 1 ^Time
        ~storage.v1.VolumeNodeResources|count 1 i
        %ConversionRequest|desiredAPIVersion 2 s|objects 3 *&runtime.RawExtension|uid 1 s
        %ConversionResponse|convertedObjects 2 *&runtime.RawExtension|result 3 ^Status|uid 1 s
        %ConversionReview|request 1 %ConversionRequest|response 2 %ConversionResponse
        %CustomResourceColumnDefinition|description 4 s|format 3 s|jsonPath 6 s|name 1 s|priority 5 i|type 2 s
        %CustomResourceConversion|strategy 1 s|webhook 2 %WebhookConversion
        %CustomResourceDefinition|metadata 1 ^ObjectMeta|spec 2 %CustomResourceDefinitionSpec|status 3 %CustomResourceDefinitionStatus
        %CustomResourceDefinitionCondition|lastTransitionTime 3 ^Time|message 5 s|observedGeneration 6 i|reason 4 s|status 2 s|type 1 s
        %CustomResourceDefinitionList|items 2 *%CustomResourceDefinition|metadata 1 ^ListMeta
        %CustomResourceDefinitionNames|categories 6 *s|kind 4 s|listKind 5 s|plural 1 s|shortNames 3 *s|singular 2 s
        %CustomResourceDefinitionSpec|conversion 9 %CustomResourceConversion|group 1 s|names 3 %CustomResourceDefinitionNames|preserveUnknownFields 10 b|scope 4 s|versions 7 *%CustomResourceDefinitionVersion
        %CustomResourceDefinitionStatus|acceptedNames 2 %CustomResourceDefinitionNames|conditions 1 *%CustomResourceDefinitionCondition|observedGeneration 4 i|storedVersions 3 *s
        %CustomResourceDefinitionVersion|additionalPrinterColumns 6 *%CustomResourceColumnDefinition|deprecated 7 b|deprecationWarning 8 s|name 1 s|schema 4 %CustomResourceValidation|selectableFields 9 *%SelectableField|served 2 b|storage 3 b|subresources 5 %CustomResourceSubresources
        %CustomResourceSubresourceScale|labelSelectorPath 3 s|specReplicasPath 1 s|statusReplicasPath 2 s
        %CustomResourceSubresourceStatus|
        %CustomResourceSubresources|scale 2 %CustomResourceSubresourceScale|status 1 %CustomResourceSubresourceStatus
        %CustomResourceValidation|openAPIV3Schema 1 %JSONSchemaProps
        %ExternalDocumentation|description 1 s|url 2 s
        %JSON|raw 1 y
        %JSONSchemaProps|additionalItems 33 %JSONSchemaPropsOrBool|additionalProperties 30 %JSONSchemaPropsOrBool|allOf 25 *%JSONSchemaProps|anyOf 27 *%JSONSchemaProps|default 8 %JSON|definitions 34 @%JSONSchemaProps|dependencies 32 @%JSONSchemaPropsOrStringArray|description 4 s|enum 20 *%JSON|example 36 %JSON|exclusiveMaximum 10 b|exclusiveMinimum 12 b|externalDocs 35 %ExternalDocumentation|format 6 s|id 1 s|items 24 %JSONSchemaPropsOrArray|maxItems 16 i|maxLength 13 i|maxProperties 21 i|maximum 9 d|minItems 17 i|minLength 14 i|minProperties 22 i|minimum 11 d|multipleOf 19 d|not 28 %JSONSchemaProps|nullable 37 b|oneOf 26 *%JSONSchemaProps|pattern 15 s|patternProperties 31 @%JSONSchemaProps|properties 29 @%JSONSchemaProps|$ref 3 s|required 23 *s|$schema 2 s|title 7 s|type 5 s|uniqueItems 18 b|x-kubernetes-embedded-resource 39 b|x-kubernetes-int-or-string 40 b|x-kubernetes-list-map-keys 41 *s|x-kubernetes-list-type 42 s|x-kubernetes-map-type 43 s|x-kubernetes-preserve-unknown-fields 38 b|x-kubernetes-validations 44 *%ValidationRule
        %JSONSchemaPropsOrArray|jSONSchemas 2 *%JSONSchemaProps|schema 1 %JSONSchemaProps
        %JSONSchemaPropsOrBool|allows 1 b|schema 2 %JSONSchemaProps
        %JSONSchemaPropsOrStringArray|property 2 *s|schema 1 %JSONSchemaProps
        %SelectableField|jsonPath 1 s
        %ServiceReference|name 2 s|namespace 1 s|path 3 s|port 4 i
        %ValidationRule|fieldPath 5 s|message 2 s|messageExpression 3 s|optionalOldSelf 6 b|reason 4 s|rule 1 s
        %WebhookClientConfig|caBundle 2 y|service 1 %ServiceReference|url 3 s
        %WebhookConversion|clientConfig 2 %WebhookClientConfig|conversionReviewVersions 3 *s
        &api.resource.Quantity|string 1 s
        &api.resource.QuantityValue|string 1 s
        ^APIGroup|name 1 s|preferredVersion 3 ^GroupVersionForDiscovery|serverAddressByClientCIDRs 4 *^ServerAddressByClientCIDR|versions 2 *^GroupVersionForDiscovery
        ^APIGroupList|groups 1 *^APIGroup
        ^APIResource|categories 7 *s|group 8 s|kind 3 s|name 1 s|namespaced 2 b|shortNames 5 *s|singularName 6 s|storageVersionHash 10 s|verbs 4 ^Verbs|version 9 s
        ^APIResourceList|groupVersion 1 s|resources 2 *^APIResource
        ^APIVersions|serverAddressByClientCIDRs 2 *^ServerAddressByClientCIDR|versions 1 *s
        ^ApplyOptions|dryRun 1 *s|fieldManager 3 s|force 2 b
        ^Condition|lastTransitionTime 4 ^Time|message 6 s|observedGeneration 3 i|reason 5 s|status 2 s|type 1 s
        ^CreateOptions|dryRun 1 *s|fieldManager 3 s|fieldValidation 4 s
        ^DeleteOptions|dryRun 5 *s|gracePeriodSeconds 1 i|ignoreStoreReadErrorWithClusterBreakingPotential 6 b|orphanDependents 3 b|preconditions 2 ^Preconditions|propagationPolicy 4 s
        ^Duration|duration 1 i
        ^FieldSelectorRequirement|key 1 s|operator 2 s|values 3 *s
        ^FieldsV1|Raw 1 y
        ^GetOptions|resourceVersion 1 s
        ^GroupKind|group 1 s|kind 2 s
        ^GroupResource|group 1 s|resource 2 s
        ^GroupVersion|group 1 s|version 2 s
        ^GroupVersionForDiscovery|groupVersion 1 s|version 2 s
        ^GroupVersionKind|group 1 s|kind 3 s|version 2 s
        ^GroupVersionResource|group 1 s|resource 3 s|version 2 s
        ^LabelSelector|matchExpressions 2 *^LabelSelectorRequirement|matchLabels 1 @s
        ^LabelSelectorRequirement|key 1 s|operator 2 s|values 3 *s
        ^List|items 2 *&runtime.RawExtension|metadata 1 ^ListMeta
        ^ListMeta|continue 3 s|remainingItemCount 4 i|resourceVersion 2 s|selfLink 1 s|shardInfo 5 ^ShardInfo
        ^ListOptions|allowWatchBookmarks 9 b|continue 8 s|fieldSelector 2 s|labelSelector 1 s|limit 7 i|resourceVersion 4 s|resourceVersionMatch 10 s|sendInitialEvents 11 b|shardSelector 15 s|timeoutSeconds 5 i|watch 3 b
        ^ManagedFieldsEntry|apiVersion 3 s|fieldsType 6 s|fieldsV1 7 ^FieldsV1|manager 1 s|operation 2 s|subresource 8 s|time 4 ^Time
        ^MicroTime|nanos 2 i|seconds 1 i
        ^ObjectMeta|annotations 12 @s|creationTimestamp 8 ^Time|deletionGracePeriodSeconds 10 i|deletionTimestamp 9 ^Time|finalizers 14 *s|generateName 2 s|generation 7 i|labels 11 @s|managedFields 17 *^ManagedFieldsEntry|name 1 s|namespace 3 s|ownerReferences 13 *^OwnerReference|resourceVersion 6 s|selfLink 4 s|uid 5 s
        ^OwnerReference|apiVersion 5 s|blockOwnerDeletion 7 b|controller 6 b|kind 1 s|name 3 s|uid 4 s
        ^PartialObjectMetadata|metadata 1 ^ObjectMeta
        ^PartialObjectMetadataList|items 2 *^PartialObjectMetadata|metadata 1 ^ListMeta
        ^Patch|
        ^PatchOptions|dryRun 1 *s|fieldManager 3 s|fieldValidation 4 s|force 2 b
        ^Preconditions|resourceVersion 2 s|uid 1 s
        ^RootPaths|paths 1 *s
        ^ServerAddressByClientCIDR|clientCIDR 1 s|serverAddress 2 s
        ^ShardInfo|selector 1 s
        ^Status|code 6 i|details 5 ^StatusDetails|message 3 s|metadata 1 ^ListMeta|reason 4 s|status 2 s
        ^StatusCause|field 3 s|message 2 s|reason 1 s
        ^StatusDetails|causes 4 *^StatusCause|group 2 s|kind 3 s|name 1 s|retryAfterSeconds 5 i|uid 6 s
        ^TableOptions|includeObject 1 s
        ^Time|nanos 2 i|seconds 1 i
        ^Timestamp|nanos 2 i|seconds 1 i
        ^TypeMeta|apiVersion 2 s|kind 1 s
        ^UpdateOptions|dryRun 1 *s|fieldManager 2 s|fieldValidation 3 s
        ^Verbs|items 1 *s
        ^WatchEvent|object 2 &runtime.RawExtension|type 1 s
        &runtime.RawExtension|raw 1 y
        &runtime.TypeMeta|apiVersion 1 s|kind 2 s
        &runtime.Unknown|contentEncoding 3 s|contentType 4 s|raw 2 y|typeMeta 1 &runtime.TypeMeta
        &util.intstr.IntOrString|intVal 2 i|strVal 3 s|type 1 i
        """#
}

import ControllerRuntime
import KubernetesTypes

/// What becomes of each field of the kinds that controllers here, and the node's service rules, act on.
enum WorkloadFields {
    /// The fields that an object sets and nothing honours, by path. Pure.
    /// - Parameter object: of a kind in the table.
    static func unhonoured<Object: KubernetesResource>(_ object: Object) -> [UnhonouredField] {
        guard let value = try? JSONValue(encoding: object) else { return [] }
        return table.unhonoured(value, type: Object.resourceType.kind)
    }

    /// Every field in the schema. A test holds the table to the schema and each honoured field to the test that it names.
    static let table = FieldTable(
        """
        Deployment.apiVersion @ API server
        Deployment.kind @ API server
        Deployment.metadata @ API server
        Deployment.spec > DeploymentSpec
        Deployment.status > DeploymentStatus
        DeploymentSpec.minReadySeconds = minReadySecondsReachTheReplicaSet
        DeploymentSpec.paused = aPausedDeploymentOnlyScales
        DeploymentSpec.progressDeadlineSeconds = conditionsFollowTheRollout
        DeploymentSpec.replicas = theFirstReplicaSetHasTheWholeSize
        DeploymentSpec.revisionHistoryLimit = historyBeyondTheLimitIsDeleted
        DeploymentSpec.selector > LabelSelector
        DeploymentSpec.strategy > DeploymentStrategy
        DeploymentSpec.template > PodTemplateSpec
        DeploymentStrategy.rollingUpdate > RollingUpdateDeployment
        DeploymentStrategy.type = recreateWaitsForTheLastOldPod
        RollingUpdateDeployment.maxSurge = anUpdateNeverGoesBelowOrAboveItsBounds
        RollingUpdateDeployment.maxUnavailable = anUpdateNeverGoesBelowOrAboveItsBounds
        DeploymentStatus.availableReplicas = statusCountsWhatThereIs
        DeploymentStatus.collisionCount = aTakenNameIsCountedAndAnotherChosen
        DeploymentStatus.conditions = conditionsFollowTheRollout
        DeploymentStatus.observedGeneration = statusCountsWhatThereIs
        DeploymentStatus.readyReplicas = statusCountsWhatThereIs
        DeploymentStatus.replicas = statusCountsWhatThereIs
        DeploymentStatus.terminatingReplicas = statusCountsWhatThereIs
        DeploymentStatus.unavailableReplicas = conditionsFollowTheRollout
        DeploymentStatus.updatedReplicas = statusCountsWhatThereIs
        LabelSelector.matchExpressions = selectorsDecideWhoseAPodIs
        LabelSelector.matchLabels = selectorsDecideWhoseAPodIs
        PodTemplateSpec.metadata > ObjectMeta
        PodTemplateSpec.spec @ node agent and scheduler, which have tables of their own
        ObjectMeta.annotations = podsAreMadeOfTheirTemplate
        ObjectMeta.creationTimestamp @ API server
        ObjectMeta.deletionGracePeriodSeconds - pods of a template are not being deleted
        ObjectMeta.deletionTimestamp - pods of a template are not being deleted
        ObjectMeta.finalizers = podsAreMadeOfTheirTemplate
        ObjectMeta.generateName - the owner's name begins the pods' names
        ObjectMeta.generation - the server counts generations
        ObjectMeta.labels = podsAreMadeOfTheirTemplate
        ObjectMeta.managedFields - the server keeps them for each pod
        ObjectMeta.name - the owner's name begins the pods' names
        ObjectMeta.namespace - pods are made in their owner's namespace
        ObjectMeta.ownerReferences - the controller is the pods' owner
        ObjectMeta.resourceVersion - the server gives each pod its own
        ObjectMeta.selfLink - the server does not use it any more
        ObjectMeta.uid - the server gives each pod its own
        ReplicaSet.apiVersion @ API server
        ReplicaSet.kind @ API server
        ReplicaSet.metadata @ API server
        ReplicaSet.spec > ReplicaSetSpec
        ReplicaSet.status @ this controller writes it
        ReplicaSetSpec.minReadySeconds = podsCountOnceTheyWereReadyForLongEnough
        ReplicaSetSpec.replicas = replicaSetsKeepTheirSize
        ReplicaSetSpec.selector > LabelSelector
        ReplicaSetSpec.template > PodTemplateSpec
        Job.apiVersion @ API server
        Job.kind @ API server
        Job.metadata @ API server
        Job.spec > JobSpec
        Job.status @ this controller writes it
        JobSpec.activeDeadlineSeconds = theDeadlineEndsIt
        JobSpec.backoffLimit = tooManyFailuresEndIt
        JobSpec.backoffLimitPerIndex - failures count against backoffLimit, whatever their index
        JobSpec.completionMode = indexesRunOnceEach
        JobSpec.completions = startsAsManyAsAskedFor
        JobSpec.managedBy = jobsOfOtherManagersAreLeftAlone
        JobSpec.manualSelector -(false) a job's pods are those that it made
        JobSpec.maxFailedIndexes - failures count against backoffLimit, whatever their index
        JobSpec.parallelism = startsAsManyAsAskedFor
        JobSpec.podFailurePolicy > PodFailurePolicy
        JobSpec.podReplacementPolicy = replacementsWaitWhereThePolicySaysSo
        JobSpec.selector @ API server
        JobSpec.successPolicy - every completion is waited for
        JobSpec.suspend = suspendingStopsAndResumingStarts
        JobSpec.template > PodTemplateSpec
        JobSpec.ttlSecondsAfterFinished = finishedJobsGoWhenTheirTimeHasPassed
        PodFailurePolicy.rules > PodFailurePolicyRule
        PodFailurePolicyRule.action = policiesOfFailure
        PodFailurePolicyRule.onExitCodes > PodFailurePolicyOnExitCodesRequirement
        PodFailurePolicyRule.onPodConditions > PodFailurePolicyOnPodConditionsPattern
        PodFailurePolicyOnExitCodesRequirement.containerName = policiesOfFailure
        PodFailurePolicyOnExitCodesRequirement.operator = policiesOfFailure
        PodFailurePolicyOnExitCodesRequirement.values = policiesOfFailure
        PodFailurePolicyOnPodConditionsPattern.status = policiesOfFailure
        PodFailurePolicyOnPodConditionsPattern.type = policiesOfFailure
        Service.apiVersion @ API server
        Service.kind @ API server
        Service.metadata @ API server
        Service.spec > ServiceSpec
        Service.status @ whoever balances load
        ServiceSpec.allocateLoadBalancerNodePorts @ API server
        ServiceSpec.clusterIP = onlyReadyEndpointsAreRoutedTo
        ServiceSpec.clusterIPs = onlyReadyEndpointsAreRoutedTo
        ServiceSpec.externalIPs = clientsStayAndOtherAddressesLeadThere
        ServiceSpec.externalName = namesAreAnsweredAsUpstreamDoes
        ServiceSpec.externalTrafficPolicy -(Cluster) there is one node, and all of its endpoints are used
        ServiceSpec.healthCheckNodePort -(0) no load balancer asks
        ServiceSpec.internalTrafficPolicy -(Cluster) there is one node, and all of its endpoints are used
        ServiceSpec.ipFamilies -(IPv4) pods have IPv4 addresses only
        ServiceSpec.ipFamilyPolicy -(SingleStack,PreferDualStack) pods have IPv4 addresses only
        ServiceSpec.loadBalancerClass - there are no load balancers here
        ServiceSpec.loadBalancerIP - there are no load balancers here
        ServiceSpec.loadBalancerSourceRanges - there are no load balancers here
        ServiceSpec.ports > ServicePort
        ServiceSpec.publishNotReadyAddresses = servicesCanPublishWhatIsNotReady
        ServiceSpec.selector = aDeploymentRollsOutRollsOverAndGoes
        ServiceSpec.sessionAffinity = clientsStayAndOtherAddressesLeadThere
        ServiceSpec.sessionAffinityConfig > SessionAffinityConfig
        ServiceSpec.trafficDistribution - there is one node, and all of its endpoints are used
        ServiceSpec.type -(ClusterIP,ExternalName) it is reached by its cluster IP only; use that, kubectl exec or the gateway
        ServicePort.appProtocol = endpointsTellTheProtocol
        ServicePort.name = podsThatNamePortsDifferentlyAreApart
        ServicePort.nodePort -(0) nothing listens on the node's own address
        ServicePort.port = onlyReadyEndpointsAreRoutedTo
        ServicePort.protocol = onlyReadyEndpointsAreRoutedTo
        ServicePort.targetPort = onlyReadyPodsAreReady
        SessionAffinityConfig.clientIP > ClientIPConfig
        ClientIPConfig.timeoutSeconds -(10800) a client stays with its endpoint for as long as the endpoints stay the same
        """)
}

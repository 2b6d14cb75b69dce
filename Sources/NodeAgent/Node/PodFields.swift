import ControllerRuntime
import KubernetesTypes

/// Names to the user what a pod asks for and this node does not do.
enum PodFields {
    /// Records one event for each field that is set and not honoured.
    static func report(_ pod: Pod, to worker: PodWorker) async {
        for field in unhonoured(pod) {
            await worker.tell(
                .warning("FieldNotHonoured", "\(field.path) is stored but has no effect on this node: \(field.why)"))
        }
    }

    /// The fields that a pod sets and this node does not honour, by path. Pure.
    static func unhonoured(_ pod: Pod) -> [UnhonouredField] {
        guard let spec = try? JSONValue(encoding: pod.spec) else { return [] }
        return table.unhonoured(spec, type: "PodSpec", path: "spec")
    }

    /// Every field of a pod's spec in the schema. A test holds the table to the schema and each honoured field to the test it
    /// names.
    static let table = FieldTable(
        """
        PodSpec.activeDeadlineSeconds = deadlineEndsThePod
        PodSpec.affinity @ scheduler
        PodSpec.automountServiceAccountToken @ API server
        PodSpec.containers > Container
        PodSpec.dnsConfig > PodDNSConfig
        PodSpec.dnsPolicy = resolverFollowsPolicyAndConfig
        PodSpec.enableServiceLinks = servicesBecomeVariables
        PodSpec.ephemeralContainers - debug containers are not run; use kubectl exec
        PodSpec.hostAliases > HostAlias
        PodSpec.hostIPC = namespacesFollowThePod
        PodSpec.hostNetwork = hostNetworkSharesTheMachines
        PodSpec.hostPID = namespacesFollowThePod
        PodSpec.hostUsers - containers share the machine's user ids
        PodSpec.hostname = hostsFileNamesThePod
        PodSpec.hostnameOverride - set hostname instead
        PodSpec.imagePullSecrets = pullSecretsReachTheRegistry
        PodSpec.initContainers > Container
        PodSpec.nodeName @ API server
        PodSpec.nodeSelector @ scheduler
        PodSpec.os @ API server
        PodSpec.overhead - no runtime here has any
        PodSpec.preemptionPolicy @ scheduler
        PodSpec.priority @ scheduler
        PodSpec.priorityClassName @ scheduler
        PodSpec.readinessGates = readinessGatesHoldTheReadyCondition
        PodSpec.resourceClaims - dynamic resource allocation is not served
        PodSpec.resources - limits hold for each container, not for the pod as a whole
        PodSpec.restartPolicy = restartPolicyDecides
        PodSpec.runtimeClassName - there is one runtime, runc
        PodSpec.schedulerName @ scheduler
        PodSpec.schedulingGates @ scheduler
        PodSpec.schedulingGroup @ scheduler
        PodSpec.securityContext > PodSecurityContext
        PodSpec.serviceAccount @ API server
        PodSpec.serviceAccountName = environmentAndVolumesReachTheContainer
        PodSpec.setHostnameAsFQDN = hostsFileNamesThePod
        PodSpec.shareProcessNamespace - each container has a process namespace of its own
        PodSpec.subdomain = hostsFileNamesThePod
        PodSpec.terminationGracePeriodSeconds = graceEndsInAKill
        PodSpec.tolerations @ scheduler
        PodSpec.topologySpreadConstraints @ scheduler
        PodSpec.volumes > Volume
        Container.args = environmentAndVolumesReachTheContainer
        Container.command = environmentAndVolumesReachTheContainer
        Container.env > EnvVar
        Container.envFrom > EnvFromSource
        Container.image = podRunsToItsEndAndTellsHowItWent
        Container.imagePullPolicy = pullPolicyDecides
        Container.lifecycle > Lifecycle
        Container.livenessProbe > Probe
        Container.name = podRunsToItsEndAndTellsHowItWent
        Container.ports > ContainerPort
        Container.readinessProbe > Probe
        Container.resizePolicy @ API server
        Container.resources > ResourceRequirements
        Container.restartPolicy = sidecarsRunBesideTheOthers
        Container.restartPolicyRules - the pod's restartPolicy decides
        Container.securityContext > SecurityContext
        Container.startupProbe > Probe
        Container.stdin = inputStaysOpenForStdin
        Container.stdinOnce = clientsAreJoinedToAContainersOwnStreams
        Container.terminationMessagePath = podRunsToItsEndAndTellsHowItWent
        Container.terminationMessagePolicy = endsAreToldByPolicy
        Container.tty = inputStaysOpenForStdin
        Container.volumeDevices - there are no block volumes here
        Container.volumeMounts > VolumeMount
        Container.workingDir = environmentAndVolumesReachTheContainer
        EnvVar.name = environmentAndVolumesReachTheContainer
        EnvVar.value = environmentAndVolumesReachTheContainer
        EnvVar.valueFrom > EnvVarSource
        EnvVarSource.configMapKeyRef > ConfigMapKeySelector
        EnvVarSource.fieldRef > ObjectFieldSelector
        EnvVarSource.fileKeyRef - variables from files are not read
        EnvVarSource.resourceFieldRef > ResourceFieldSelector
        EnvVarSource.secretKeyRef > SecretKeySelector
        ConfigMapKeySelector.key = environmentAndVolumesReachTheContainer
        ConfigMapKeySelector.name = environmentAndVolumesReachTheContainer
        ConfigMapKeySelector.optional = missingReferencesAreNamed
        ObjectFieldSelector.apiVersion @ API server
        ObjectFieldSelector.fieldPath = environmentAndVolumesReachTheContainer
        ResourceFieldSelector.containerName = resourceFieldsAreRoundedUp
        ResourceFieldSelector.divisor = resourceFieldsAreRoundedUp
        ResourceFieldSelector.resource = resourceFieldsAreRoundedUp
        SecretKeySelector.key = environmentAndVolumesReachTheContainer
        SecretKeySelector.name = environmentAndVolumesReachTheContainer
        SecretKeySelector.optional = missingReferencesAreNamed
        EnvFromSource.configMapRef > ConfigMapEnvSource
        EnvFromSource.prefix = environmentAndVolumesReachTheContainer
        EnvFromSource.secretRef > SecretEnvSource
        ConfigMapEnvSource.name = environmentAndVolumesReachTheContainer
        ConfigMapEnvSource.optional = missingReferencesAreNamed
        SecretEnvSource.name = environmentAndVolumesReachTheContainer
        SecretEnvSource.optional = missingReferencesAreNamed
        Lifecycle.postStart > LifecycleHandler
        Lifecycle.preStop > LifecycleHandler
        Lifecycle.stopSignal = hooksRunAroundTheProcess
        LifecycleHandler.exec > ExecAction
        LifecycleHandler.httpGet > HTTPGetAction
        LifecycleHandler.sleep > SleepAction
        LifecycleHandler.tcpSocket > TCPSocketAction
        ExecAction.command = hooksRunAroundTheProcess
        HTTPGetAction.host = probesAskOverTheNetwork
        HTTPGetAction.httpHeaders > HTTPHeader
        HTTPGetAction.path = probesAskOverTheNetwork
        HTTPGetAction.port = probesAskOverTheNetwork
        HTTPGetAction.scheme = probesAskOverTheNetwork
        HTTPHeader.name = probesAskOverTheNetwork
        HTTPHeader.value = probesAskOverTheNetwork
        SleepAction.seconds = hooksRunAroundTheProcess
        TCPSocketAction.host = probesAskOverTheNetwork
        TCPSocketAction.port = probesAskOverTheNetwork
        Probe.exec > ExecAction
        Probe.failureThreshold = thresholdsDecideWhatAProbeMeans
        Probe.grpc - gRPC probes are not sent; the container counts as passing
        Probe.httpGet > HTTPGetAction
        Probe.initialDelaySeconds = livenessRestartsAndReadinessHolds
        Probe.periodSeconds = livenessRestartsAndReadinessHolds
        Probe.successThreshold = thresholdsDecideWhatAProbeMeans
        Probe.tcpSocket > TCPSocketAction
        Probe.terminationGracePeriodSeconds = failedProbeStopsWithItsOwnGrace
        Probe.timeoutSeconds = livenessRestartsAndReadinessHolds
        ContainerPort.containerPort = hostPortsLeadToThePod
        ContainerPort.hostIP = hostPortsLeadToThePod
        ContainerPort.hostPort = hostPortsLeadToThePod
        ContainerPort.name = probesAskOverTheNetwork
        ContainerPort.protocol = hostPortsLeadToThePod
        ResourceRequirements.claims - dynamic resource allocation is not served
        ResourceRequirements.limits = memoryLimitKills
        ResourceRequirements.requests = resourcesBecomeCgroupSettings
        SecurityContext.allowPrivilegeEscalation = securityContextBecomesTheSpecification
        SecurityContext.appArmorProfile - AppArmor is not used
        SecurityContext.capabilities > Capabilities
        SecurityContext.privileged = securityContextBecomesTheSpecification
        SecurityContext.procMount = securityContextBecomesTheSpecification
        SecurityContext.readOnlyRootFilesystem = securityContextHolds
        SecurityContext.runAsGroup = securityContextHolds
        SecurityContext.runAsNonRoot = rootIsRefusedWhereItMustNotBe
        SecurityContext.runAsUser = securityContextHolds
        SecurityContext.seLinuxOptions - SELinux is not used
        SecurityContext.seccompProfile > SeccompProfile
        SecurityContext.windowsOptions - this is a Linux node
        Capabilities.add = securityContextBecomesTheSpecification
        Capabilities.drop = securityContextBecomesTheSpecification
        SeccompProfile.localhostProfile - profiles from files are not loaded
        SeccompProfile.type = securityContextBecomesTheSpecification
        VolumeMount.mountPath = environmentAndVolumesReachTheContainer
        VolumeMount.mountPropagation = mountPropagationBecomesAnOption
        VolumeMount.name = environmentAndVolumesReachTheContainer
        VolumeMount.readOnly = environmentAndVolumesReachTheContainer
        VolumeMount.recursiveReadOnly - mounts within a volume keep their own mode
        VolumeMount.subPath = environmentAndVolumesReachTheContainer
        VolumeMount.subPathExpr = environmentAndVolumesReachTheContainer
        PodDNSConfig.nameservers = resolverFollowsPolicyAndConfig
        PodDNSConfig.options > PodDNSConfigOption
        PodDNSConfig.searches = resolverFollowsPolicyAndConfig
        PodDNSConfigOption.name = resolverFollowsPolicyAndConfig
        PodDNSConfigOption.value = resolverFollowsPolicyAndConfig
        HostAlias.hostnames = hostsFileNamesThePod
        HostAlias.ip = hostsFileNamesThePod
        PodSecurityContext.appArmorProfile - AppArmor is not used
        PodSecurityContext.fsGroup = securityContextHolds
        PodSecurityContext.fsGroupChangePolicy - the group is set when a volume is made, never changed again
        PodSecurityContext.runAsGroup = securityContextHolds
        PodSecurityContext.runAsNonRoot = rootIsRefusedWhereItMustNotBe
        PodSecurityContext.runAsUser = securityContextHolds
        PodSecurityContext.seLinuxChangePolicy - SELinux is not used
        PodSecurityContext.seLinuxOptions - SELinux is not used
        PodSecurityContext.seccompProfile > SeccompProfile
        PodSecurityContext.supplementalGroups = securityContextHolds
        PodSecurityContext.supplementalGroupsPolicy - groups are those that the pod names
        PodSecurityContext.sysctls > Sysctl
        PodSecurityContext.windowsOptions - this is a Linux node
        Sysctl.name = securityContextBecomesTheSpecification
        Sysctl.value = securityContextBecomesTheSpecification
        Volume.awsElasticBlockStore - the pod waits: this node has no such volumes
        Volume.azureDisk - the pod waits: this node has no such volumes
        Volume.azureFile - the pod waits: this node has no such volumes
        Volume.cephfs - the pod waits: this node has no such volumes
        Volume.cinder - the pod waits: this node has no such volumes
        Volume.configMap > ConfigMapVolumeSource
        Volume.csi - the pod waits: this node has no such volumes
        Volume.downwardAPI > DownwardAPIVolumeSource
        Volume.emptyDir > EmptyDirVolumeSource
        Volume.ephemeral - the pod waits: this node has no such volumes
        Volume.fc - the pod waits: this node has no such volumes
        Volume.flexVolume - the pod waits: this node has no such volumes
        Volume.flocker - the pod waits: this node has no such volumes
        Volume.gcePersistentDisk - the pod waits: this node has no such volumes
        Volume.gitRepo - the pod waits: this node has no such volumes
        Volume.glusterfs - the pod waits: this node has no such volumes
        Volume.hostPath > HostPathVolumeSource
        Volume.image - the pod waits: this node has no such volumes
        Volume.iscsi - the pod waits: this node has no such volumes
        Volume.name = environmentAndVolumesReachTheContainer
        Volume.nfs - the pod waits: this node has no such volumes
        Volume.persistentVolumeClaim - the pod waits: this node has no such volumes
        Volume.photonPersistentDisk - the pod waits: this node has no such volumes
        Volume.portworxVolume - the pod waits: this node has no such volumes
        Volume.projected > ProjectedVolumeSource
        Volume.quobyte - the pod waits: this node has no such volumes
        Volume.rbd - the pod waits: this node has no such volumes
        Volume.scaleIO - the pod waits: this node has no such volumes
        Volume.secret > SecretVolumeSource
        Volume.storageos - the pod waits: this node has no such volumes
        Volume.vsphereVolume - the pod waits: this node has no such volumes
        ConfigMapVolumeSource.defaultMode = environmentAndVolumesReachTheContainer
        ConfigMapVolumeSource.items > KeyToPath
        ConfigMapVolumeSource.name = environmentAndVolumesReachTheContainer
        ConfigMapVolumeSource.optional = missingReferencesAreNamed
        KeyToPath.key = environmentAndVolumesReachTheContainer
        KeyToPath.mode = environmentAndVolumesReachTheContainer
        KeyToPath.path = environmentAndVolumesReachTheContainer
        DownwardAPIVolumeSource.defaultMode = environmentAndVolumesReachTheContainer
        DownwardAPIVolumeSource.items > DownwardAPIVolumeFile
        DownwardAPIVolumeFile.fieldRef > ObjectFieldSelector
        DownwardAPIVolumeFile.mode = environmentAndVolumesReachTheContainer
        DownwardAPIVolumeFile.path = environmentAndVolumesReachTheContainer
        DownwardAPIVolumeFile.resourceFieldRef > ResourceFieldSelector
        EmptyDirVolumeSource.medium = environmentAndVolumesReachTheContainer
        EmptyDirVolumeSource.sizeLimit = environmentAndVolumesReachTheContainer
        HostPathVolumeSource.path = forceDeletedPodIsKilledBeforeItsSuccessorStarts
        HostPathVolumeSource.type = hostPathTypesAreChecked
        ProjectedVolumeSource.defaultMode = environmentAndVolumesReachTheContainer
        ProjectedVolumeSource.sources > VolumeProjection
        VolumeProjection.clusterTrustBundle - trust bundles are not served
        VolumeProjection.configMap > ConfigMapProjection
        VolumeProjection.downwardAPI > DownwardAPIProjection
        VolumeProjection.podCertificate - pod certificates are not served
        VolumeProjection.secret > SecretProjection
        VolumeProjection.serviceAccountToken > ServiceAccountTokenProjection
        ConfigMapProjection.items > KeyToPath
        ConfigMapProjection.name = environmentAndVolumesReachTheContainer
        ConfigMapProjection.optional = missingReferencesAreNamed
        DownwardAPIProjection.items > DownwardAPIVolumeFile
        SecretProjection.items > KeyToPath
        SecretProjection.name = environmentAndVolumesReachTheContainer
        SecretProjection.optional = missingReferencesAreNamed
        ServiceAccountTokenProjection.audience = environmentAndVolumesReachTheContainer
        ServiceAccountTokenProjection.expirationSeconds = environmentAndVolumesReachTheContainer
        ServiceAccountTokenProjection.path = environmentAndVolumesReachTheContainer
        SecretVolumeSource.defaultMode = environmentAndVolumesReachTheContainer
        SecretVolumeSource.items > KeyToPath
        SecretVolumeSource.optional = missingReferencesAreNamed
        SecretVolumeSource.secretName = environmentAndVolumesReachTheContainer
        """)
}

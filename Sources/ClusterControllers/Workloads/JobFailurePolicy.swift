import KubernetesTypes

/// What a job's podFailurePolicy says of a failed pod: the first rule that matches decides.
enum JobFailurePolicy {
    /// - Returns: the message of the failure when the whole job fails by it.
    static func failure(_ job: Job, _ pod: Pod) -> String? {
        guard let (rule, index, why) = matching(job, pod), rule.action == "FailJob" else { return nil }
        return "\(why) matching FailJob rule at index \(index)"
    }

    /// Whether the failure does not count.
    static func ignores(_ job: Job, _ pod: Pod) -> Bool { matching(job, pod)?.rule.action == "Ignore" }

    private static func matching(_ job: Job, _ pod: Pod) -> (rule: PodFailurePolicyRule, index: Int, why: String)? {
        for (index, rule) in (job.spec.podFailurePolicy?.rules ?? []).enumerated() {
            if let codes = rule.onExitCodes, let why = why(codes, pod) { return (rule, index, why) }
            for pattern in rule.onPodConditions ?? [] {
                let isMet = pod.status?.conditions?.contains { $0.type == pattern.type && $0.status == pattern.status ?? "True" }
                if isMet == true { return (rule, index, "Pod \(pod.key) has condition \(pattern.type)") }
            }
        }
        return nil
    }

    private static func why(_ codes: PodFailurePolicyOnExitCodesRequirement, _ pod: Pod) -> String? {
        let statuses = (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
        for status in statuses where codes.containerName == nil || codes.containerName == status.name {
            guard let code = status.state?.terminated?.exitCode, code != 0 else { continue }
            if codes.values.contains(code) == (codes.operator == "In") {
                return "Container \(status.name) for pod \(pod.key) failed with exit code \(code)"
            }
        }
        return nil
    }
}

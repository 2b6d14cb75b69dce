import KubernetesTypes

/// Names to the user what a pod asks for and this node does not do.
enum PodFields {
    /// Records one event for each field that is set and not honoured.
    static func report(_ pod: Pod, to worker: PodWorker) async {
        for field in unhonoured(pod) {
            await worker.tell(
                .warning("FieldNotHonoured", "\(field) is stored but has no effect on this node"))
        }
    }

    static func unhonoured(_ pod: Pod) -> [String] { [] }
}

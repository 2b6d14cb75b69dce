import KubernetesTypes

/// Jobs and cron jobs.
enum JobBehaviors {
    static let job = KindBehavior(
        defaults: { object in
            if object[path: ["metadata", "labels"]]?.object?.isEmpty ?? true,
                let labels = object[path: ["spec", "template", "metadata", "labels"]], labels.object?.isEmpty == false
            {
                object[path: ["metadata", "labels"]] = labels
            }
            object.modify("spec") { spec in
                if !spec.isSet("completions"), !spec.isSet("parallelism") {
                    spec["completions"] = 1
                    spec["parallelism"] = 1
                }
                spec.setDefault("parallelism", 1)
                spec.setDefault("backoffLimit", spec.isSet("backoffLimitPerIndex") ? .integer(Int64(Int32.max)) : 6)
                spec.setDefaultText("completionMode", "NonIndexed")
                spec.setDefault("suspend", false)
                spec.setDefault("manualSelector", false)
                spec.setDefaultText("podReplacementPolicy", spec.isSet("podFailurePolicy") ? "Failed" : "TerminatingOrFailed")
                spec.modify("template", PodDefaults.template)
                spec.modify("podFailurePolicy") { policy in
                    policy.modifyEach("rules") { rule in
                        rule.modifyEach("onPodConditions") { pattern in pattern.setDefaultText("status", "True") }
                    }
                }
            }
        },
        hasStatus: true, hasGeneration: true,
        prepareForCreate: { object in generateSelector(&object) },
        validate: { validate($0) },
        // Upstream checks the object and then its change, which checks the spec once more.
        validateUpdate: { old, new in validate(new) + validate(new) + immutable(old, new) })

    static let cronJob = KindBehavior(
        defaults: { object in
            object.modify("spec") { spec in
                spec.setDefaultText("concurrencyPolicy", "Allow")
                spec.setDefault("suspend", false)
                spec.setDefault("successfulJobsHistoryLimit", 3)
                spec.setDefault("failedJobsHistoryLimit", 1)
                spec.modify("jobTemplate") { template in
                    template.modify("spec") { spec in spec.modify("template", PodDefaults.template) }
                }
            }
        },
        hasStatus: true, hasGeneration: true,
        validate: { validateCronJob($0["spec"] ?? [:]) }, validateUpdate: { _, new in validateCronJob(new["spec"] ?? [:]) })

    private static let controllerLabel = "batch.kubernetes.io/controller-uid"

    /// Unless a person takes care of it, a job selects its own pods by its uid.
    private static func generateSelector(_ object: inout JSONValue) {
        guard object[path: ["spec", "manualSelector"]]?.bool != true else { return }
        let uid = JSONValue.string(object[path: ["metadata", "uid"]]?.string ?? "")
        let name = JSONValue.string(object[path: ["metadata", "name"]]?.string ?? "")
        let labels: [String: JSONValue] = [
            "controller-uid": uid, "job-name": name, controllerLabel: uid, "batch.kubernetes.io/job-name": name,
        ]
        for path in [["spec", "template", "metadata", "labels"], ["metadata", "labels"]] {
            var all = object[path: path]?.object ?? [:]
            // The job itself gets them because it shares the map with its template where it has no labels of its own.
            if path.count == 2,
                object[path: ["spec", "template", "metadata", "labels"]]?.object.map({ $0.filter { labels[$0.key] == nil } })
                    != all
            {
                continue
            }
            all.merge(labels) { own, _ in own }
            object[path: path] = .object(all)
        }
        if !(object["spec"]?.isSet("selector") ?? false) {
            object[path: ["spec", "selector"]] = ["matchLabels": [controllerLabel: uid]]
        }
    }

    private static func validate(_ object: JSONValue) -> [FieldError] {
        let spec = object["spec"] ?? [:]
        var errors: [FieldError] = []
        for name in ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"] {
            if let value = spec[name]?.integer { errors += WorkloadValidation.nonNegative("spec.\(name)", value) }
        }
        if spec.text("completionMode") == "Indexed", !spec.isSet("completions") {
            errors.append(.required("spec.completions", "when completion mode is Indexed"))
        }
        if !["NonIndexed", "Indexed"].contains(spec.text("completionMode")) {
            errors.append(
                .notSupported("spec.completionMode", .string(spec.text("completionMode")), supported: ["Indexed", "NonIndexed"]))
        }
        let template = spec["template"] ?? [:]
        let selector = spec["selector"] ?? .null
        if selector.isNull {
            errors.append(.required("spec.selector"))
        } else {
            errors += LabelValidation.selector(selector, "spec.selector")
        }
        if selector.isNull || !WorkloadValidation.matches(selector, template[path: ["metadata", "labels"]], isPlain: false) {
            errors.append(
                .invalid(
                    "spec.template.metadata.labels", template[path: ["metadata", "labels"]] ?? .null,
                    "`selector` does not match template `labels`"))
        }
        return errors + jobTemplate(template, "spec.template")
    }

    private static func jobTemplate(_ template: JSONValue, _ field: String) -> [FieldError] {
        var errors = PodValidation.template(template, field)
        let policy = template[path: ["spec", "restartPolicy"]]?.string ?? ""
        if !["OnFailure", "Never"].contains(policy) {
            let shown = policy == "Always" || policy.isEmpty
            errors.append(
                shown
                    ? FieldError(
                        .required, "\(field).spec.restartPolicy",
                        message: "Required value: valid values: \"OnFailure\", \"Never\"")
                    : .notSupported("\(field).spec.restartPolicy", .string(policy), supported: ["OnFailure", "Never"]))
        }
        return errors
    }

    private static let schedulingDirectives = [
        ["metadata", "labels"], ["metadata", "annotations"], ["spec", "nodeSelector"], ["spec", "affinity"],
        ["spec", "tolerations"], ["spec", "schedulingGates"],
    ]

    private static func immutable(_ old: JSONValue, _ new: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        for name in ["completions", "selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex"] {
            var before = old[path: ["spec", name]] ?? .null
            let after = new[path: ["spec", name]] ?? .null
            // A job that was suspended and never started may still change where its pods go; an indexed one may be resized.
            if name == "template", old[path: ["spec", "suspend"]]?.bool == true, !(old["status"]?.isSet("startTime") ?? false) {
                for directive in schedulingDirectives { before[path: directive] = after[path: directive] }
            }
            if before == after { continue }
            if name == "completions", new[path: ["spec", "completionMode"]]?.string == "Indexed",
                new[path: ["spec", "completions"]] == new[path: ["spec", "parallelism"]]
            {
                continue
            }
            errors.append(.invalid("spec.\(name)", after, "field is immutable"))
        }
        return errors
    }

    private static func validateCronJob(_ spec: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let schedule = spec.text("schedule")
        if schedule.isEmpty {
            errors.append(.required("spec.schedule"))
        } else if let problem = CronSchedule.problem(schedule) {
            errors.append(.invalid("spec.schedule", .string(schedule), problem))
        }
        if let seconds = spec["startingDeadlineSeconds"]?.integer {
            errors += WorkloadValidation.nonNegative("spec.startingDeadlineSeconds", seconds)
        }
        let policy = spec.text("concurrencyPolicy")
        if !["Allow", "Forbid", "Replace"].contains(policy) {
            errors.append(
                policy.isEmpty
                    ? .required("spec.concurrencyPolicy")
                    : .notSupported("spec.concurrencyPolicy", .string(policy), supported: ["Allow", "Forbid", "Replace"]))
        }
        for name in ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
            if let value = spec[name]?.integer { errors += WorkloadValidation.nonNegative("spec.\(name)", value) }
        }
        return errors + jobTemplate(spec[path: ["jobTemplate", "spec", "template"]] ?? [:], "spec.jobTemplate.spec.template")
    }
}

/// The check of a cron schedule: five fields, each a list of ranges with steps, or a word such as `@daily`.
enum CronSchedule {
    private static let bounds: [(ClosedRange<Int>, names: [String])] = [
        (0...59, []), (0...23, []), (1...31, []),
        (1...12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        (0...6, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    static func problem(_ schedule: String) -> String? {
        if schedule.hasPrefix("@") {
            let words = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]
            return words.contains(schedule) || schedule.hasPrefix("@every ") ? nil : "unrecognized descriptor: \(schedule)"
        }
        let fields = schedule.split(whereSeparator: \.isWhitespace).map(String.init)
        guard fields.count == 5 else {
            return "expected exactly 5 fields, found \(fields.count): [\(fields.joined(separator: " "))]"
        }
        for (field, bound) in zip(fields, bounds) {
            for range in field.split(separator: ",", omittingEmptySubsequences: false) {
                if let problem = problem(String(range), bound.0, bound.names) { return problem }
            }
        }
        return nil
    }

    private static func problem(_ range: String, _ bounds: ClosedRange<Int>, _ names: [String]) -> String? {
        let parts = range.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return "too many slashes: \(range)" }
        if parts.count == 2, Int(parts[1]) == nil {
            return "failed to parse int from \(parts[1]): strconv.Atoi: parsing \"\(parts[1])\": invalid syntax"
        }
        if parts[0] == "*" || parts[0] == "?" { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { return "too many hyphens: \(range)" }
        var values: [Int] = []
        for end in ends {
            if let index = names.firstIndex(of: end.lowercased()) {
                values.append(index + bounds.lowerBound)
            } else if let value = Int(end) {
                values.append(value)
            } else {
                return "failed to parse int from \(end): strconv.Atoi: parsing \"\(end)\": invalid syntax"
            }
        }
        guard let first = values.first, let last = values.last else { return nil }
        if first < bounds.lowerBound { return "beginning of range (\(first)) below minimum (\(bounds.lowerBound)): \(range)" }
        if last > bounds.upperBound { return "end of range (\(last)) above maximum (\(bounds.upperBound)): \(range)" }
        if first > last { return "beginning of range (\(first)) beyond end of range (\(last)): \(range)" }
        return nil
    }
}

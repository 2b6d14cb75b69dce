import KubernetesTypes

/// Lets callers who may do so act as somebody else (`kubectl --as`).
enum Impersonation {
    static func caller(
        _ user: UserInfo, _ request: APIRequest, _ info: RequestInfo, _ authorizer: Authorizer
    ) async throws(APIError) -> UserInfo {
        let headers = request.headers.filter { $0.name.hasPrefix("impersonate-") }
        guard !headers.isEmpty else { return user }
        let name = request.header("impersonate-user") ?? ""
        let uid = request.header("impersonate-uid") ?? ""
        var groups = headers.filter { $0.name == "impersonate-group" }.map(\.value)
        var extra: [String: [String]] = [:]
        for header in headers where header.name.hasPrefix("impersonate-extra-") {
            let key = PercentEncoding.decode(header.name.dropFirst("impersonate-extra-".count), plusIsSpace: false)
            extra[key, default: []].append(header.value)
        }
        guard !name.isEmpty else {
            let list = groups.isEmpty ? "[]string(nil)" : "[]string{\(groups.map { "\"\($0)\"" }.joined(separator: ", "))}"
            throw .badRequest(
                "requested &user.DefaultInfo{Name:\"\(name)\", UID:\"\(uid)\", Groups:\(list), Extra:map[string][]string(nil)} "
                    + "without impersonating a user name")
        }
        try check(user, name: name, groups: groups, uid: uid, extra: extra, info, authorizer)
        if groups.isEmpty, let account = serviceAccount(name) {
            groups = ["system:serviceaccounts", "system:serviceaccounts:\(account.namespace)"]
        }
        if name == UserInfo.anonymous.name {
            if !groups.contains("system:unauthenticated") { groups.append("system:unauthenticated") }
        } else if !groups.contains("system:unauthenticated"), !groups.contains(UserInfo.authenticatedGroup) {
            groups.append(UserInfo.authenticatedGroup)
        }
        return UserInfo(name: name, uid: uid, groups: groups, extra: extra)
    }

    private static func serviceAccount(_ name: String) -> (namespace: String, name: String)? {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount" else { return nil }
        return (String(parts[2]), String(parts[3]))
    }

    private static func check(
        _ user: UserInfo, name: String, groups: [String], uid: String, extra: [String: [String]], _ info: RequestInfo,
        _ authorizer: Authorizer
    ) throws(APIError) {
        var questions: [RequestInfo] = []
        if let account = serviceAccount(name) {
            questions.append(
                RequestInfo(
                    verb: "impersonate", group: "", resource: "serviceaccounts", namespace: account.namespace, name: account.name)
            )
        } else {
            questions.append(RequestInfo(verb: "impersonate", group: "", resource: "users", name: name))
        }
        questions += groups.map { RequestInfo(verb: "impersonate", group: "", resource: "groups", name: $0) }
        if !uid.isEmpty {
            questions.append(RequestInfo(verb: "impersonate", group: "authentication.k8s.io", resource: "uids", name: uid))
        }
        for (key, values) in extra {
            questions += values.map {
                RequestInfo(
                    verb: "impersonate", group: "authentication.k8s.io", resource: "userextras", subresource: key, name: $0)
            }
        }
        for question in questions where !authorizer.decide(user, question).isAllowed {
            var shown = info
            shown.verb = "impersonate-on:user-info:\(info.verb)"
            throw APIServerCore.denied(user, shown)
        }
    }
}

extension RequestInfo {
    /// A question about a resource that no HTTP request asked.
    init(
        verb: String, group: String, resource: String, subresource: String = "", namespace: String = "", name: String = "",
        version: String = "*"
    ) {
        isResourceRequest = true
        self.verb = verb
        self.group = group
        self.version = version
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
        path = ""
    }

    /// A question about a path.
    init(verb: String, path: String) {
        isResourceRequest = false
        self.verb = verb
        self.path = path
    }
}

import KubernetesTypes

/// Small steps that defaulting code is made of.
extension JSONValue {
    mutating func setDefault(_ key: String, _ value: JSONValue) {
        if self[key] == nil || self[key]?.isNull == true { self[key] = value }
    }

    /// As `setDefault`, where the empty text counts as unset too.
    mutating func setDefaultText(_ key: String, _ value: String) {
        if (self[key]?.string ?? "").isEmpty { self[key] = .string(value) }
    }

    /// Sets a number that Go keeps in a plain integer, where zero is unset.
    mutating func setDefaultNumber(_ key: String, _ value: Int64) {
        if (self[key]?.integer ?? 0) == 0 { self[key] = .integer(value) }
    }

    /// Changes a member in place where it is there.
    mutating func modify(_ key: String, _ body: (inout JSONValue) -> Void) {
        guard var member = self[key], !member.isNull else { return }
        self[key] = .null
        body(&member)
        self[key] = member
    }

    /// Changes each element of a list in place.
    mutating func modifyEach(_ key: String, _ body: (inout JSONValue) -> Void) {
        guard case .array(var elements)? = self[key] else { return }
        self[key] = .null
        for index in elements.indices { body(&elements[index]) }
        self[key] = .array(elements)
    }

    /// The text of a member; empty where there is none.
    func text(_ key: String) -> String { self[key]?.string ?? "" }

    func elements(_ key: String) -> [JSONValue] { self[key]?.array ?? [] }

    func isSet(_ key: String) -> Bool { self[key].map { !$0.isNull } ?? false }
}

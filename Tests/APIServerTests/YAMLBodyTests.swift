import KubernetesTypes
import Testing

@testable import APIServer

/// Bodies in YAML that stand for far more than they say are refused before anything is made of them.
struct YAMLBodyTests {
    private static let path = "/api/v1/namespaces/default/configmaps"
    private static let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

    /// Each of the letters from b on is ten times the one before.
    private static let bomb =
        head + "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + zip("abcdefgh", "bcdefghi").map { before, name in
            "\(name): &\(name) [\(Array(repeating: "*\(before)", count: 10).joined(separator: ","))]\n"
        }.joined()
    private static let bigText =
        head
        + "a: &a \(String(repeating: "x", count: 100_000))\nb: [\(Array(repeating: "*a", count: 1000).joined(separator: ","))]\n"
    /// Lists in lists, one alias within the other, deeper than any stack.
    private static let well =
        head + "a: &n0 [x]\n"
        + (1..<3000).map {
            "b\($0): &n\($0) \(String(repeating: "[", count: 50))*n\($0 - 1)\(String(repeating: "]", count: 50))\n"
        }
        .joined()

    private let core: APIServerCore

    init() async throws {
        var tokens = TokenFile()
        tokens.add("admin", UserInfo(name: "admin", groups: ["system:masters"]))
        core = try APIServerCore(
            configuration: APIServerCore.Configuration(), store: ObjectStore(persistence: MemoryPersistence()), tokens: tokens,
            signer: TokenSigner())
        try await Bootstrapper(core: core).run()
    }

    private func send(_ method: String, _ path: String, _ type: String, _ body: String) async -> (status: Int, text: String) {
        let response = await core.respond(
            to: APIRequest(
                method: method, target: path, headers: [("Authorization", "Bearer admin"), ("Content-Type", type)],
                body: Array(body.utf8)))
        guard case .bytes(let bytes) = response.body else { return (response.status, "") }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }

    /// What most clients send to be applied is JSON: source code in its strings has nothing to do with aliases.
    @Test func sourceCodeInJSONIsNoAlias() async throws {
        let source = String(repeating: "int f(int *x) { return g[0](&x, *x); }\\n", count: 5_000)
        let body = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"f.c":""# + source + #""}}"#
        let applied = await send("PATCH", "\(Self.path)/a?fieldManager=m", "application/apply-patch+yaml", body)
        #expect(applied.status == 201, "\(applied.text.prefix(300))")
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [bomb, bomb + "? *i\n: x\n", bomb + "j: {*i}\n", bomb + "*i : x\n", bigText, well])
    func excessiveAliasesAreRefused(_ body: String) async throws {
        let duration = await ContinuousClock().measure {
            let created = await send("POST", Self.path, "application/yaml", body)
            #expect(created.status == 400)
            #expect(created.text.contains("yaml: document contains excessive aliasing"), "\(created.text)")
            let applied = await send("PATCH", "\(Self.path)/a?fieldManager=m", "application/apply-patch+yaml", body)
            #expect(applied.status == 400)
            let message = "error converting YAML to JSON: yaml: document contains excessive aliasing"
            #expect(applied.text.contains(message), "\(applied.text)")
        }
        #expect(duration < .seconds(2))
    }

    @Test(arguments: ["[", "- ", "? "]) func deepBodiesAreRefused(_ opening: String) async {
        let body = Self.head + "a:\n  \(String(repeating: opening, count: 100_000))x\n"
        #expect(await send("POST", Self.path, "application/yaml", body).status == 400)
        #expect(await send("PATCH", "\(Self.path)/a?fieldManager=m", "application/apply-patch+yaml", body).status == 400)
    }

    @Test func someAliasesAreFine() async throws {
        let body =
            Self.head + "data: &d {one: &v \"1\", two: *v, three: *v}\nbinaryData: {}\n"
            + "immutable: false\n"
        let created = await send("POST", Self.path, "application/yaml", body)
        #expect(created.status == 201)
        let stored = core.store.object(ResourceName(group: "", resource: "configmaps"), key: "default/a")
        #expect(stored?.value["data"] == ["one": "1", "two": "1", "three": "1"])
    }
}

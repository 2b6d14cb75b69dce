import KubernetesTypes
import Synchronization

/// One request on its way through the server.
final class RequestScope: Sendable {
    let request: APIRequest
    let info: RequestInfo
    let user: UserInfo
    private let collected = Mutex<[String]>([])

    init(request: APIRequest, info: RequestInfo, user: UserInfo) {
        self.request = request
        self.info = info
        self.user = user
    }

    /// Adds a text to the Warning headers of the answer; the same text counts once.
    func warn(_ text: String) {
        collected.withLock { if !$0.contains(text) { $0.append(text) } }
    }

    var warningHeaders: [(name: String, value: String)] {
        collected.withLock { texts in
            texts.map { text in
                let quoted = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: " ")
                return ("Warning", "299 - \"\(quoted)\"")
            }
        }
    }
}

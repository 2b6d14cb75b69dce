import Foundation
import NIOHTTP1

/// What the gateway itself answers when no backend does: a status, a stable code, and a sentence to act on.
enum GatewayFailure {
    case routesUnknown
    case unknownPath
    case unknownService(ServiceKey)
    case noReadyBackend(ServiceKey, String)
    case bodyTooLarge(Int)
    case clientTooSlow
    case backendFailed(TryFailure, version: String, tries: Int)

    var status: HTTPResponseStatus {
        switch self {
        case .unknownPath, .unknownService: .notFound
        case .routesUnknown, .noReadyBackend: .serviceUnavailable
        case .bodyTooLarge: .payloadTooLarge
        case .clientTooSlow: .requestTimeout
        case .backendFailed(let failure, _, _): failure.reason == .timeout ? .gatewayTimeout : .badGateway
        }
    }

    var code: String {
        switch self {
        case .routesUnknown: "RoutesUnknown"
        case .unknownPath: "UnknownPath"
        case .unknownService: "UnknownService"
        case .noReadyBackend: "NoReadyBackend"
        case .bodyTooLarge: "BodyTooLarge"
        case .clientTooSlow: "RequestTimeout"
        case .backendFailed(let failure, _, _): failure.reason == .timeout ? "BackendTimeout" : "BackendFailed"
        }
    }

    var message: String {
        switch self {
        case .routesUnknown:
            return
                "The gateway has not read the cluster's services yet. Try again; if it persists, see whether the API server answers."
        case .unknownPath:
            return
                "The path names no service. Use /<namespace>/<service>/…, for instance /default/tickets/v1/models/tickets:predict."
        case .unknownService(let key):
            return "There is no InferenceService \(key.name) in namespace \(key.namespace). See kubectl get inferenceservices -A."
        case .noReadyBackend(let key, let reason):
            return "InferenceService \(key) cannot answer now: \(reason.hasSuffix(".") ? String(reason.dropLast()) : reason). "
                + "See kubectl describe inferenceservice \(key.name) -n \(key.namespace), and try again."
        case .bodyTooLarge(let limit):
            return "The request's body is larger than the \(limit) bytes that are accepted. Send fewer instances at once."
        case .clientTooSlow:
            return "The request did not arrive in time. Send it without pauses."
        case .backendFailed(let failure, let version, let tries):
            return "A server of \(version) failed: \(failure.message). "
                + (tries > 1 ? "\(tries) tries failed. " : "")
                + (failure.wasSent && tries == 1
                    ? "It was not tried again, because the request may have had an effect. " : "")
                + "Try again; if it persists, see the logs of its pods."
        }
    }

    var retryAfterSeconds: Int? {
        switch self {
        case .routesUnknown, .noReadyBackend, .backendFailed: 1
        default: nil
        }
    }

    /// `error` is the sentence, as the Open Inference Protocol has it and servers behind the gateway answer; the rest is ours.
    func json(requestID: String) -> String {
        struct Body: Encodable {
            let error: String
            let code: String
            let requestID: String
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = try? encoder.encode(Body(error: message, code: code, requestID: requestID))
        return String(decoding: body ?? Data(), as: UTF8.self) + "\n"
    }
}

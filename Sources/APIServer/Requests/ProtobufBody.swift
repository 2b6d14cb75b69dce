import KubernetesTypes

/// Request bodies in Kubernetes' protobuf form.
enum ProtobufBody {
    static func decode(_ bytes: [UInt8]) throws(APIError) -> JSONValue {
        throw .badRequest("protobuf bodies are not read yet")
    }
}

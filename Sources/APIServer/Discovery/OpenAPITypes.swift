import KubernetesTypes

/// Schemas of types that OpenAPI documents refer to, with what is known of their descriptions.
enum OpenAPITypes {
    static let referencePrefix = "#/components/schemas/"

    static let securitySchemes: JSONValue = [
        "BearerToken": [
            "type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header",
        ]
    ]

    private static let customSchemas = parsed(OpenAPITexts.schemas)
    private static let descriptions = parsed(OpenAPITexts.descriptions)
    private static let parameters = parsed(OpenAPITexts.parameters)

    private static func parsed(_ text: StaticString) -> JSONValue {
        let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        return (try? JSONParser.parse(bytes)) ?? [:]
    }

    /// A type of apimachinery as documents of custom resources have it.
    static func forCustom(_ name: String) -> JSONValue? { customSchemas[name] ?? builtin(name) }

    /// A built-in type. Descriptions are there of the types of apimachinery and few others.
    static func builtin(_ name: String) -> JSONValue? {
        guard var schema = KubernetesSchema.builtin.openAPI(named: name) ?? customSchemas[name] else { return nil }
        guard let texts = descriptions[name]?.object else { return schema }
        for (field, text) in texts {
            if field.isEmpty {
                schema["description"] = text
            } else if schema["properties"]?[field] != nil {
                schema[path: ["properties", field, "description"]] = text
            }
        }
        return schema
    }

    /// A parameter in the query of a request; what a patch says of it where that differs.
    static func parameter(_ name: String, ofPatch: Bool = false) -> JSONValue {
        let known = (ofPatch ? parameters["patch/\(name)"] : nil) ?? parameters[name] ?? [:]
        return [
            "name": .string(name), "in": "query", "description": known["description"] ?? "",
            "schema": ["type": known["type"] ?? "string", "uniqueItems": true],
        ]
    }

    /// The document of `/version`.
    static func versionDocument() -> JSONValue {
        let name = "io.k8s.apimachinery.pkg.version.Info"
        return [
            "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "1.36"],
            "paths": [
                "/version/": [
                    "get": [
                        "tags": ["version"], "description": "get the version information for this server",
                        "operationId": "getCodeVersion",
                        "responses": [
                            "200": [
                                "description": "OK",
                                "content": ["application/json": ["schema": ["$ref": .string(referencePrefix + name)]]],
                            ], "401": ["description": "Unauthorized"],
                        ],
                    ]
                ]
            ],
            "components": ["schemas": [name: customSchemas[name] ?? [:]], "securitySchemes": securitySchemes],
        ]
    }
}

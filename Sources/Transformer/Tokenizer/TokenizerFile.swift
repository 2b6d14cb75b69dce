/// Reads `tokenizer.json` strictly: a component or a field of one that is not known here is an error that names it,
/// because leaving it out would give other tokens.
struct TokenizerFile {
    private let root: JSONValue

    init(json: UnsafeRawBufferPointer) throws(TransformerError) {
        do { root = try JSONParser.parse(json) } catch {
            throw TransformerError(.invalidJSON, "tokenizer.json: \(error)")
        }
        guard root.members != nil else { throw Self.invalid("", "is \(root.kind), not an object") }
    }

    func tokenizer() throws(TransformerError) -> Tokenizer {
        let normalizer = try normalizer(root["normalizer"], at: "normalizer")
        let model = try model()
        let template = try template()
        let added = try AddedTokens(addedTokens(model), normalizer: normalizer)
        let truncation = try truncation()
        if let truncation, truncation.maxLength <= template.specialCount {
            throw Self.invalid("truncation.max_length", "is \(truncation.maxLength): no room for text")
        }
        return Tokenizer(
            addedTokens: added, normalizer: normalizer, preTokenizer: try preTokenizer(), model: model,
            template: template, truncation: truncation, padding: try padding())
    }

    // MARK: Errors and fields

    private static func invalid(_ path: String, _ what: String) -> TransformerError {
        TransformerError(.invalidTokenizer, path.isEmpty ? "tokenizer.json \(what)" : "tokenizer.json: \(path) \(what)")
    }

    private static func unsupported(_ path: String, _ what: String) -> TransformerError {
        TransformerError(.unsupportedTokenizer, "tokenizer.json: \(path) \(what)")
    }

    /// The component's `type`, after checking that it has no field beside `fields`.
    private func check(_ component: JSONValue, at path: String, fields: Set<String>) throws(TransformerError) {
        for member in component.members ?? [] where member.key != "type" && !fields.contains(member.key) {
            throw Self.unsupported("\(path).\(member.key)", "is a setting that is not implemented")
        }
    }

    private func type(_ component: JSONValue, at path: String) throws(TransformerError) -> String {
        guard let type = component["type"]?.string else { throw Self.invalid(path, "has no type") }
        return type
    }

    private func bool(_ value: JSONValue?, at path: String, default fallback: Bool?) throws(TransformerError) -> Bool {
        if let flag = value?.bool { return flag }
        guard value == nil, let fallback else { throw Self.invalid(path, "must be true or false") }
        return fallback
    }

    private func int32(_ value: JSONValue?, at path: String) throws(TransformerError) -> Int32 {
        guard let number = value?.int.flatMap(Int32.init(exactly:)), number >= 0 else {
            throw Self.invalid(path, "must be a whole number from 0")
        }
        return number
    }

    private func length(_ value: JSONValue?, at path: String) throws(TransformerError) -> Int {
        Int(try int32(value, at: path))
    }

    // MARK: Components

    private func normalizer(_ value: JSONValue?, at path: String) throws(TransformerError) -> TextNormalizer {
        guard let value, !value.isNull else { return .identity }
        let type = try type(value, at: path)
        switch type {
        case "BertNormalizer":
            try check(
                value, at: path, fields: ["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"])
            let strip = value["strip_accents"]
            return .bert(
                BertNormalizer(
                    cleanText: try bool(value["clean_text"], at: "\(path).clean_text", default: true),
                    handleChineseCharacters: try bool(
                        value["handle_chinese_chars"], at: "\(path).handle_chinese_chars", default: true),
                    stripAccents: strip == nil || strip?.isNull == true
                        ? nil : try bool(strip, at: "\(path).strip_accents", default: nil),
                    lowercase: try bool(value["lowercase"], at: "\(path).lowercase", default: true)))
        case "Lowercase":
            try check(value, at: path, fields: [])
            return .lowercase
        case "NFD":
            try check(value, at: path, fields: [])
            return .canonicalDecomposition
        case "Sequence":
            try check(value, at: path, fields: ["normalizers"])
            guard let parts = value["normalizers"]?.array else { throw Self.invalid("\(path).normalizers", "must be a list") }
            var normalizers: [TextNormalizer] = []
            for (index, part) in parts.enumerated() {
                normalizers.append(try normalizer(part, at: "\(path).normalizers[\(index)]"))
            }
            return .sequence(normalizers)
        default: throw Self.unsupported(path, "\"\(type)\" is not implemented")
        }
    }

    private func preTokenizer() throws(TransformerError) -> PreTokenizer {
        guard let value = root["pre_tokenizer"], !value.isNull else { return .identity }
        let type = try type(value, at: "pre_tokenizer")
        try check(value, at: "pre_tokenizer \"\(type)\"", fields: [])
        switch type {
        case "BertPreTokenizer": return .bert
        case "WhitespaceSplit": return .whitespaceSplit
        case "Whitespace": return .whitespace
        default: throw Self.unsupported("pre_tokenizer", "\"\(type)\" is not implemented")
        }
    }

    private func model() throws(TransformerError) -> any SubwordModel {
        guard let value = root["model"] else { throw Self.invalid("model", "is missing") }
        // Files from before 2020 have no type; their fields tell.
        let type = value["type"]?.string ?? (value["max_input_chars_per_word"] == nil ? "of no type" : "WordPiece")
        guard type == "WordPiece" else { throw Self.unsupported("model", "\"\(type)\" is not implemented") }
        try check(
            value, at: "model",
            fields: ["vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"])
        guard let members = value["vocab"]?.members else { throw Self.invalid("model.vocab", "must be an object") }
        var vocabulary: [(token: String, id: Int32)] = []
        vocabulary.reserveCapacity(members.count)
        for member in members {
            vocabulary.append((member.key, try int32(member.value, at: "model.vocab[\"\(member.key)\"]")))
        }
        return try WordPiece(
            vocabulary: vocabulary,
            unknownToken: value["unk_token"]?.string ?? "[UNK]",
            continuationPrefix: value["continuing_subword_prefix"]?.string ?? "##",
            maxCharactersPerWord: value["max_input_chars_per_word"] == nil
                ? 100 : try length(value["max_input_chars_per_word"], at: "model.max_input_chars_per_word"))
    }

    private func addedTokens(_ model: any SubwordModel) throws(TransformerError) -> [AddedTokens.Token] {
        guard let value = root["added_tokens"], !value.isNull else { return [] }
        guard let list = value.array else { throw Self.invalid("added_tokens", "must be a list") }
        var tokens: [AddedTokens.Token] = []
        var nextID = Int32(clamping: model.vocabularySize)
        for (index, item) in list.enumerated() {
            let path = "added_tokens[\(index)]"
            guard let content = item["content"]?.string else { throw Self.invalid("\(path).content", "must be a string") }
            let id = try int32(item["id"], at: "\(path).id")
            // The library gives an added token the vocabulary's id, or the next free one, whatever the file says; a file
            // that says otherwise was not written by it and would mean different things to different readers.
            let expected = model.id(of: content) ?? nextID
            guard id == expected else {
                throw Self.invalid("\(path).id", "is \(id), but \"\(content)\" gets \(expected)")
            }
            if id == nextID { nextID += 1 }
            guard !content.isEmpty else { continue }
            tokens.append(
                .init(
                    content: content, id: id,
                    singleWord: try bool(item["single_word"], at: "\(path).single_word", default: false),
                    stripsLeft: try bool(item["lstrip"], at: "\(path).lstrip", default: false),
                    stripsRight: try bool(item["rstrip"], at: "\(path).rstrip", default: false),
                    isNormalized: try bool(item["normalized"], at: "\(path).normalized", default: false),
                    isSpecial: try bool(item["special"], at: "\(path).special", default: false)))
        }
        // Of equal patterns the library prefers special tokens.
        return tokens.filter(\.isSpecial) + tokens.filter { !$0.isSpecial }
    }

    private func template() throws(TransformerError) -> Template {
        guard let value = root["post_processor"], !value.isNull else { return Template() }
        let type = try type(value, at: "post_processor")
        switch type {
        case "BertProcessing":
            try check(value, at: "post_processor", fields: ["sep", "cls"])
            return Template(
                before: [.init(id: try pairID(value["cls"], "cls"), typeID: 0)],
                after: [.init(id: try pairID(value["sep"], "sep"), typeID: 0)])
        case "TemplateProcessing":
            try check(value, at: "post_processor", fields: ["single", "pair", "special_tokens"])
            return try templateProcessing(value)
        default: throw Self.unsupported("post_processor", "\"\(type)\" is not implemented")
        }
    }

    private func pairID(_ value: JSONValue?, _ name: String) throws(TransformerError) -> Int32 {
        guard let pair = value?.array, pair.count == 2 else {
            throw Self.invalid("post_processor.\(name)", "must be a token and its id")
        }
        return try int32(pair[1], at: "post_processor.\(name)[1]")
    }

    private func templateProcessing(_ value: JSONValue) throws(TransformerError) -> Template {
        guard let pieces = value["single"]?.array else { throw Self.invalid("post_processor.single", "must be a list") }
        var template = Template()
        var sequences = 0
        for (index, piece) in pieces.enumerated() {
            let path = "post_processor.single[\(index)]"
            if let special = piece["SpecialToken"] {
                let typeID = try int32(special["type_id"], at: "\(path).type_id")
                let name = special["id"]?.string ?? ""
                guard
                    let ids = value["special_tokens"]?.members?.last(where: { $0.key.utf8.elementsEqual(name.utf8) })?
                        .value["ids"]?.array
                else { throw Self.invalid(path, "names \"\(name)\", which special_tokens does not define") }
                for id in ids {
                    let special = Template.Special(id: try int32(id, at: "\(path).ids"), typeID: typeID)
                    if sequences == 0 { template.before.append(special) } else { template.after.append(special) }
                }
            } else if let sequence = piece["Sequence"], sequence["id"]?.string == "A", sequences == 0 {
                sequences = 1
                template.typeID = try int32(sequence["type_id"], at: "\(path).type_id")
            } else {
                throw Self.unsupported(path, "is neither a special token nor the first occurrence of the text")
            }
        }
        guard sequences == 1 else { throw Self.unsupported("post_processor.single", "leaves the text out") }
        return template
    }

    private func truncation() throws(TransformerError) -> Truncation? {
        guard let value = root["truncation"], !value.isNull else { return nil }
        try check(value, at: "truncation", fields: ["direction", "max_length", "strategy", "stride"])
        let strategy = value["strategy"]?.string ?? "LongestFirst"
        guard strategy == "LongestFirst" || strategy == "OnlyFirst" else {
            throw Self.unsupported("truncation.strategy", "\"\(strategy)\" is not implemented")
        }
        return Truncation(
            maxLength: try length(value["max_length"], at: "truncation.max_length"),
            direction: try direction(value["direction"], at: "truncation.direction"))
    }

    private func direction(_ value: JSONValue?, at path: String) throws(TransformerError) -> Truncation.Direction {
        guard let value else { return .right }
        guard let direction = value.string.flatMap(Truncation.Direction.init(rawValue:)) else {
            throw Self.invalid(path, "must be \"Left\" or \"Right\"")
        }
        return direction
    }

    private func padding() throws(TransformerError) -> Padding? {
        guard let value = root["padding"], !value.isNull else { return nil }
        try check(
            value, at: "padding",
            fields: ["strategy", "direction", "pad_to_multiple_of", "pad_id", "pad_type_id", "pad_token"])
        let strategy: Padding.Strategy
        if value["strategy"]?.string == "BatchLongest" {
            strategy = .batchLongest
        } else if let fixed = value["strategy"]?["Fixed"] {
            strategy = .fixed(try length(fixed, at: "padding.strategy.Fixed"))
        } else {
            throw Self.unsupported("padding.strategy", "is not implemented")
        }
        let multiple = value["pad_to_multiple_of"]
        return Padding(
            strategy: strategy, direction: try direction(value["direction"], at: "padding.direction"),
            multipleOf: multiple == nil || multiple?.isNull == true
                ? nil : try length(multiple, at: "padding.pad_to_multiple_of"),
            id: try int32(value["pad_id"], at: "padding.pad_id"),
            typeID: try int32(value["pad_type_id"], at: "padding.pad_type_id"))
    }
}

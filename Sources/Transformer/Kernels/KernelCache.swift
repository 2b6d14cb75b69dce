internal import COneDNN

/// oneDNN's handle of the CPU, made once.
///
/// Sendable although it holds a pointer: oneDNN documents engines as thread-safe.
final class Engine: @unchecked Sendable {
    static let shared = Engine()
    let engine: dnnl_engine_t?

    private init() {
        var engine: dnnl_engine_t?
        let status = dnnl_engine_create(&engine, dnnl_cpu, 0)
        precondition(status == dnnl_success, "oneDNN has no CPU engine")
        self.engine = engine
    }
}

/// A memory object of oneDNN: a layout and an address.
final class MemoryObject {
    let memory: dnnl_memory_t?

    init(_ layout: dnnl_memory_desc_t, _ address: UnsafeMutablePointer<Float>?) throws(TransformerError) {
        var layout = layout
        var memory: dnnl_memory_t?
        try check(dnnl_memory_create(&memory, &layout, Engine.shared.engine, address), "a memory object")
        self.memory = memory
    }

    deinit { dnnl_memory_destroy(memory) }
}

/// Where a thread's primitives run; on a CPU they have run when execute returns.
final class ExecutionStream {
    let stream: dnnl_stream_t?

    init() throws(TransformerError) {
        var stream: dnnl_stream_t?
        try check(dnnl_stream_create(&stream, Engine.shared.engine, dnnl_stream_default_flags.rawValue), "a stream")
        self.stream = stream
    }

    deinit { dnnl_stream_destroy(stream) }
}

/// What a matrix multiplication kernel is generated for.
struct KernelShape: Hashable {
    var inputs: Int
    var outputs: Int
    var epilogue: Epilogue
    var rows: Int

    func description(rows: Int, columns: Int, tag: dnnl_format_tag_t) throws(TransformerError) -> dnnl_memory_desc_t {
        var result = dnnl_memory_desc_t()
        let dimensions = [dnnl_dim_t(rows), dnnl_dim_t(columns)] + [dnnl_dim_t](repeating: 0, count: 10)
        try check(dnnl_memory_desc_init_by_tag(&result, 2, dimensions, dnnl_f32, tag), "a matrix layout")
        return result
    }

    /// Describes the multiplication, by a given layout of the weights or one that oneDNN chooses.
    func primitiveDescription(weights layout: dnnl_memory_desc_t?) throws(TransformerError) -> dnnl_primitive_desc_t? {
        var source = try description(rows: rows, columns: inputs, tag: dnnl_ab)
        var weights: dnnl_memory_desc_t
        if let layout {
            weights = layout
        } else {
            weights = try description(rows: inputs, columns: outputs, tag: dnnl_format_tag_any)
        }
        var bias = try description(rows: 1, columns: outputs, tag: dnnl_ab)
        var destination = try description(rows: rows, columns: outputs, tag: dnnl_ab)
        var operation = dnnl_matmul_desc_t()
        try check(dnnl_matmul_desc_init(&operation, &source, &weights, &bias, &destination), "a matrix product")

        var attributes: dnnl_primitive_attr_t?
        try check(dnnl_primitive_attr_create(&attributes), "attributes")
        defer { dnnl_primitive_attr_destroy(attributes) }
        try check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "a scratchpad")
        var postOperations: dnnl_post_ops_t?
        try check(dnnl_post_ops_create(&postOperations), "an epilogue")
        defer { dnnl_post_ops_destroy(postOperations) }
        switch epilogue {
        case .none: break
        case .gelu: try check(dnnl_post_ops_append_eltwise(postOperations, 1, dnnl_eltwise_gelu_erf, 0, 0), "gelu")
        case .geluTanh: try check(dnnl_post_ops_append_eltwise(postOperations, 1, dnnl_eltwise_gelu_tanh, 0, 0), "gelu")
        case .relu: try check(dnnl_post_ops_append_eltwise(postOperations, 1, dnnl_eltwise_relu, 0, 0), "relu")
        case .accumulate: try check(dnnl_post_ops_append_sum(postOperations, 1), "a residual")
        }
        try check(dnnl_primitive_attr_set_post_ops(attributes, postOperations), "an epilogue")

        var result: dnnl_primitive_desc_t?
        try check(
            dnnl_primitive_desc_create(&result, &operation, attributes, Engine.shared.engine, nil),
            "\(rows)×\(inputs)×\(outputs)")
        return result
    }

    func preferredWeightsLayout() throws(TransformerError) -> dnnl_memory_desc_t {
        let description = try primitiveDescription(weights: nil)
        defer { dnnl_primitive_desc_destroy(description) }
        guard let layout = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0) else {
            throw TransformerError(.kernel, "oneDNN names no layout for \(inputs)×\(outputs) weights")
        }
        return layout.pointee
    }
}

/// A generated kernel with the memory objects that one thread binds to it.
final class Kernel {
    private let primitive: dnnl_primitive_t?
    private let source: MemoryObject
    private let destination: MemoryObject
    private let scratch: MemoryObject
    private let scratchStorage: FloatBuffer

    init(_ shape: KernelShape, layout: dnnl_memory_desc_t) throws(TransformerError) {
        let description = try shape.primitiveDescription(weights: layout)
        defer { dnnl_primitive_desc_destroy(description) }
        var primitive: dnnl_primitive_t?
        try check(dnnl_primitive_create(&primitive, description), "a kernel")
        self.primitive = primitive
        source = try MemoryObject(shape.description(rows: shape.rows, columns: shape.inputs, tag: dnnl_ab), nil)
        destination = try MemoryObject(shape.description(rows: shape.rows, columns: shape.outputs, tag: dnnl_ab), nil)
        var scratchLayout = dnnl_memory_desc_t()
        if let layout = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0) {
            scratchLayout = layout.pointee
        }
        scratchStorage = FloatBuffer(count: (dnnl_memory_desc_get_size(&scratchLayout) + 3) / 4)
        scratch = try MemoryObject(scratchLayout, scratchStorage.base)
    }

    deinit { dnnl_primitive_destroy(primitive) }

    func run(
        _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, weights: dnnl_memory_t?,
        bias: dnnl_memory_t?, on stream: ExecutionStream
    ) {
        dnnl_memory_set_data_handle(source.memory, UnsafeMutablePointer(mutating: input))
        dnnl_memory_set_data_handle(destination.memory, output)
        withUnsafeTemporaryAllocation(of: dnnl_exec_arg_t.self, capacity: 5) { arguments in
            arguments.initializeElement(at: 0, to: dnnl_exec_arg_t(arg: DNNL_ARG_SRC, memory: source.memory))
            arguments.initializeElement(at: 1, to: dnnl_exec_arg_t(arg: DNNL_ARG_WEIGHTS, memory: weights))
            arguments.initializeElement(at: 2, to: dnnl_exec_arg_t(arg: DNNL_ARG_BIAS, memory: bias))
            arguments.initializeElement(at: 3, to: dnnl_exec_arg_t(arg: DNNL_ARG_DST, memory: destination.memory))
            arguments.initializeElement(at: 4, to: dnnl_exec_arg_t(arg: DNNL_ARG_SCRATCHPAD, memory: scratch.memory))
            let status = dnnl_primitive_execute(primitive, stream.stream, 5, arguments.baseAddress)
            // Shapes and layouts were checked when the kernel was made; what is left is a broken installation.
            precondition(status == dnnl_success, "oneDNN failed with status \(status.rawValue)")
        }
    }
}

/// The kernels of one thread, generated when first needed and kept: one for each linear layer's shape and number of rows.
/// Rows come in multiples of four up to `maximumRows`, so there are few.
final class KernelCache {
    /// Rows that a kernel takes at most; more rows are taken in turns.
    static let maximumRows = 128
    /// Workspaces are divided in units of this many rows.
    static let rowQuantum = 4

    let stream: ExecutionStream
    private var kernels: [KernelShape: Kernel] = [:]

    init() throws(TransformerError) {
        stream = try ExecutionStream()
    }

    func kernel(_ shape: KernelShape, layout: dnnl_memory_desc_t) -> Kernel {
        if let kernel = kernels[shape] { return kernel }
        do {
            let kernel = try Kernel(shape, layout: layout)
            kernels[shape] = kernel
            return kernel
        } catch {
            // The same multiplication was described with another number of rows when the weights were packed.
            preconditionFailure("\(error)")
        }
    }
}

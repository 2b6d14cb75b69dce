internal import COneDNN

/// What happens to a linear layer's output while it is still in registers.
enum Epilogue: Hashable, Sendable {
    case none
    /// The exact form, with the error function.
    case gelu
    /// The approximation by a hyperbolic tangent.
    case geluTanh
    case relu
    /// The destination's former content is added: a residual connection.
    case accumulate
}

/// A linear layer ready to run: y = x·Wᵀ + b, then the epilogue.
///
/// The interface is what an int8 form would need too: rows of floats in, rows of floats out, a kernel for each thread.
protocol Linear: AnyObject, Sendable {
    var inputs: Int { get }
    var outputs: Int { get }
    /// Runs over `rows` rows by a kernel cache that belongs to the calling thread.
    func apply(
        _ input: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>, rows: Int, using kernels: KernelCache)
}

/// fp32 on oneDNN, whose batch-reduce kernels reach 97 % of the machine's multiply-add peak at any number of rows from 4
/// when the weights are packed beforehand (OpenBLAS, which packs them anew in each call, 70 to 85 %).
///
/// Sendable although it holds oneDNN objects: they are not changed after `init`.
final class PackedLinear: Linear, @unchecked Sendable {
    let inputs: Int
    let outputs: Int
    private let epilogue: Epilogue
    private let layout: dnnl_memory_desc_t
    private let weights: MemoryObject
    private let bias: MemoryObject
    /// What the two memory objects point to.
    private let storage: FloatBuffer
    private let biasStorage: FloatTensor

    /// - Parameters:
    ///   - weights: `outputs` rows of `inputs`, as PyTorch keeps them.
    init(weights source: FloatTensor, bias: FloatTensor, inputs: Int, outputs: Int, epilogue: Epilogue)
        throws(TransformerError)
    {
        self.inputs = inputs
        self.outputs = outputs
        self.epilogue = epilogue
        omp_set_num_threads(1)
        let shape = KernelShape(inputs: inputs, outputs: outputs, epilogue: epilogue, rows: KernelCache.maximumRows)
        layout = try shape.preferredWeightsLayout()
        var packedLayout = layout
        storage = FloatBuffer(count: (dnnl_memory_desc_get_size(&packedLayout) + 3) / 4)
        self.weights = try MemoryObject(layout, storage.base)
        var plain = try shape.description(rows: inputs, columns: outputs, tag: dnnl_ba)
        let origin = try MemoryObject(plain, UnsafeMutablePointer(mutating: source.base))
        biasStorage = bias
        self.bias = try MemoryObject(
            try shape.description(rows: 1, columns: outputs, tag: dnnl_ab), UnsafeMutablePointer(mutating: bias.base))

        var description: dnnl_primitive_desc_t?
        try check(
            dnnl_reorder_primitive_desc_create(
                &description, &plain, Engine.shared.engine, &packedLayout, Engine.shared.engine, nil), "reorder")
        defer { dnnl_primitive_desc_destroy(description) }
        var primitive: dnnl_primitive_t?
        try check(dnnl_primitive_create(&primitive, description), "reorder")
        defer { dnnl_primitive_destroy(primitive) }
        let arguments = [
            dnnl_exec_arg_t(arg: DNNL_ARG_FROM, memory: origin.memory),
            dnnl_exec_arg_t(arg: DNNL_ARG_TO, memory: self.weights.memory),
        ]
        let stream = try ExecutionStream()
        try check(dnnl_primitive_execute(primitive, stream.stream, 2, arguments), "reorder")
        try check(dnnl_stream_wait(stream.stream), "reorder")
    }

    func apply(
        _ input: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>, rows: Int, using kernels: KernelCache
    ) {
        var done = 0
        while done < rows {
            let count = min(rows - done, KernelCache.maximumRows)
            let shape = KernelShape(inputs: inputs, outputs: outputs, epilogue: epilogue, rows: count)
            kernels.kernel(shape, layout: layout).run(
                input + done * inputs, output + done * outputs, weights: weights.memory, bias: bias.memory,
                on: kernels.stream)
            done += count
        }
    }
}

func check(_ status: dnnl_status_t, _ what: String) throws(TransformerError) {
    guard status == dnnl_success else {
        throw TransformerError(.kernel, "oneDNN refused \(what) with status \(status.rawValue)")
    }
}

// A client for Kubernetes API servers: how to find one and log in (Configuration), how requests travel (Transport), what can
// be asked (Requests), how changes are followed (Watching) and which kinds there are (Discovery).
//
// It knows no kind of Apus. Time, chance and the transport are handed in, so that everything above it can be simulated.

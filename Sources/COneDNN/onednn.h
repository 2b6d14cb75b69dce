// oneDNN's C interface (Debian: libdnnl-dev), and the one call of the OpenMP runtime underneath it that lets a thread
// of ours run a primitive alone: work is divided above the primitives, where a whole layer is seen.
#include <dnnl.h>

void omp_set_num_threads(int count);

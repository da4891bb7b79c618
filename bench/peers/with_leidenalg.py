"""leidenalg, the reference implementation of Leiden (Traag, Waltman, van Eck 2019)."""
import igraph
import leidenalg
import numpy

from peer import serve, directed, weighted


def build(n, u, v, is_directed, weights):
    g = igraph.Graph(n=n, edges=numpy.column_stack((u, v)).astype(numpy.int64), directed=is_directed)
    g["weights"] = None
    if weights is not None:
        g.es["weight"] = weights.tolist()
        g["weights"] = "weight"
    return g


def leiden(g, threads):
    return leidenalg.find_partition(
        g, leidenalg.ModularityVertexPartition, weights=g["weights"], n_iterations=2, seed=1).membership


def louvain(g, threads):
    """Moving and aggregating alone, as its documentation has it."""
    found = leidenalg.ModularityVertexPartition(g, weights=g["weights"])
    optimiser = leidenalg.Optimiser()
    optimiser.set_rng_seed(1)
    parts = found.aggregate_partition()
    while optimiser.move_nodes(parts) > 0:
        found.from_coarse_partition(parts)
        parts = parts.aggregate_partition()
    return found.membership


TASKS = {
    "leiden": leiden,
    "leiden_weighted": weighted(leiden),
    "leiden_directed": directed(leiden),
    "leiden_directed_weighted": directed(weighted(leiden)),
    "louvain_directed": directed(louvain),
}

serve("leidenalg", leidenalg.version, build, TASKS)

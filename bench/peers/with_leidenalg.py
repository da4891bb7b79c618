"""leidenalg, the reference implementation of Leiden (Traag, Waltman, van Eck 2019)."""
import igraph
import leidenalg
import numpy

from peer import serve, weighted


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


serve("leidenalg", leidenalg.version, build, {"leiden": leiden, "leiden_weighted": weighted(leiden)})

"""leidenalg, the reference implementation of Leiden (Traag, Waltman, van Eck 2019)."""
import igraph
import leidenalg
import numpy

from peer import serve


def build(n, u, v, is_directed):
    return igraph.Graph(n=n, edges=numpy.column_stack((u, v)).astype(numpy.int64), directed=is_directed)


def leiden(g, threads):
    return leidenalg.find_partition(
        g, leidenalg.ModularityVertexPartition, n_iterations=2, seed=1).membership


serve("leidenalg", leidenalg.version, build, {"leiden": leiden})

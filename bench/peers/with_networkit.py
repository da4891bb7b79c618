"""NetworKit (Staudt, Sazonovs, Meyerhenke 2016), called as its users call it."""
import numpy
import networkit as nk

from peer import serve, directed

nk.setSeed(1, False)


def build(n, u, v, is_directed):
    return nk.GraphFromCoo((u.astype(numpy.uint64), v.astype(numpy.uint64)), n=n, directed=is_directed)


def simplify(g):
    g.removeMultiEdges()
    g.removeSelfLoops()
    return g


def scores(algorithm):
    algorithm.run()
    return algorithm.scores


def partition(algorithm, get="getPartition"):
    algorithm.run()
    return lambda: getattr(algorithm, get)().getVector()


def pagerank(g, threads):
    algorithm = nk.centrality.PageRank(
        g, damp=0.85, tol=1e-9, distributeSinks=nk.centrality.SinkHandling.DistributeSinks)
    algorithm.norm = nk.centrality.Norm.L1_NORM
    return scores(algorithm)


@directed
def pagerank_directed(g, threads):
    return pagerank(g, threads)


def components(g, threads):
    kind = nk.components.ParallelConnectedComponents if threads > 1 else nk.components.ConnectedComponents
    return partition(kind(g))


@directed
def strong_components(g, threads):
    return partition(nk.components.StronglyConnectedComponents(g))


def triangles(g, threads):
    share = scores(nk.centrality.LocalClusteringCoefficient(g, turbo=True))

    def read():
        degree = numpy.array([g.degree(v) for v in range(g.numberOfNodes())], dtype=numpy.float64)
        return numpy.rint(numpy.array(share()) * degree * (degree - 1) / 2)

    return read


TASKS = {
    "degree": lambda g, t: scores(nk.centrality.DegreeCentrality(g, normalized=False)),
    "pagerank": pagerank,
    "pagerank_directed": pagerank_directed,
    "eigenvector": lambda g, t: scores(nk.centrality.EigenvectorCentrality(g, tol=1e-9)),
    "betweenness": lambda g, t: scores(nk.centrality.EstimateBetweenness(g, 16, False, True)),
    "closeness": lambda g, t: scores(
        nk.centrality.Closeness(g, True, nk.centrality.ClosenessVariant.GENERALIZED)),
    "harmonic": lambda g, t: scores(nk.centrality.HarmonicCloseness(g, normalized=False)),
    "kcore": lambda g, t: scores(nk.centrality.CoreDecomposition(g)),
    "clustering": lambda g, t: scores(nk.centrality.LocalClusteringCoefficient(g, turbo=True)),
    "triangles": triangles,
    "components": components,
    "strong_components": strong_components,
    "leiden": lambda g, t: partition(nk.community.ParallelLeiden(g, iterations=10)),
    "louvain": lambda g, t: partition(nk.community.PLM(g)),
    "label_propagation": lambda g, t: partition(nk.community.PLP(g)),
}

serve("networkit", nk.__version__, build, TASKS, 64, nk.setNumberOfThreads, simplify)

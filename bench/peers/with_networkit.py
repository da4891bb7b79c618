"""NetworKit (Staudt, Sazonovs, Meyerhenke 2016), called as its users call it."""
import numpy
import networkit as nk

from peer import serve, directed, most_tied, weighted

nk.setSeed(1, False)


def build(n, u, v, is_directed, weights):
    global source
    source = most_tied(u, v, n)
    ends = (u.astype(numpy.uint64), v.astype(numpy.uint64))
    if weights is None:
        return nk.GraphFromCoo(ends, n=n, directed=is_directed)
    return nk.GraphFromCoo((weights.astype(numpy.float64), ends), n=n, weighted=True, directed=is_directed)


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


def pagerank(g, threads, tolerance=1e-9):
    algorithm = nk.centrality.PageRank(
        g, damp=0.85, tol=tolerance, distributeSinks=nk.centrality.SinkHandling.DistributeSinks)
    algorithm.norm = nk.centrality.Norm.L1_NORM
    return scores(algorithm)


def components(g, threads):
    kind = nk.components.ParallelConnectedComponents if threads > 1 else nk.components.ConnectedComponents
    return partition(kind(g))


def strong_components(g, threads):
    return partition(nk.components.StronglyConnectedComponents(g))


def triangles(g, threads):
    share = scores(nk.centrality.LocalClusteringCoefficient(g, turbo=True))

    def read():
        degree = numpy.array([g.degree(v) for v in range(g.numberOfNodes())], dtype=numpy.float64)
        return numpy.rint(numpy.array(share()) * degree * (degree - 1) / 2)

    return read


def eigenvector(g, threads):
    return scores(nk.centrality.EigenvectorCentrality(g, tol=1e-9))


def betweenness(g, threads):
    return scores(nk.centrality.EstimateBetweenness(g, 16, False, True))


def betweenness_exact(g, threads):
    """Without direction a path counts from either end."""
    answer = scores(nk.centrality.Betweenness(g))
    return lambda: numpy.array(answer()) / (1 if g.isDirected() else 2)


def closeness(g, threads):
    return scores(nk.centrality.Closeness(g, True, nk.centrality.ClosenessVariant.GENERALIZED))


def closeness_sampled(g, threads):
    nk.centrality.ApproxCloseness(g, min(256, g.numberOfNodes())).run()


def harmonic(g, threads):
    return scores(nk.centrality.HarmonicCloseness(g, normalized=False))


def top(algorithm, n, factor=1):
    """The scores of the highest, 0 for others."""
    algorithm.run()

    def read():
        answer = numpy.zeros(n)
        answer[algorithm.topkNodesList()] = numpy.array(algorithm.topkScoresList()) * factor
        return answer

    return read


def closeness_top(g, threads):
    n = g.numberOfNodes()
    return top(nk.centrality.TopCloseness(g, min(10, n), True, False), n)


def harmonic_top(g, threads):
    n = g.numberOfNodes()
    return top(nk.centrality.TopHarmonicCloseness(g, min(10, n), False), n, 1 / max(1, n - 1))


def distances(g, threads):
    algorithm = (nk.distance.Dijkstra if g.isWeighted() else nk.distance.BFS)(g, source, False)
    algorithm.run()

    def read():
        answer = numpy.array(algorithm.getDistances())
        answer[answer > 1e300] = numpy.inf
        return answer

    return read


def leiden(g, threads):
    return partition(nk.community.ParallelLeiden(g, iterations=10))


def louvain(g, threads):
    return partition(nk.community.PLM(g))


def label_propagation(g, threads):
    return partition(nk.community.PLP(g))


TASKS = {
    "degree": lambda g, t: scores(nk.centrality.DegreeCentrality(g, normalized=False)),
    "pagerank": pagerank,
    "pagerank_1e6": lambda g, t: pagerank(g, t, tolerance=1e-6),
    "eigenvector": eigenvector,
    "betweenness": betweenness,
    "betweenness_exact": betweenness_exact,
    "closeness": closeness,
    "closeness_sampled": closeness_sampled,
    "closeness_top": closeness_top,
    "harmonic": harmonic,
    "harmonic_top": harmonic_top,
    "distances": distances,
    "kcore": lambda g, t: scores(nk.centrality.CoreDecomposition(g)),
    "clustering": lambda g, t: scores(nk.centrality.LocalClusteringCoefficient(g, turbo=True)),
    "triangles": triangles,
    "components": components,
    "leiden": leiden,
    "louvain": louvain,
    "label_propagation": label_propagation,
    "pagerank_weighted": weighted(pagerank),
    "eigenvector_weighted": weighted(eigenvector),
    "distances_weighted": weighted(distances),
    "betweenness_weighted": weighted(betweenness),
    "betweenness_exact_weighted": weighted(betweenness_exact),
    "closeness_weighted": weighted(closeness),
    "harmonic_weighted": weighted(harmonic),
    "closeness_sampled_weighted": weighted(closeness_sampled),
    "leiden_weighted": weighted(leiden),
    "louvain_weighted": weighted(louvain),
    "label_propagation_weighted": weighted(label_propagation),
    "degree_in": directed(lambda g, t: scores(nk.centrality.DegreeCentrality(g, normalized=False, outDeg=False))),
    "pagerank_directed": directed(pagerank),
    "eigenvector_directed": directed(eigenvector),
    "betweenness_directed": directed(betweenness),
    "betweenness_exact_directed": directed(betweenness_exact),
    "closeness_directed": directed(closeness),
    "harmonic_directed": directed(harmonic),
    "strong_components": directed(strong_components),
    "pagerank_directed_weighted": directed(weighted(pagerank)),
    "betweenness_directed_weighted": directed(weighted(betweenness)),
}

serve("networkit", nk.__version__, build, TASKS, 64, nk.setNumberOfThreads, simplify)

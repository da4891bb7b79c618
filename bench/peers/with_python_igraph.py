"""igraph's Python package (Csárdi, Nepusz 2006), whose C core may be newer than the one beside it."""
import random

import igraph
import numpy

from peer import serve, directed

random.seed(1)


def build(n, u, v, is_directed):
    return igraph.Graph(n=n, edges=numpy.column_stack((u, v)).astype(numpy.int64), directed=is_directed)


@directed
def pagerank_directed(g, threads):
    return g.pagerank(damping=0.85)


@directed
def hits(g, threads):
    return g.authority_score()


@directed
def strong_components(g, threads):
    return g.connected_components(mode="strong").membership


def triangles(g, threads):
    list_triangles = getattr(g, "list_triangles", None)
    corners = list_triangles()
    return lambda: numpy.bincount(numpy.asarray(corners, dtype=numpy.int64).ravel(), minlength=g.vcount())


TASKS = {
    "degree": lambda g, t: g.degree(),
    "pagerank": lambda g, t: g.pagerank(damping=0.85),
    "pagerank_directed": pagerank_directed,
    "eigenvector": lambda g, t: g.eigenvector_centrality(),
    "hits": hits,
    "betweenness": lambda g, t: g.betweenness(
        sources=random.sample(range(g.vcount()), min(16, g.vcount()))),
    "closeness": lambda g, t: g.closeness(),
    "harmonic": lambda g, t: g.harmonic_centrality(normalized=False),
    "kcore": lambda g, t: g.coreness(),
    "clustering": lambda g, t: g.transitivity_local_undirected(mode="zero"),
    "constraint": lambda g, t: g.constraint(),
    "triangles": triangles,
    "components": lambda g, t: g.connected_components(mode="weak").membership,
    "strong_components": strong_components,
    "leiden": lambda g, t: g.community_leiden(objective_function="modularity", n_iterations=2).membership,
    "louvain": lambda g, t: g.community_multilevel().membership,
    "label_propagation": lambda g, t: g.community_label_propagation().membership,
    "infomap": lambda g, t: g.community_infomap(trials=1).membership,
    "walktrap": lambda g, t: g.community_walktrap(steps=4).as_clustering().membership,
}

serve("python_igraph", igraph.__version__, build, TASKS, simplify=lambda g: g.simplify(),
      forget=lambda g: getattr(g, "__invalidate_cache", lambda: None)())

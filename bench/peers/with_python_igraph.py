"""igraph's Python package (Csárdi, Nepusz 2006), whose C core may be newer than the one beside it."""
import random

import igraph
import numpy

from peer import serve, directed, ends_of, most_tied, weighted

random.seed(1)


def build(n, u, v, is_directed, weights):
    g = igraph.Graph(n=n, edges=numpy.column_stack((u, v)).astype(numpy.int64), directed=is_directed)
    g["source"] = most_tied(u, v, n)
    g["weights"] = None
    if weights is not None:
        g.es["weight"] = weights.tolist()
        g["weights"] = "weight"
    return g


def degree_weighted(g, threads):
    return g.strength(weights=g["weights"])


def pagerank(g, threads):
    return g.pagerank(damping=0.85, weights=g["weights"])


def eigenvector(g, threads):
    along = {"directed": True} if g.is_directed() else {}
    return g.eigenvector_centrality(weights=g["weights"], **along)


def hits(g, threads):
    return g.authority_score(weights=g["weights"])


def betweenness(g, threads):
    return g.betweenness(sources=random.sample(range(g.vcount()), min(16, g.vcount())), weights=g["weights"])


def betweenness_exact(g, threads):
    return g.betweenness(weights=g["weights"])


def closeness(g, threads):
    return g.closeness(mode="out", weights=g["weights"])


def closeness_sampled(g, threads):
    g.closeness(random.sample(range(g.vcount()), min(256, g.vcount())), mode="out", weights=g["weights"])


def harmonic(g, threads):
    return g.harmonic_centrality(mode="out", weights=g["weights"], normalized=False)


def distances(g, threads):
    return g.distances(source=g["source"], weights=g["weights"])[0]


def constraint(g, threads):
    return g.constraint(weights=g["weights"])


def clustering_weighted(g, threads):
    return g.transitivity_local_undirected(mode="zero", weights=g["weights"])


def bridges(g, threads):
    found = g.bridges()
    return lambda: ends_of([g.es[e].tuple for e in found], g.vcount())


def triangles(g, threads):
    corners = g.list_triangles()
    return lambda: ends_of(corners, g.vcount())


def leiden(g, threads):
    return g.community_leiden(objective_function="modularity", weights=g["weights"], n_iterations=2).membership


def louvain(g, threads):
    return g.community_multilevel(weights=g["weights"]).membership


def label_propagation(g, threads):
    return g.community_label_propagation(weights=g["weights"]).membership


def walktrap(g, threads):
    return g.community_walktrap(weights=g["weights"], steps=4).as_clustering().membership


TASKS = {
    "degree": lambda g, t: g.degree(),
    "pagerank": pagerank,
    "pagerank_1e6": pagerank,
    "pagerank_one": lambda g, t: g.personalized_pagerank(damping=0.85, reset_vertices=0),
    "eigenvector": eigenvector,
    "betweenness": betweenness,
    "betweenness_exact": betweenness_exact,
    "closeness": closeness,
    "closeness_sampled": closeness_sampled,
    "harmonic": harmonic,
    "distances": distances,
    "kcore": lambda g, t: g.coreness(),
    "clustering": lambda g, t: g.transitivity_local_undirected(mode="zero"),
    "constraint": constraint,
    "triangles": triangles,
    "components": lambda g, t: g.connected_components(mode="weak").membership,
    "bridges": bridges,
    "leiden": leiden,
    "louvain": louvain,
    "label_propagation": label_propagation,
    "infomap": lambda g, t: g.community_infomap(trials=1).membership,
    "walktrap": walktrap,
    "walktrap_weighted": weighted(walktrap),
    "degree_weighted": weighted(degree_weighted),
    "pagerank_weighted": weighted(pagerank),
    "eigenvector_weighted": weighted(eigenvector),
    "clustering_weighted": weighted(clustering_weighted),
    "constraint_weighted": weighted(constraint),
    "distances_weighted": weighted(distances),
    "betweenness_weighted": weighted(betweenness),
    "betweenness_exact_weighted": weighted(betweenness_exact),
    "closeness_weighted": weighted(closeness),
    "harmonic_weighted": weighted(harmonic),
    "closeness_sampled_weighted": weighted(closeness_sampled),
    "leiden_weighted": weighted(leiden),
    "louvain_weighted": weighted(louvain),
    "label_propagation_weighted": weighted(label_propagation),
    "degree_in": directed(lambda g, t: g.degree(mode="in")),
    "pagerank_directed": directed(pagerank),
    "eigenvector_directed": directed(eigenvector),
    "hits": directed(hits),
    "kcore_in": directed(lambda g, t: g.coreness(mode="in")),
    "constraint_directed": directed(constraint),
    "constraint_directed_weighted": directed(weighted(constraint)),
    "betweenness_directed": directed(betweenness),
    "betweenness_exact_directed": directed(betweenness_exact),
    "closeness_directed": directed(closeness),
    "closeness_in": directed(lambda g, t: g.closeness(mode="in")),
    "harmonic_directed": directed(harmonic),
    "strong_components": directed(lambda g, t: g.connected_components(mode="strong").membership),
    "pagerank_directed_weighted": directed(weighted(pagerank)),
    "hits_weighted": directed(weighted(hits)),
    "betweenness_directed_weighted": directed(weighted(betweenness)),
}

serve("python_igraph", igraph.__version__, build, TASKS, threads=64, simplify=lambda g: g.simplify(),
      forget=lambda g: getattr(g, "__invalidate_cache", lambda: None)(), threaded=("pagerank", "eigenvector", "hits"))

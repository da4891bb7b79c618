"""NetworkX (Hagberg, Schult, Swart 2008), pure Python but for what SciPy does."""
import networkx as nx

from peer import serve, directed, by_member, ends_of, labels_of, most_tied, weighted


def build(n, u, v, is_directed, weights):
    graph = (nx.DiGraph if is_directed else nx.Graph)(source=most_tied(u, v, n))
    graph.add_nodes_from(range(n))
    if weights is None:
        graph.add_edges_from(zip(u.tolist(), v.tolist()))
    else:
        graph.add_weighted_edges_from(zip(u.tolist(), v.tolist(), weights.tolist()))
    return graph


def scores(g, result):
    return lambda: by_member(result, len(g))


def parts(g, result):
    result = list(result)
    return lambda: labels_of(result, len(g))


def pagerank(g, threads, tolerance=1e-9):
    return scores(g, nx.pagerank(g, alpha=0.85, tol=tolerance / len(g), max_iter=1000))


def hits(g, threads):
    return scores(g, nx.hits(g, max_iter=1000, tol=1e-9)[1])


def strong_components(g, threads):
    return parts(g, nx.strongly_connected_components(g))


def distances(g, threads):
    found = nx.single_source_shortest_path_length(g, g.graph["source"])
    return lambda: [found.get(v, float("inf")) for v in range(len(g))]


def bridges(g, threads):
    found = list(nx.bridges(g))
    return lambda: ends_of(found, len(g))


def clustering(g, threads):
    return scores(g, nx.clustering(g))


def clustering_onnela(g, threads):
    return scores(g, nx.clustering(g, weight="weight"))


def constraint(g, threads):
    return scores(g, nx.constraint(g, weight="weight"))


def effective_size(g, threads):
    return scores(g, nx.effective_size(g))


def effective_size_weighted(g, threads):
    """Member by member: of all at once it divides by the largest weight of another."""
    return scores(g, nx.effective_size(g, nodes=list(g), weight="weight"))


def louvain(g, threads):
    return parts(g, nx.community.louvain_communities(g, seed=1))


def voterank(g, threads):
    nx.voterank(g)


TASKS = {
    "degree": lambda g, t: scores(g, dict(g.degree())),
    "pagerank": pagerank,
    "pagerank_1e6": lambda g, t: pagerank(g, t, tolerance=1e-6),
    "pagerank_one": lambda g, t: scores(g, nx.pagerank(
        g, alpha=0.85, personalization={0: 1}, tol=1e-9 / len(g), max_iter=1000)),
    "pagerank_weighted": weighted(pagerank),
    "pagerank_directed": directed(pagerank),
    "pagerank_directed_weighted": directed(weighted(pagerank)),
    "eigenvector": lambda g, t: scores(g, nx.eigenvector_centrality(g, max_iter=1000, tol=1e-9 / len(g))),
    "katz": lambda g, t: scores(g, nx.katz_centrality(
        g, alpha=1 / (1 + max(d for _, d in g.degree())), max_iter=1000, tol=1e-9 / len(g), normalized=False)),
    "hits": directed(hits),
    "hits_weighted": directed(weighted(hits)),
    "betweenness": lambda g, t: scores(g, nx.betweenness_centrality(g, k=16, normalized=False, seed=1)),
    "closeness": lambda g, t: scores(g, nx.closeness_centrality(g, wf_improved=False)),
    "harmonic": lambda g, t: scores(g, nx.harmonic_centrality(g)),
    "kcore": lambda g, t: scores(g, nx.core_number(g)),
    "clustering": clustering,
    "clustering_directed": directed(clustering),
    "clustering_onnela": weighted(clustering_onnela),
    "clustering_onnela_directed": directed(weighted(clustering_onnela)),
    "constraint": constraint,
    "constraint_weighted": weighted(constraint),
    "effective_size": effective_size,
    "effective_size_weighted": weighted(effective_size_weighted),
    "voterank": voterank,
    "distances": distances,
    "bridges": bridges,
    "triangles": lambda g, t: scores(g, nx.triangles(g)),
    "components": lambda g, t: parts(g, nx.connected_components(g)),
    "strong_components": directed(strong_components),
    "louvain": louvain,
    "louvain_directed": directed(louvain),
    "label_propagation": lambda g, t: parts(g, nx.community.asyn_lpa_communities(g, seed=1)),
}

serve("networkx", nx.__version__, build, TASKS, simplify=lambda g: g.remove_edges_from(list(nx.selfloop_edges(g))) or g)

"""NetworkX (Hagberg, Schult, Swart 2008), pure Python but for what SciPy does."""
import networkx as nx

from peer import serve, directed, by_member, labels_of


def build(n, u, v, is_directed):
    graph = (nx.DiGraph if is_directed else nx.Graph)()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(zip(u.tolist(), v.tolist()))
    return graph


def scores(g, result):
    return lambda: by_member(result, len(g))


def parts(g, result):
    result = list(result)
    return lambda: labels_of(result, len(g))


@directed
def pagerank_directed(g, threads):
    return pagerank(g, threads)


def pagerank(g, threads):
    return scores(g, nx.pagerank(g, alpha=0.85, tol=1e-9 / len(g), max_iter=1000))


@directed
def hits(g, threads):
    return scores(g, nx.hits(g, max_iter=1000, tol=1e-9)[1])


@directed
def strong_components(g, threads):
    return parts(g, nx.strongly_connected_components(g))


TASKS = {
    "degree": lambda g, t: scores(g, dict(g.degree())),
    "pagerank": pagerank,
    "pagerank_directed": pagerank_directed,
    "eigenvector": lambda g, t: scores(g, nx.eigenvector_centrality(g, max_iter=1000, tol=1e-9 / len(g))),
    "katz": lambda g, t: scores(g, nx.katz_centrality(
        g, alpha=1 / (1 + max(d for _, d in g.degree())), max_iter=1000, tol=1e-9 / len(g), normalized=False)),
    "hits": hits,
    "betweenness": lambda g, t: scores(g, nx.betweenness_centrality(g, k=16, normalized=False, seed=1)),
    "closeness": lambda g, t: scores(g, nx.closeness_centrality(g, wf_improved=False)),
    "harmonic": lambda g, t: scores(g, nx.harmonic_centrality(g)),
    "kcore": lambda g, t: scores(g, nx.core_number(g)),
    "clustering": lambda g, t: scores(g, nx.clustering(g)),
    "constraint": lambda g, t: scores(g, nx.constraint(g)),
    "triangles": lambda g, t: scores(g, nx.triangles(g)),
    "components": lambda g, t: parts(g, nx.connected_components(g)),
    "strong_components": strong_components,
    "louvain": lambda g, t: parts(g, nx.community.louvain_communities(g, seed=1)),
    "label_propagation": lambda g, t: parts(g, nx.community.asyn_lpa_communities(g, seed=1)),
}

serve("networkx", nx.__version__, build, TASKS, simplify=lambda g: g.remove_edges_from(list(nx.selfloop_edges(g))) or g)

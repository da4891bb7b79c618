"""Bars on real data sets, where they are there."""

import pytest
from conftest import gx, need_data


def test_ciao_is_imported_whole(tmp_path):
    folder = need_data("shop-ciao")
    store = tmp_path / "ciao.gx"
    files = gx("import", store, folder, "--create", "--format", "json").json()["files"]
    assert sum(file["rejected"] for file in files) == 0
    status = gx("status", store, "--format", "json").json()
    assert (status["users"], status["items"], status["ties"], status["events"]) == (7375, 105114, 57544, 284086)
    gx("build", store, "--check")
    leaders = gx("leaders", store, "-n", "5", "--format", "json").json()["leaders"]
    assert len(leaders) == 5
    entry = gx("recommend", store, leaders[0]["user"], "-n", "10", "--format", "json").json()[0]
    assert len(entry["items"]) == 10 and entry["rung"] == "full"


@pytest.mark.parametrize("model, recall, ndcg", [("linear", 0.185, 0.152), ("ials", 0.184, 0.153)])
def test_gowalla(model, recall, ndcg):
    folder = need_data("rec", "gowalla")
    words = ["--preset", "lightgcn", "--train", folder / "train.txt.gz", "--test", folder / "test.txt.gz"]
    result = gx("eval", *words, "--model", model, "--format", "json", timeout=600).json()
    assert result["users"] == 29858
    assert result["recall@20"] >= recall and result["ndcg@20"] >= ndcg


def test_musae_communities():
    edges = need_data("graphs", "musae_facebook", "edges.txt.gz")
    words = ["communities", edges, "leiden", "--preset", "snap", "--undirected", "--format", "json"]
    one = gx(*words, "--members", "--threads", "1").json()
    two = gx(*words, "--members", "--threads", "2").json()
    assert one == two and one["modularity"] >= 0.815

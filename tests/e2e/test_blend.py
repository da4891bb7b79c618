"""Is the blend that a build learns worth it? Lists as rec.user would have made them at a time, with the weights learnt and by interest
alone, are judged by what members did afterwards: `guanxi eval --model blend,interest`, with its paired test and its table by length of
history (docs/blend.md)."""

import json

import pytest
from conftest import gx, need_data

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def sample(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"seed{request.param}")
    gx("demo", folder / "data", "--seed", request.param)
    gx("import", folder / "shop.gx", folder / "data", "--create")
    return folder / "shop.gx", folder / "data/truth"


@pytest.fixture(scope="module")
def ciao(tmp_path_factory):
    store = tmp_path_factory.mktemp("ciao") / "shop.gx"
    gx("import", store, need_data("shop-ciao"), "--create", timeout=300)
    return store


def against_interest(store, split):
    """The paired test of ndcg@20, and the same by length of history."""
    told = gx("eval", store, "--model", "blend,interest", "--split", split, "--format", "json", timeout=900).json()
    (pair,) = told[0]["against"]
    print(pair["verdict"])
    for row in pair["history"]:
        print(json.dumps(row))
    (whole,) = [row for row in pair["tests"] if row["metric"] == "ndcg@20"]
    return whole, pair["history"]


def test_the_blend_beats_interest_on_the_sample_shop(sample):
    whole, history = against_interest(sample[0], "time:0.8")
    # Reached with seeds 1, 2, 3: .0248, .0242, .0270 over .1057, .1015, .0975.
    assert whole["difference"] >= 0.015 and whole["p"] <= 0.002
    assert all(row["difference"] >= 0 or row["p"] > 0.05 for row in history)


@pytest.mark.parametrize("split", ["time:0.6", "time:0.8", "time:0.9"])
def test_the_blend_is_never_worse_than_interest_on_ciao(ciao, split):
    """All members, and those of each length of history. Reached: +.0010, p .013; +.0016, p .002; ties left out, the same lists."""
    whole, history = against_interest(ciao, split)
    assert whole["difference"] >= 0
    assert all(row["difference"] >= 0 or row["p"] > 0.05 for row in history)


def test_lists_of_a_time_need_a_split_by_time(sample):
    told = gx("eval", sample[0], "--model", "blend", "--split", "random:0.8", code=2).err
    assert "time:SHARE" in told

"""`--mem` holds for what answers one member as for what computes over all: refused with what is needed and what was given."""

import re

import pytest
from conftest import gx

CALLS = {
    "recommend": ("u1",),
    "rank": ("u1", "sku-1", "sku-2", "--seen", "none"),
    "similar": ("sku-5",),
    "bundle": ("sku-1",),
    "group": ("u1", "u2"),
    "layout": ("u1",),
    "starters": ("--users", "u1,u2"),
    "explain": ("u1", "sku-3"),
    "friends": ("u1",),
    "experts": ("u1", "--category", "tea"),
    "audience": ("--item", "sku-1"),
}
REFUSED = r"memory: [a-z. ]+ needs [0-9.]+ (bytes|KiB|MiB) more on top of [0-9.]+ (bytes|KiB|MiB), over the limit of "


@pytest.mark.parametrize("verb", CALLS)
def test_interactive_calls_heed_it(built_shop, verb):
    asked = [verb, built_shop, *CALLS[verb], "--format", "json"]
    assert re.search(REFUSED + "1000 bytes", gx(*asked, "--mem", "1000", code=7).err)
    assert gx(*asked, "--mem", "64MiB").out == gx(*asked).out


def test_a_server_refuses_one_call_and_answers_the_next(built_shop, serve):
    rpc = serve(built_shop).connect()
    plain = rpc.call("rec.user", {"users": ["u1", "u2"]})
    for _ in range(3):
        with pytest.raises(RuntimeError, match="memory: rec.user needs"):
            rpc.call("rec.user", {"users": ["u1", "u2"], "mem": 20000})
        with pytest.raises(RuntimeError, match="memory: rec.similar needs"):
            rpc.call("rec.similar", {"items": ["sku-5"], "mem": 3000})
        assert rpc.call("rec.user", {"users": ["u1", "u2"], "mem": 4_000_000}) == plain


def test_answers_count_as_they_grow(built_shop):
    users = [f"u{k}" for k in range(1, 101)]
    gx("recommend", built_shop, *users[:1], "-n", "20", "--mem", "1MiB")
    gx("recommend", built_shop, *users, "-n", "20", "--mem", "1MiB", code=7)


@pytest.mark.parametrize("passes", [None, "linear,popular"])
def test_lists_for_everybody_hold_what_the_estimate_tells(shop, passes):
    """Whatever the model: of several pages each by itself."""
    if passes:
        gx("build", shop, "--passes", passes, "--no-blend")
    asked = ["recommend", shop, "--all", "-n", "20", "--threads", "1"]
    told = gx(*asked, "--estimate", "--format", "json").json()
    assert told["members"] > 1000
    assert len(gx(*asked, "--mem", str(told["mem_bytes"])).rows()) > 20 * 1000
    assert re.search(REFUSED, gx(*asked, "--mem", str(told["mem_bytes"] * 7 // 10), code=7).err)

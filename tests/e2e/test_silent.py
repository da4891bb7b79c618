"""Flags that another one makes void are refused, names that nothing has are told, and empty tables keep their heads."""

import json
import math

import pytest
from conftest import gx


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("silent")
    gx("demo", folder / "data", "--users", 300)
    gx("init", folder / "s.gx")
    gx("import", folder / "s.gx", *sorted((folder / "data").glob("*.csv")))
    gx("build", folder / "s.gx")
    return folder / "s.gx"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("roles", "u1", "--counts"), "user and counts"),
        (("roles", "u1", "--role", "leader"), "user and role"),
        (("roles", "u1", "--community", "c-0"), "user and community"),
        (("roles", "u1", "-n", 3), "user and n"),
        (("roles", "--counts", "-n", 3), "counts and n"),
        (("overlap", "c-0", "c-1", "--took", "bought"), "neither audience (circle, circle) is of items"),
        (("eval", "--leaders", "--split", "time:1.5"), "--split: 'time:1.5' was given; accepted here is time:SHARE with a share of 0.1 to 0.95"),
        (("eval", "--influence", "--split", "time:nan"), "accepted here is time:SHARE with a share of 0.1 to 0.95"),
        (("eval", "--spreading", "--rate", 0.1, "--times", 9), "times and rate were given"),
        (("eval", "--influence", "--leaders"), "--influence and --leaders"),
        (("eval", "--friends", "--trend"), "--friends and --trend"),
        (("eval", "--everybody"), "--everybody goes with --friends"),
        (("eval", "--leaders", "--model", "linear"), "--model was given with --leaders"),
        (("eval", "--leaders", "--hide", 0.2), "--hide was given with --leaders; it goes with --friends"),
        (("eval", "--hide", 0.2), "--hide goes with --friends"),
        (("eval", "--trend", "--params", "linear.l2=2"), "--params was given with --trend"),
        (("eval", "--off-policy", "--split", "time:0.5"), "--split was given with --off-policy"),
        (("eval", "--friends", "--members", 9, "--resamples", 5), "--resamples was given with --friends"),
        (("eval", "--spreading", "--members", 9), "--members was given with --spreading"),
        (("eval", "--ties", "t.csv"), "--ties goes with --train FILE"),
        (("eval", "--preset", "snap"), "s.gx is a store"),
        (("eval", "--undirected", "--leaders"), "s.gx is a store"),
        (("tune", "--preset", "lightgcn"), "s.gx is a store"),
        (("check", "--preset", "snap"), "`guanxi check` reads none"),
        (("export", "users", "--undirected"), "a table is exported of a store"),
        (("eval", "--show", "pairs", "--format", "csv"), "accepted is --model A,B"),
        (("eval", "--model", "linear,popular", "--show", "pairs", "--resamples", 0), "--resamples 0 makes none"),
        (("eval", "--show", "history", "--format", "json"), "--format json has them all"),
        (("plan", "sku-1", "--show", "circles", "--format", "json"), "--format json has them all"),
        (("guide", "--show", "audience", "--format", "json"), "--format json has them all"),
        (("simulate", "u1", "--show", "steps", "--format", "json"), "--format json has them all"),
        (("exp", "list", "--show", "tests"), "exp list takes no show"),
        (("model", "list", 3), "model list takes no number; 3 was given"),
        (("model", "promote", 1, 2), "model promote takes one number; 2 was given"),
        (("run", "pagerank", "--list"), "pagerank was given too"),
        (("run", "--list", "-n", 3), "--n was given without a pass"),
        (("run", "pagerank", "--members", 5, "--ties", 5), "s.gx was given, and --ties"),
        (("recommend", "--all", "--estimate", "--left-out", "x.csv"), "it goes without --estimate"),
        (("simulate", "u1", "--days", 3), "--days goes with --delay"),
        (("credit", "ledger", "--rule", "last", "--delta", 0.3), "geometric, recursive or split-proof"),
        (("credit", "members", "--half-life", "3d"), "--half-life was given with --rule last"),
    ],
)
def test_void_flags_are_refused(shop, call, says):
    assert says in gx(call[0], shop, *call[1:], code=2).err


def test_flags_that_count_are_taken(shop):
    gx("roles", shop, "--counts", "--community", "c-0")
    gx("overlap", shop, "c-0", "category:tea", "--took", "bought")
    gx("simulate", shop, "u1", "--days", 3, "--delay", 1)
    gx("credit", shop, "ledger", "--rule", "recursive", "--delta", 0.3)
    gx("credit", shop, "ledger", "--rule", "decay", "--half-life", "3d")
    gx("credit", shop, "stats", "--half-life", "3d")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("bench", "store", "--data", "x"), "--data was given for store; it is of graph|"),
        (("bench", "compare", "a", "b", "--runs", 3), "--runs was given for compare"),
        (("generate", "--scale", 3), "--scale was given without a model"),
        (("generate", "lfr", "--labels", "x", "--estimate"), "--labels goes without --estimate"),
        (("run", "pagerank", "--members", 5, "--ties", 5, "--write", "x"), "--write goes without --ties"),
        (("version", "--preset", "snap"), "`guanxi version` reads none"),
    ],
)
def test_void_flags_are_refused_where_there_is_no_store(call, says):
    assert says in gx(*call, code=2).err


def test_a_list_that_is_chosen_is_shown_in_a_table_too(shop):
    told = gx("eval", shop, "--model", "linear,popular", "--resamples", 20, "--show", "pairs").out
    assert told.splitlines()[0].split()[:3] == ["model", "against", "metric"] and "by length" not in told


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("recommend", "u1", "--context", "geo=200,3"), "geo '200,3' was given; accepted is latitude"),
        (("recommend", "u1", "--context", "hour=25"), "hour '25' was given; accepted is a whole number from 0 to 23"),
        (("recommend", "u1", "--context", "group=nope"), "context: group 'nope' was given"),
        (("recommend", "u1", "--context", "group=c-999"), "context: there is no community 'c-999'"),
        (("call", "rec.user", '{"users": ["u1"], "context": {"item": 5}}'), "context: item 5 was given; accepted is an id"),
        (("call", "rec.user", '{"users": ["u1"], "context": {"geo": [95, "x"]}}'), "geo [95, 'x'] was given"),
        (("call", "rec.user", '{"users": ["u1"], "channels": {"friends": null}}'), "friends=nil was given"),
        (("recommend", "u1", "--channels", "friends=NaN"), "friends='NaN' was given"),
        (("recommend", "--all", "--segment", "c-999"), "segment: there is no community 'c-999'"),
        (("group", "--circle", "nope"), "circle: 'nope' was given"),
        (("recommend", "--all", "--experiment", "nope"), "there is no experiment 'nope'"),
        (("exp", "define", "e", "--start", "2025-05-02", "--end", "2025-05-01"), "end (2025-05-01T00:00:00Z) is not after start (2025-05-02"),
        (("eval", "--off-policy", "--since", "2025-05-02", "--until", "2025-05-01"), "until (2025-05-01T00:00:00Z) is not after since"),
        (("centrality", "degree", "--since", "2025-05-02", "--until", "2025-05-01"), "until (2025-05-01T00:00:00Z) is not after since"),
        (("eval", "--lists", "=x.csv"), "--lists: '=x.csv' was given; accepted is FILE or NAME=FILE"),
        (("eval", "--lists", "x="), "--lists: 'x=' was given"),
        (("credit", "members", "--item", "", "--rate", "0.1"), "item '' is not in this store"),
        (("credit", "members", "--campaign", "", "--rate", "0.1"), "campaign '' is not in this store"),
        (("cascade", "predict", "--item", ""), "item '' is not in this store"),
        (("leaders", "--community", ""), "community: '' was given"),
        (("roles", "--community", ""), "community: '' was given"),
        (("stats", "--community", ""), "community: '' was given"),
        (("seeds", "--kinds", ""), "kinds: a list of 0 was given"),
        (("detractors", "--kinds", ""), "kinds: a list of 0 was given"),
        (("recommend", "u1", "--kinds", "gadget=3"), "kinds: 'gadget' was given; accepted are product, content and event"),
        (("recommend", "u1", "--kind", "gadget"), "kind: 'gadget' was given; accepted are product, content and event"),
        (("call", "item.put", '{"items": [{"item_id": "g", "kind": "gadget"}]}'), "kind: not product, content or event 'gadget'"),
    ],
)
def test_errors_name_what_was_written(shop, call, says):
    run = gx(call[0], shop, *call[1:], code=None)
    assert run.code in (2, 4) and says in run.err, run.err


def test_errors_blame_the_argument_that_was_written(shop, serve):
    rpc = serve(shop).connect()
    for method, args, at in (
        ("rec.user", {"users": ["u1"], "context": {"group": "c-999"}}, "context"),
        ("rec.user", {"users": ["u1"], "channels": {"friends": math.nan}}, "channels: friends=-?nan was given"),
        ("rec.batch", {"experiment": "nope"}, "experiment"),
        ("rec.batch", {"segment": "c-999"}, "segment"),
        ("rec.group", {"circle": "c-999"}, "circle"),
        ("exp.assign", {"name": "nope"}, "experiment 'nope'"),
    ):
        with pytest.raises(RuntimeError, match=f"^[A-Z_]+: .*{at}"):
            rpc.call(method, args)


def test_an_empty_list_says_where_the_member_stands(shop):
    told = gx("recommend", shop, "u1", "--where", "price > 1e8", "--format", "json").json()[0]
    assert told["items"] == [] and told["rung"] == "full" and "0 are shown" in told["short"]
    told = gx("recommend", shop, "nobody", "--where", "price > 1e8", "--format", "json").json()[0]
    assert told["items"] == [] and told["rung"] == "popular"


def test_names_that_nothing_has(shop):
    assert "the store 'nowhere'" in gx("leakage", shop, "--stores", "nowhere", code=4).err
    said = gx("leaders", shop, "--category", "serums", code=4).err
    assert "top-level ones: " in said and "skincare" in said.split("ones: ")[1]
    gx("leakage", shop, "--stores", "nowhere", "--channels", "app")


def test_empty_tables_keep_their_heads(shop):
    for show, head in (("seeds", "user_id"), ("prospects", "rank"), ("circles", "circle")):
        done = gx("plan", shop, "sku-1", "--budget", 0, "--show", show, "--format", "csv")
        assert done.out.splitlines()[0].split(",")[0] == head


def test_a_score_in_a_category_is_made_of_what_is_shown(shop):
    told = gx("leaders", shop, "--category", "skincare", "-n", 20, "--format", "json").json()["leaders"]
    everybody = gx("leaders", shop, "-n", 300, "--format", "json").json()["leaders"]
    whole = {row["user"]: row["score"] for row in everybody}
    assert told and "shop_score" not in everybody[0]
    for row in told:
        assert row["shop_score"] == pytest.approx(whole[row["user"]]) == pytest.approx(sum(row["parts"].values()), abs=1e-3)
        assert 0 <= row["in_category"] <= 1
        assert row["score"] == pytest.approx(math.sqrt(100 * row["shop_score"]) * row["in_category"], rel=1e-5)
    assert "shop_score" not in gx("leaders", shop, "-n", 2).out and "in_category" in gx("leaders", shop, "--category", "skincare").out


def test_no_crumbs_of_the_fit(shop):
    weights = gx("leaders", shop, "-n", 1, "--format", "json").json()["weights"]
    assert all(weight == 0 or weight > 1e-5 for weight in weights.values())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("seeds", "--segment", 'excluded = "no"'), "no member has the field 'excluded'; members have "),
        (("seeds", "--segment", 'regon = "Hubei"'), "no member has the field 'regon'; members have region, "),
        (("seeds", "--category", "nope"), "no item has the category 'nope'; items have "),
        (("overlap", 'regon = "Hubei"', "c-0"), "a: no member has the field 'regon'"),
        (("overlap", "c-0", 'region = "Hubai"'), "b: no member has the region 'Hubai'; members have Hubei, "),
        (("seeds", "--segment", 'region = "Hubai"'), "segment: no member has the region 'Hubai'; members have Hubei, "),
        (("seeds", "--audience", 'region in ("Hubai", "Fujan")'), "audience: no member has the region 'Hubai'; members have Hubei, "),
        (("seeds", "--by", "region", "--least", "Hubai=1"), "least: there is no circle 'Hubai' among the 10 by `by`: Hubei, "),
        (("simulate", "u1", "--audience", 'region = "Hubai"'), "audience: no member has the region 'Hubai'"),
        (("plan", "sku-1", "--audience", 'region = "Hubai"'), "audience: no member has the region 'Hubai'"),
        (("plan", "sku-1", "--segment", 'region = "Hubai"'), "segment: no member has the region 'Hubai'"),
        (("guide", "--segment", 'region = "Hubai"'), "segment: no member has the region 'Hubai'"),
        (("teams", "sku-1", "--segment", 'region = "Hubai"'), "segment: no member has the region 'Hubai'"),
        (("teams", "sku-1", "--not-in", 'region = "Hubai"'), "not_in: no member has the region 'Hubai'"),
        (("audience", "--item", "sku-1", "--segment", 'region = "Hubai"'), "segment: no member has the region 'Hubai'"),
        (("recommend", "--all", "--segment", 'region = "Hubai"'), "segment: no member has the region 'Hubai'"),
        (("leakage", "--where", 'sellr = "x"'), "no item has the field 'sellr'; items have seller, "),
        (("detractors", "--where", 'sellr = "x"'), "no item has the field 'sellr'"),
        (("audience", "--item", "sku-1", "--consent", "nofield"), "no member has the field 'nofield'"),
        (("recommend", "u1", "--where", "sold_uot = true"), "no item has the field 'sold_uot'"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_those_there_are(shop, call, says):
    run = gx(call[0], shop, *call[1:], code=None)
    assert run.code != 0 and says in run.err, run.err


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize(
    "call",
    [
        ("recommend", "u1"),
        ("recommend", "--all", "-n", "2"),
        ("similar", "sku-5"),
        ("bundle", "sku-1"),
        ("group", "u1", "u2"),
        ("layout", "u1"),
        ("starters", "--users", "u1,u2"),
        ("guide",),
        ("detractors",),
        ("leakage",),
    ],
)
def test_items_that_none_is_make_an_empty_answer_that_says_so(shop, call, form):
    """The last of a brand may be sold out tomorrow; so may its name be misspelt."""
    said = gx(call[0], shop, *call[1:], "--where", 'seller = "Hom"', "--format", form)
    assert "where: no item has the seller 'Hom'; items have Home Direct, " in said.out + said.err
    said = gx(call[0], shop, *call[1:], "--where", 'seller = "Home Direct"', "--format", form)
    assert "no item has" not in said.out + said.err


def test_a_field_asked_for_by_exists_may_be_nobodys(shop):
    assert gx("recommend", shop, "u1", "-n", 3, "--where", "not sold_out exists or sold_out = false", "--format", "json").json()
    told = gx("overlap", shop, 'not banned exists and region != ""', "c-0", "--format", "json").json()
    assert told["a"]["members"] > 0


def test_a_value_that_nobody_has_is_no_mistake_where_others_pass(shop):
    """Nor is an empty answer whose values are all somebody's."""
    everybody = gx("seeds", shop, "-k", 3, "--format", "json").json()["seeds"]
    assert gx("seeds", shop, "-k", 3, "--segment", 'not region = "Hubai"', "--format", "json").json()["seeds"] == everybody
    assert gx("seeds", shop, "-k", 3, "--segment", 'region = "Hubai" or region = "Hubei"', "--format", "json").json()["seeds"]
    assert gx("seeds", shop, "-k", 3, "--segment", 'region = "Hubei" and region = "Fujian"', "--format", "json").json()["seeds"] == []
    assert gx("recommend", shop, "u1", "--where", 'seller = "Home Direct" and price < 0', "--format", "json").json()[0]["items"] == []


def test_a_card_and_the_parts_are_whole_in_every_form(shop):
    told = gx("leaders", shop, "--card", "u1", "--format", "json").json()
    rows = {(row["part"], row["name"], row["figure"]): row["value"] for row in gx("leaders", shop, "--card", "u1", "--format", "csv").rows()}
    assert float(rows["member", "score", ""]) == told["leaders"][0]["score"]
    assert float(rows["parts", "authenticity", ""]) == told["leaders"][0]["parts"]["authenticity"]
    for one in told["card"]["audience"]["communities"]:
        assert int(rows["audience.communities", one["community"], "members"]) == one["members"]
    for one in told["card"]["leads_in"]:
        assert int(rows["leads_in", one["category"], "rank"]) == one["rank"]
    assert int(rows["audience", "followers", ""]) == told["card"]["audience"]["followers"]
    assert "audience.communities" in gx("leaders", shop, "--card", "u1").out
    assert json.loads(gx("leaders", shop, "--card", "u1", "--format", "jsonl").out) == told
    ranking = gx("leaders", shop, "-n", 3, "--format", "json").json()["leaders"]
    for row, flat in zip(ranking, gx("leaders", shop, "-n", 3, "--format", "csv").rows(), strict=True):
        assert {part: float(flat[f"parts.{part}"]) for part in row["parts"]} == row["parts"]
    assert "…" not in gx("leaders", shop, "-n", 20).out


def test_roles_of_one_member_have_communities_in_every_form(shop):
    told = gx("roles", shop, "u1", "--format", "json").json()
    rows = gx("roles", shop, "u1", "--format", "csv").rows()
    assert rows[0]["of"] == "shop" and rows[0]["role"] == told["roles"][0]["role"]
    assert [(row["community"], row["role"]) for row in rows[1:]] == [(one["community"], one["role"]) for one in told["communities"]]
    assert len(gx("roles", shop, "u1", "--format", "jsonl").out.splitlines()) == len(rows)


def test_channels_that_a_snapshot_knows_nothing_of_are_told(shop, tmp_path):
    calls = (("--item", "sku-1"), ("u1", "u2"))
    for call in calls:
        assert gx("audience", shop, *call, "--format", "json").json()["notes"] == []
    store = tmp_path / "s.gx"
    gx("init", store)
    gx("import", store, *sorted((shop.parent / "data").glob("*.csv")))
    gx("build", store, "--passes", "degree")
    for call, absent in zip(calls, (("strength", "circles", "leaders"), ("strength", "circles"))):
        told = gx("audience", store, *call, "--format", "json").json()["notes"]
        assert all("guanxi run STORE" in note for note in told)
        assert len(told) == len(absent) and all(word in note for word, note in zip(absent, told)), told
        shown = gx("audience", store, *call).err
        assert all(note in shown for note in told)
    alone = gx("audience", store, "--item", "sku-1", "--channels", "friends=0", "--channels", "circle=0", "--channels", "leader=0", "--format", "json").json()
    assert alone["notes"] == []


def test_pairs_of_a_map_may_stand_between_commas(shop):
    def ask(*flags):
        return gx("audience", shop, "--item", "sku-1", "-n", 20, *flags, "--format", "json").json()["users"]

    assert ask("--channels", "friends=1,circle=2") == ask("--channels", "friends=1", "--channels", "circle=2") != ask()
    for bad, says in (("friends=1,friends=2", "friends was given twice"), ("friends=1,2", "friends='1,2' was given")):
        assert says in gx("audience", shop, "--item", "sku-1", "--channels", bad, code=2).err
    cart = gx("recommend", shop, "u1", "--context", "cart=sku-1,sku-2", "-n", 300, "--format", "json").json()
    assert not {"sku-1", "sku-2"} & {row["id"] for row in cart[0]["items"]}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--raise", 0), "the raise is 0"),
        (("--chances", "constant", "--p", 0), "p is 0"),
        (("--leaders", 0, "--promoters", 0), "leaders and promoters are 0"),
        (("--rate", 0), "the rate is 0"),
    ],
)
def test_a_guide_says_which_flag_leaves_nothing(shop, flags, says):
    assert says in gx("guide", shop, *flags, "--format", "json").json()["short"]
    if "--leaders" not in flags:
        assert says in gx("plan", shop, "sku-1", "-k", 1, "--runs", 50, *flags, "--format", "json").json()["short"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--where", "price < 0"), "does not pass the filter of this call (price < 0)"),
        (("--exclude", "sku-1"), "This call excludes it"),
        (("--kind", "content"), "not of a kind that was asked for"),
    ],
)
def test_teams_say_what_keeps_the_item_out(shop, flags, says):
    told = gx("teams", shop, "sku-1", *flags, "--format", "json").json()
    assert told["teams"] == [] and says in told["short"] and "may not be shown" in told["short"]

"""How many members two audiences have in common, counted one by one."""

import pytest
from conftest import gx

MEMBERS = 60
NORTH = {f"u{u}" for u in range(MEMBERS) if u % 3}
CLUB = {f"u{u}" for u in range(0, 30)}
TEA = {f"u{u}" for u in range(20, 48)}
BOUGHT = {f"u{u}" for u in range(30, 48)} | {"u49"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """60 members: two of three in the north, the first 30 in a club (u59 left it), 20 to 49 took to tea of acme,
    but u49, who bought it, dislikes it now, and u48 gave it back."""
    folder = tmp_path_factory.mktemp("overlap")
    tables = {
        "users": ["user_id,region"] + [f"u{u},{'north' if u % 3 else 'south'}" for u in range(MEMBERS)],
        "items": ["item_id,title,category,brand,attr_grade", "t,Tea,tea/green,acme,fine", "p,Pan,kitchen,globex,"],
        "events": ["user_id,item_id,action,ts"]
        + [f"u{u},t,{'buy' if u >= 30 else 'like'},{1_700_000_000 + u}" for u in range(20, 50)]
        + [f"u{u},p,buy,{1_700_000_000 + u}" for u in range(48, 60)]
        + ["u55,t,dislike,1700000055", "u49,t,dislike,1700000900", "u48,t,refund,1700000900"],
        "ties": ["src,dst,kind"] + [f"u{u},u{(u + 1) % MEMBERS},friend" for u in range(MEMBERS)],
        "members": ["group_id,user_id,left_at"] + [f"club,u{u}," for u in range(30)] + ["club,u59,2024-01-01"],
    }
    gx("init", folder / "s.gx")
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
        gx("import", folder / "s.gx", folder / f"{name}.csv")
    gx("build", folder / "s.gx")
    return folder / "s.gx"


def ask(store, a, b, *flags):
    return gx("overlap", store, a, b, *flags, "--format", "json").json()


def check(told, a, b):
    assert told["members"] == MEMBERS and told["short"] is None
    for side, own, other in (("a", a, b), ("b", b, a)):
        row = told[side]
        assert (row["members"], row["only"]) == (len(own), len(own - other))
        assert row["share"] == pytest.approx(len(own) / MEMBERS)
        assert row["common"] == pytest.approx(len(a & b) / len(own))
    assert (told["both"], told["either"]) == (len(a & b), len(a | b))
    assert told["jaccard"] == pytest.approx(len(a & b) / len(a | b))
    assert told["expected"] == pytest.approx(len(a) * len(b) / MEMBERS)
    assert told["lift"] == pytest.approx(len(a & b) * MEMBERS / len(a) / len(b))


NAMES = [
    ("club", CLUB),
    ('region = "north"', NORTH),
    ("brand:acme", TEA),
    ("category:tea", TEA),
    ("grade:fine", TEA),
    ("item:t", TEA),
    (",".join(sorted(CLUB - {"u0"})), CLUB - {"u0"}),
]


@pytest.mark.parametrize("a", NAMES, ids=lambda x: x[0][:8])
@pytest.mark.parametrize("b", NAMES, ids=lambda x: x[0][:8])
def test_every_pair_is_counted(store, a, b):
    check(ask(store, a[0], b[0], "--exact"), a[1], b[1])


def test_circles(store):
    circles = {}
    for row in gx("communities", store, "--members", "--format", "csv").rows():
        circles.setdefault(row["community"], set()).add(row["user_id"])
    for name, members in circles.items():
        check(ask(store, name, "club", "--exact"), members, CLUB)


def test_who_bought(store):
    check(ask(store, "brand:acme", "club", "--took", "bought", "--exact"), BOUGHT, CLUB)


def test_a_file_and_a_table(store, tmp_path):
    (tmp_path / "list.csv").write_text("user_id\n" + "".join(f"u{u}\n" for u in range(15, 45)) + "stranger\n")
    done = gx("overlap", store, tmp_path / "list.csv", "club", "--format", "csv")
    rows = done.rows()
    assert [(row["kind"], row["members"], row["only"], row["both"]) for row in rows] == [("list", "30", "15", "15"), ("group", "30", "15", "15")]
    assert "stranger is not in this store" in done.err


def test_a_small_count_is_hidden_and_what_it_follows_from(store):
    told = ask(store, "u1,u2", "club")
    assert told["a"]["members"] is told["a"]["only"] is told["both"] is told["either"] is told["lift"] is told["b"]["only"] is None
    assert told["b"]["members"] == 30 and "fewer than 3" in told["short"] and told["expected"] is None
    for a in ("u1,u2,u50,u51,u52", "u1,u2,u3,u4,u50", "u50,u51,u52", "u1,u2,u3"):  # both, or only a, is below 3
        told = ask(store, a, "club")
        assert told["a"]["members"] >= 3 and told["both"] is told["either"] is told["jaccard"] is told["b"]["only"] is None
        assert ask(store, a, "club", "--exact")["both"] is not None
    assert ask(store, "u1,u2,u3,u50,u51,u52", "club")["both"] == 3


def test_what_is_refused(store):
    assert "no item has the brand 'nobody'" in gx("overlap", store, "brand:nobody", "club", code=4).err
    assert "item 'x'" in gx("overlap", store, "item:x", "club", code=4).err
    assert "neither a group" in gx("overlap", store, "nonsense", "club", code=2).err
    assert "c-99" in gx("overlap", store, "c-99", "club", code=4).err
    gx("overlap", store, "club", code=2)

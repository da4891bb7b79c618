"""What somebody meets in the first minute: help, clear errors, exit codes, one-liners on a bare file."""

import gzip
import json
import pathlib
import shlex
import subprocess

import pytest
from conftest import BIN, ROOT, gx


def verbs():
    lines = gx("help").out.splitlines()
    return [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")]


def test_help_lists_every_verb_and_explains_each():
    names = verbs()
    for wanted in (
        "demo init import check build run centrality communities leaders recommend similar explain eval serve call "
        "model status export backup restore doctor bench"
    ).split():
        assert wanted in names
    for name in names:
        text = gx("help", name).out
        assert f"guanxi {name}:" in text and "usage: guanxi" in text and "--format" in text
        assert gx(name, "--help").out == text


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_no_words_and_help_flags_show_the_overview(words):
    assert gx(*words).out == gx("help").out


def test_man_page_and_completion_come_from_the_same_table(tmp_path):
    man = tmp_path / "guanxi.1"
    man.write_text(gx("help", "man").out)
    assert ".SH EXIT STATUS" in man.read_text()
    for name in verbs():
        assert f".SS {name}\n" in man.read_text()
    script = tmp_path / "completion"
    script.write_text(gx("help", "completion").out)
    done = subprocess.run(
        ["bash", "-c", f"source {script}; COMP_WORDS=(guanxi lead); COMP_CWORD=1; _guanxi; echo ${{COMPREPLY[@]}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "leaders"


def completed(script, *words):
    """What bash offers for the last word."""
    line = " ".join(shlex.quote(str(word)) for word in words)
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _guanxi; "
            'printf "%s\\n" "${COMPREPLY[@]}"',
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_completion_knows_passes_choices_and_circles(tmp_path, built_shop):
    script = tmp_path / "completion"
    script.write_text(gx("help", "completion").out)
    passes = [row["name"] for row in gx("run", "--format", "csv").rows()]
    assert completed(script, BIN, "run", built_shop, "") == passes
    assert completed(script, BIN, "run", "pager") == ["pagerank"]
    assert completed(script, BIN, "run", built_shop, "pagerank", "--damp") == ["--damping"]
    assert completed(script, BIN, "run", built_shop, "kcore", "--damp") == []
    assert completed(script, BIN, "communities", built_shop, "--resol") == ["--resolution"]
    assert "leiden" not in completed(script, BIN, "centrality", built_shop, "")
    assert completed(script, BIN, "generate", "") == ["rmat", "ba", "lfr", "sbm"]
    assert completed(script, BIN, "generate", "rmat", "--sc") == ["--scale"]
    assert completed(script, BIN, "path", built_shop, "u1", "u2", "--by", "") == ["hops", "strength"]
    assert completed(script, BIN, "ties", built_shop, "--format", "json", "u1", "w") == ["weak"]
    assert "graphml" in completed(script, BIN, "ego", built_shop, "u1", "-f", "g")
    circles = [row["community"] for row in gx("communities", built_shop, "--format", "csv").rows()]
    assert completed(script, BIN, "community", built_shop, "") == circles
    assert completed(script, BIN, "leaders", built_shop, "--community", circles[0])[0] == circles[0]


def test_the_man_page_has_the_flags_of_random_graphs():
    man = gx("help", "man").out
    section = man[man.index(".SS generate") : man.index(".SS bench")].replace("\\", "")
    for flag in ("--scale", "--edge-factor", "--mu", "--blocks", "--min-community"):
        assert flag in section


def test_help_shows_the_parameters_of_a_pass():
    text = gx("help", "pagerank").out
    assert "--damping number" in text and "default 0.85" in text and "pagerank.score" in text and "source" in text
    assert gx("run", "nowhere.gx", "pagerank", "--help").out == text
    assert "--resolution number" in gx("communities", "nowhere.gx", "leiden", "--help").out
    man = gx("help", "man").out
    assert ".SH PASSES" in man and "damping" in man[man.index(".SH PASSES") :]


def test_the_passes_are_listed_without_a_target():
    rows = gx("run", "--format", "csv").rows()
    assert {"pagerank", "leiden", "linear"} <= {row["name"] for row in rows} and rows[0]["summary"]
    assert gx("run", "--list").out == gx("run").out
    assert "usage: guanxi run [TARGET] [PASS]" in gx("help", "run").out
    assert "run TARGET pagerank" in gx("run", "pagerank", code=2).err


def test_progress_as_json_has_no_time_left_before_it_is_known(tmp_path):
    words = ["generate", "rmat", "--scale", "18", "-o", tmp_path / "edges.txt.gz", "--progress", "json"]
    lines = [json.loads(line) for line in gx(*words).err.splitlines() if line.startswith("{")]
    assert lines
    for line in lines:
        assert (line["left_s"] is None) == (line["done"] <= 0.01 * line["total"])


def test_help_shows_the_parameters_of_random_graphs():
    text = gx("help", "generate").out
    assert "flags of sbm" in text and "--blocks integer" in text


def test_a_reader_that_has_seen_enough_is_no_error():
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {BIN} generate ba --members 300000 --m 4 | head -n 1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("\n") == 1 and "cannot write" not in done.stderr


def test_every_example_of_the_help_is_understood():
    for name in verbs():
        for line in gx("help", name).out.partition("\nexamples\n")[2].splitlines():
            words = shlex.split(line.split(" | ")[0])[1:]
            gx(*words, "--help")
            for given in words:
                outer, dot, rest = given.partition("=")[0].partition(".")
                if dot and outer.isidentifier() and "=" in given and not given.startswith("-"):
                    assert f"--{rest.replace('_', '-')} " in gx("help", outer).out, line


def test_examples_of_the_help_are_of_the_sample_shop(built_shop):
    """Items, brands, regions and the like; what names a file or field of the user's own is not run."""
    asked = "audience bundle cascade experts explain guide leaders leakage overlap plan rank recommend seeds similar teams".split()
    own, seen = (".csv", ".txt", "--cost fee", "--log", "--over", "unix:"), 0
    for name in asked:
        for line in gx("help", name).out.partition("\nexamples\n")[2].splitlines():
            if line.strip() and not any(word in line for word in own):
                gx(*shlex.split(line)[1:], cwd=built_shop.parent)
                seen += 1
    assert seen > 40


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["leaderz", "x"], 2, "did you mean leaders"),
        (["leaders"], 2, "needs a target"),
        (["leaders", "nowhere.gx"], 4, "no such store"),
        (["leaders", "SHOP", "-n", "0"], 2, "accepted is a whole number from 1"),
        (["leaders", "SHOP", "-n", "many"], 2, "'many' was given"),
        (["leaders", "SHOP", "--formt", "json"], 2, "did you mean --format"),
        (["communities", "SHOP", "--labels", "/nofile"], 4, "/nofile: there is no such file"),
        (["communities", "SHOP", "--labels", "nofile.csv"], 4, "nofile.csv: there is no such file"),
        (["communities", "SHOP", "--labels", "nofield"], None, "nofield"),
        (["generate", "lfr", "--membrs", "10"], 2, "did you mean --members?"),
        (["generate", "sbm", "--blocks", "100", "--members", "10"], 2, "blocks: 100 was given"),
        (["run", "SHOP", "pagerank", "--dampin", "0.5"], 2, "did you mean --damping?"),
        (["run", "SHOP", "pagerank", "--resolution", "2"], 2, "see `guanxi help pagerank`"),
        (["run", "SHOP", "pagerank", "--zzqq"], 2, "see `guanxi help run` and `guanxi help pagerank`"),
        (["run", "SHOP", "pagerank", "--weighted", "false"], 2, "--no-weighted"),
        (["run", "SHOP", "pagerank", "--max-iterations"], 2, "--max-iterations needs a value"),
        (["run", "SHOP", "pagerank", "--damping", "0.5", "--damping", "0.6"], 2, "--damping was given twice"),
        (["centrality", "SHOP", "pagerank", "--no-all=3"], 2, "--no-all takes no value; '3' was given"),
        (["recommend", "SHOP", "u1", "--channels", "friends=many"], 2, "friends='many' was given; accepted is"),
        (["check", "unix:/nowhere"], 2, "not on a server; unix:/nowhere was given"),
        (["stats", "SHOP", "--min-size", "3", "--min-size", "4"], 2, "--min-size was given twice"),
        (["seeds", "SHOP", "--least", "c-0=3", "--least", "c-0=2"], 2, "--least c-0 was given twice"),
        (["recommend", "SHOP", "u1", "--caps", "brand=1", "--caps", "brand=2"], 2, "--caps brand was given twice"),
        (["run", "SHOP", "pagerank", "--no-zz-qq"], 2, "no flag --no-zz-qq"),
        (["run", "--ties", "5"], 2, "--ties was given without a pass; accepted is"),
        (["run", "--members", "5", "--ties", "5"], 2, "`guanxi run PASS --members N --ties N`"),
        (["run", "SHOP", "--top", "5"], 2, "--top was given without a pass"),
        (["run", "--members", "5"], 2, "--members was given without a pass"),
        (["run", "pagerank", "--ties", "5"], 2, "`guanxi run pagerank --members N --ties N`"),
        (["run", "pagerank", "--ties", "5", "--members", "u1"], 2, "members: 'u1' was given"),
        (["run", "SHOP", "pagernk"], 4, "no pass 'pagernk'; did you mean pagerank?"),
        (["run", "SHOP", "pagerank", "--kinds", "frend"], 4, "'frend' is not one of the store's tie_kinds; it has friend"),
        (["run", "SHOP", "pagerank", "--since", "2025-01-01", "--until", "2024-01-01"], 2, "accepted is since before until"),
        (["communities", "SHOP", "pagerank"], 4, "that is a pass of the kind centrality; there are components"),
        (["lineage", "SHOP", "1", "99"], 4, "there is no snapshot 99"),
        (["generate", "rmat", "--format", "json"], 2, "--format json: a random graph is written as an edge list"),
        (["help", "pagernk"], 4, "did you mean pagerank?"),
        (["communities", "SHOP", "--damping", "0.5"], 2, "the pass leiden has no parameter damping"),
        (["call", "SHOP", "graph.run", '{"pass": "degree", "of": ["u1", 7]}'], 2, "of: a list with 7 was given"),
        (["call", "SHOP", "graph.path", '{"source": "u1"}'], 2, "there are src, dst, by, directed, n"),
        (["leaders", "SHOP", "--format", "xml"], 2, "table|json|jsonl|csv"),
        (["leaders", "SHOP", "--category", "nonsense"], 4, "no item category 'nonsense'"),
        (["centrality", "SHOP", "pagernk"], 4, "there is no centrality 'pagernk'"),
        (["centrality", "SHOP", "pagerank", "--damping", "2"], 2, "damping"),
        (["recommend", "SHOP"], 2, "users"),
        (["recommend", "SHOP", "u1", "--where", "price <"], 2, "where"),
        (["call", "SHOP", "rec.usr"], 4, "did you mean rec.user"),
        (["call", "SHOP", "rec.user", "{oops"], 2, "line 1"),
        (["community", "SHOP", "c-999999"], 4, "there is no community"),
        (["model", "SHOP", "promote", "77"], 4, "77"),
        (["status", "unix:/nowhere/at/all"], 8, "/nowhere/at/all"),
        (["import", "SHOP", "nofile.csv"], 4, "nofile.csv"),
        (["serve", "SHOP", "--listen", "tcp:0.0.0.0:0"], 2, "loopback"),
    ],
)
def test_errors_name_what_was_given_and_what_is_accepted(built_shop, words, code, said):
    words = [str(built_shop) if word == "SHOP" else word for word in words]
    result = gx(*words, code=code)
    assert said in result.err, result.err
    assert result.out == ""


def test_an_item_that_is_not_there_is_told(built_shop):
    result = gx("similar", built_shop, "nowhere", "--format", "csv", code=4)
    assert "item 'nowhere' is not in this store" in result.err and result.out == ""
    result = gx("similar", built_shop, "sku-1", "nowhere", "--format", "csv")
    assert "item 'nowhere' is not in this store" in result.err and result.rows()


def test_a_bare_edge_list_just_works(tmp_path):
    edges = tmp_path / "edges.txt"
    edges.write_text("# a star and a tail\n0 1\n0 2\n0 3\n3 4\n")
    rows = gx("centrality", edges, "pagerank", "-n", "2", "--preset", "snap", "--format", "csv").rows()
    assert len(rows) == 2 and set(rows[0]) == {"user_id", "score"}
    zipped = tmp_path / "edges.txt.gz"
    zipped.write_bytes(gzip.compress(edges.read_bytes()))
    rows = gx("centrality", zipped, "degree", "--all", "--preset", "snap", "--undirected", "--format", "csv").rows()
    assert {row["user_id"]: float(row["score"]) for row in rows} == {"0": 3, "1": 1, "2": 1, "3": 2, "4": 1}
    rows = gx("centrality", zipped, "degree", "--direction", "out", "--all", "--preset", "snap", "--format", "csv").rows()
    assert {row["user_id"]: float(row["score"]) for row in rows} == {"0": 3, "1": 0, "2": 0, "3": 1, "4": 0}
    rows = gx("communities", edges, "components", "--members", "--preset", "snap", "--format", "csv").rows()
    assert len({row["community"] for row in rows}) == 1


@pytest.mark.parametrize("words", [["map"], ["leaders"], ["stats"], ["bridges", "--show", "pairs"], ["community", "c-0"]])
def test_what_needs_a_snapshot_is_answered_from_a_bare_file(tmp_path, words):
    edges = tmp_path / "edges.txt"
    edges.write_text("".join(f"{c}{i} {c}{k}\n" for c in "ab" for i in range(5) for k in range(i)) + "a0 b0\n")
    assert gx(words[0], edges, *words[1:], "--preset", "snap", "--format", "json").json()


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    result = gx("centrality", empty, "degree", "--format", "json")
    assert "the file is empty" in result.err and result.json()["members"] == []


def test_output_goes_to_a_file_and_nothing_else_to_stdout(built_shop, tmp_path):
    out = tmp_path / "leaders.json"
    result = gx("leaders", built_shop, "--format", "json", "-o", out)
    assert result.out == "" and json.loads(out.read_text())["leaders"]
    result = gx("leaders", built_shop, "--format", "json", "-o", "/nowhere/x", code=None)
    assert result.code in (1, 4) and "/nowhere/x" in result.err


def test_a_failed_verb_leaves_the_output_file_as_it_was(built_shop, tmp_path):
    out = tmp_path / "out.txt"
    out.write_text("precious")
    gx("recommend", built_shop, "u1", "--where", "(", "-o", out, code=2)
    assert out.read_text() == "precious" and list(tmp_path.iterdir()) == [out]


def test_flags_of_a_pass_are_typed_by_its_table(built_shop):
    words = ["centrality", built_shop, "degree", "--format", "csv"]
    assert gx(*words, "--weighted", "-n", "1").rows() == gx(*words, "-n", "1", "--weighted").rows()
    assert "no flag" in gx(*words, "--keep-good", code=2).err
    finer = gx("communities", built_shop, "--params", "resolution=3", "--max-rounds", "50", "--format", "json", code=None)
    if finer.code == 0:
        assert finer.json()["count"] > gx("communities", built_shop, "--format", "json").json()["count"]


def test_an_empty_answer_keeps_its_header(empty):
    gx("build", empty)
    for words, header in (
        (["leaders", empty], "user,score,rank,"),
        (["credit", empty], "user,sales,direct,"),
        (["credit", empty, "members"], "member,sales,amount_minor,held_minor,signs\n"),
        (["jobs", empty], "job,kind,method,"),
    ):
        assert gx(*words, "--format", "csv").out.startswith(header)


def test_an_empty_answer_without_known_columns_has_no_header(empty):
    """What a row would have is not known; a column that none has is not made up."""
    for words in (["exp", empty], ["cascade", empty]):
        assert gx(*words, "--format", "csv").out == gx(*words, "--format", "md").out == ""
        assert "none" in gx(*words).out


def test_doctor_looks_at_the_store(built_shop):
    checks = gx("doctor", built_shop, "--format", "json", code=None).json()["checks"]
    by_name = {check["what"]: check for check in checks}
    assert by_name["store"]["good"] and by_name["snapshot"]["good"]


def test_every_file_of_the_house_is_in_bounds():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    code = [name for name in files if name.endswith((".c", ".h", ".py", ".def")) and pathlib.Path(ROOT, name).exists()]
    assert len(code) > 50 or not files
    long = {name: sum(1 for _ in open(ROOT / name, encoding="utf-8")) for name in code}
    assert {name: lines for name, lines in long.items() if lines > 800} == {}


def test_the_program_runs_from_anywhere(tmp_path):
    assert gx("version", cwd=tmp_path).out.startswith("guanxi ")
    assert pathlib.Path(BIN).is_absolute()


def test_the_shape_of_a_file_is_refused_of_a_store(tmp_path):
    """It was silently ignored: a store has been read already, a server has read its own."""
    (tmp_path / "edges.txt").write_text("0 1\n1 2\n")
    gx("import", tmp_path / "a.gx", tmp_path / "edges.txt", "--preset", "snap", "--undirected", "--create")
    for flag, *value in (("--preset", "snap"), ("--undirected",)):
        for words in (("centrality", tmp_path / "a.gx", "degree"), ("stats", "unix:/nowhere.sock")):
            told = gx(*words, flag, *value, code=2).err
            assert f"{flag} was given" in told and "bare data file" in told and "guanxi import" in told

"""guanxi eval --spreading: measures judged by simulated epidemics."""

from conftest import gx


def ties_file(tmp_path):
    # A hub with four arms of two members each, and a pair apart.
    path = tmp_path / "ties.txt"
    arms = "".join(f"0 {v}\n{v} {v + 4}\n" for v in range(1, 5))
    path.write_text(arms + "10 11\n")
    return path


def judge(path, *flags):
    words = ["eval", path, "--preset", "snap", "--undirected", "--spreading", "--runs", "500"]
    return gx(*words, *flags, "--format", "json").json()


def test_measures_are_judged(tmp_path):
    path = ties_file(tmp_path)
    told = judge(path)
    # Degrees: 4, four of 2, four of 1, two of 1: <k> = 18, <k^2> = 38.
    assert told["members"] == 11 and told["ties"] == 9
    assert abs(told["threshold"] - 18 / 20) < 1e-12 and told["rate"] == 1
    assert [row["measure"] for row in told["results"]][-2:] == ["neighbour_sum", "percolation"]
    assert told == judge(path, "--threads", "2")
    slow = judge(path, "--rate", "0.4", "--recovery", "0.5", "--measures", "degree,percolation")
    assert [row["measure"] for row in slow["results"]] == ["degree", "percolation", "percolation_at_rate"]
    assert slow["results"][2]["rate"] == 0.4 and slow["results"][2]["tau_b"] > 0.5
    played = judge(path, "--rate", "0.4", "--outbreaks")
    assert abs(played["reached"] - judge(path, "--rate", "0.4")["reached"]) < 0.15


def test_what_is_refused(tmp_path):
    path = ties_file(tmp_path)
    words = ["eval", path, "--preset", "snap"]
    assert "--spreading" in gx(*words, "--rate", "0.1", code=2).err
    assert "needs a store" in gx("eval", "--spreading", code=2).err
    assert "leiden" in gx(*words, "--spreading", "--measures", "leiden", code=2).err
    assert "degre" in gx(*words, "--spreading", "--measures", "degre", code=4).err
    assert "0 to 1" in gx(*words, "--spreading", "--rate", "2", code=2).err
    told = gx(*words, "--spreading", "--estimate", "--format", "json").json()
    assert told["steps"][-1]["pass"] == "epidemics" and told["mem_bytes"] > 0


def test_a_row_is_a_measure(tmp_path):
    path = ties_file(tmp_path)
    few = ["--measures", "degree,pagerank", "--rate", "0.4"]
    told = judge(path, *few)
    done = gx("eval", path, "--preset", "snap", "--undirected", "--spreading", "--runs", "500", *few, "--format", "csv")
    assert [(row["measure"], float(row["tau_b"])) for row in done.rows()] == [(row["measure"], row["tau_b"]) for row in told["results"]]
    assert "ceiling" in done.err and f"{told['ceiling']:.4f}" in done.err
    steps = gx("eval", path, "--preset", "snap", "--spreading", "--estimate", "--format", "csv").rows()
    assert steps[-1]["pass"] == "epidemics"
    assert "accepted is measures" in gx("eval", path, "--preset", "snap", "--spreading", "--show", "pairs", code=2).err

"""The package implicit beside guanxi's ALS (bench/models.c): DATA THREADS RUNS ITERATIONS.

A line of JSON a task. An iteration is the difference between a long fit and a short one; the value is the objective of the long
one, by the formula at the head of bench/models.c, and of lists the members a CPU second.
"""
import gzip
import json
import os
import statistics
import sys
import time

data, threads, runs, iterations = sys.argv[1], *map(int, sys.argv[2:5])
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy  # noqa: E402
import scipy.sparse  # noqa: E402
import implicit  # noqa: E402
from implicit.cpu.als import AlternatingLeastSquares  # noqa: E402

C = LAMBDA = 100.0
TOP, BLOCK = 20, 1000


def matrix():
    rows, cols = [], []
    with (gzip.open if data.endswith(".gz") else open)(data, "rt") as lines:
        for line in lines:
            user, *items = map(int, line.split())
            rows += [user] * len(items)
            cols += items
    ones = numpy.ones(len(rows), dtype=numpy.float32)
    seen = scipy.sparse.csr_matrix((ones, (rows, cols)))
    seen.sum_duplicates()
    seen.data[:] = 1
    return seen


def timed(function):
    wall, cpu = time.perf_counter(), time.process_time()
    answer = function()
    return time.perf_counter() - wall, time.process_time() - cpu, answer


def fit(factors, exact, count):
    model = AlternatingLeastSquares(factors=factors, regularization=LAMBDA, alpha=C, iterations=count,
                                    use_cg=not exact, num_threads=threads, random_state=1, dtype=numpy.float32)
    model.fit(seen, show_progress=False)
    return model


def objective(model):
    u, v = (f.astype(numpy.float64) for f in (model.user_factors, model.item_factors))
    total = numpy.sum((u.T @ u) * (v.T @ v)) + LAMBDA * (numpy.sum(u * u) + numpy.sum(v * v))
    rows = numpy.repeat(numpy.arange(seen.shape[0]), numpy.diff(seen.indptr))
    for k in range(0, seen.nnz, 100000):
        part = slice(k, k + 100000)
        s = numpy.einsum("ij,ij->i", u[rows[part]], v[seen.indices[part]])
        total += numpy.sum((C - 1) * s * s - 2 * C * s + C)
    return total


def say(task, wall, cpu, value):
    print(json.dumps({"task": task, "version": implicit.__version__, "wall_s": statistics.median(wall),
                      "wall_min_s": min(wall), "cpu_s": statistics.median(cpu), "value": value}), flush=True)


def iteration(factors, exact):
    wall, cpu = [], []
    for _ in range(runs):
        one, many = timed(lambda: fit(factors, exact, 1)), timed(lambda: fit(factors, exact, iterations))
        wall.append((many[0] - one[0]) / (iterations - 1))
        cpu.append((many[1] - one[1]) / (iterations - 1))
    say(f"als_{factors}_{'exact' if exact else 'cg'}", wall, cpu, objective(many[2]))
    return many[2]


def lists(model):
    for first in range(0, seen.shape[0], BLOCK):
        users = numpy.arange(first, min(first + BLOCK, seen.shape[0]))
        model.recommend(users, seen[users], N=TOP, filter_already_liked_items=True)


seen = matrix()
model = iteration(64, False)
iteration(64, True)
iteration(128, False)
iteration(128, True)
taken = [timed(lambda: lists(model)) for _ in range(runs)]
say("top_20", [t[0] for t in taken], [t[1] for t in taken],
    seen.shape[0] / statistics.median(t[1] for t in taken))

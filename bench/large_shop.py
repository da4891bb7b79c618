"""A shop of any size in the shape of --preset lightgcn, for runs at scale: a line a member, the items they bought.

    python bench/large_shop.py 1000000 100000 52 > large.txt

Draws are by taste: each member is of one of 200 tastes, of which each likes items of its own order, the k-th in proportion
to 1 / (k + 10). Three draws in ten are from an order that all share. Repeats are one event.
"""

import sys

import numpy


def main(members, items, draws):
    rng = numpy.random.default_rng(1)
    orders = numpy.stack([rng.permutation(items).astype(numpy.uint32) for _ in range(200)])
    chance = numpy.cumsum(1 / (numpy.arange(items) + 10.0))
    chance /= chance[-1]
    words = numpy.frombuffer("".join(f" i{i:06d}" for i in range(items)).encode(), numpy.uint8).reshape(items, -1)
    for first in range(0, members, 10000):
        count = min(10000, members - first)
        place = numpy.searchsorted(chance, rng.random((count, draws)))
        taste = numpy.where(rng.random((count, draws)) < 0.3, 0, rng.integers(1, 200, count)[:, None])
        names = numpy.frombuffer("".join(f"u{u:07d}" for u in range(first, first + count)).encode(), numpy.uint8)
        lines = numpy.concatenate(
            [names.reshape(count, -1), words[orders[taste, place]].reshape(count, -1), numpy.full((count, 1), 10, numpy.uint8)], 1
        )
        sys.stdout.buffer.write(lines.tobytes())


main(*map(int, sys.argv[1:4]))

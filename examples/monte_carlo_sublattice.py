"""Estimate pi until the estimate is good enough: a sublattice decides, while it runs, how much more work there is to do."""

import math
import random

import covalent as ct


@ct.electron
def hits(samples, seed):
    rng = random.Random(seed)
    return sum(rng.random() ** 2 + rng.random() ** 2 <= 1 for _ in range(samples))


@ct.electron
def total(counts):
    return sum(counts)


@ct.electron
@ct.lattice
def refine(first_hits, first_samples, wanted_error):
    # A sublattice is traced with real values, so plain Python may look at them.
    share = first_hits / first_samples
    needed = math.ceil(16 * share * (1 - share) / wanted_error**2)
    batches = math.ceil(needed / 50_000)
    more = total([hits(50_000, seed) for seed in range(1, batches + 1)])
    return 4 * (more + first_hits) / (batches * 50_000 + first_samples)


@ct.lattice
def estimate_pi(wanted_error=0.005):
    pilot = hits(10_000, seed=0)
    return refine(pilot, 10_000, wanted_error)


if __name__ == "__main__":
    result = ct.dispatch_sync(estimate_pi)(wanted_error=0.005)
    print(f"pi is about {result.result:.4f}, off by {abs(result.result - math.pi):.4f}")

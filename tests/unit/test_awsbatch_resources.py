"""Sizes of containers on AWS Batch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covalent.executor.awsbatch.resources import FARGATE_MEMORY_MIB, Asked, Platform, Size, rounding, size_of


def fargate(vcpu: float, memory_mib: int, **more: int) -> Asked:
    return Asked(platform=Platform.FARGATE, vcpu=vcpu, memory_mib=memory_mib, **more)


def ec2(vcpu: float, memory_mib: int, **more: int) -> Asked:
    return Asked(platform=Platform.EC2, vcpu=vcpu, memory_mib=memory_mib, **more)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (fargate(0.25, 512), Size(vcpu=0.25, memory_mib=512)),
        (fargate(0.25, 3000), Size(vcpu=0.5, memory_mib=3072)),
        (fargate(2, 3840), Size(vcpu=2, memory_mib=4096)),
        (fargate(0.3, 100), Size(vcpu=0.5, memory_mib=1024)),
        (fargate(5, 17000), Size(vcpu=8, memory_mib=20480)),
        (fargate(32, 1), Size(vcpu=32, memory_mib=61440)),
        (fargate(1, 200_000), Size(vcpu=32, memory_mib=249856)),
        (ec2(2, 3840), Size(vcpu=2, memory_mib=3840)),
        (ec2(7, 3841, gpus=2), Size(vcpu=7, memory_mib=3841, gpus=2)),
    ],
)
def test_the_next_size_up_is_taken(asked, found):
    assert size_of(asked) == found
    assert bool(rounding(asked)) == ((asked.vcpu, asked.memory_mib) != (found.vcpu, found.memory_mib))


@given(st.floats(0.01, 32), st.integers(1, 249856))
def test_fargate_gets_a_size_that_it_has_and_that_is_enough(vcpu, memory_mib):
    size = size_of(fargate(vcpu, memory_mib))
    assert size.memory_mib in FARGATE_MEMORY_MIB[size.vcpu]
    assert size.vcpu >= vcpu
    assert size.memory_mib >= memory_mib


def test_memory_doubles_each_time_that_it_was_not_enough():
    assert [size_of(ec2(1, 1000), n).memory_mib for n in range(4)] == [1000, 2000, 4000, 8000]
    assert [size_of(fargate(1, 2048), n).memory_mib for n in range(4)] == [2048, 4096, 8192, 16384]


def test_growth_ends_at_the_cap():
    assert [size_of(ec2(1, 1000, max_memory_mib=3000), n).memory_mib for n in (1, 2, 9)] == [2000, 3000, 3000]
    assert size_of(fargate(1, 2048), 60).memory_mib == 249856


def test_a_submission_gets_texts():
    assert Size(vcpu=0.25, memory_mib=512).requirements() == [
        {"type": "VCPU", "value": "0.25"},
        {"type": "MEMORY", "value": "512"},
    ]
    assert {"type": "GPU", "value": "2"} in Size(vcpu=4, memory_mib=8, gpus=2).requirements()

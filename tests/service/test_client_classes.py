"""Objects with slots, or with cached properties, come back from tasks."""

from __future__ import annotations

import dataclasses
import functools
import typing

import pytest

import covalent as ct

pytestmark = pytest.mark.usefixtures("server")


class Plain:
    __slots__ = ("__private", "shown")

    def __init__(self):
        self.__private, self.shown = 1, 2

    def both(self):
        return self.__private + self.shown


class Below(Plain):
    __slots__ = ()


class Loose(Plain):
    def __init__(self):
        super().__init__()
        self.more = 3


class Mixed:
    __slots__ = ("__dict__", "fast")

    def __init__(self):
        self.fast, self.slow = 1, 2


@dataclasses.dataclass(slots=True)
class Sample:
    value: int = 1
    notes: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True, frozen=True)
class Fixed(typing.Generic[typing.TypeVar("T")]):
    value: int = 1


class Pair(typing.NamedTuple):
    left: int = 1


class CodedError(Exception):
    __slots__ = ("code",)

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Slow:
    """Of slow answers."""

    def __init__(self):
        self.asked = 0

    @functools.cached_property
    def answer(self):
        """It takes a while."""
        self.asked += 1
        return self.asked


def several():
    return [Plain(), Below(), Loose(), Mixed(), Sample(2, [3]), Fixed(4), Pair(5)]


def shown(values):
    plain, below, loose, mixed, sample, fixed, pair = values
    kinds = [type(value) for value in values]
    return [
        kinds == [Plain, Below, Loose, Mixed, Sample, Fixed, Pair],
        (plain.both(), below.both(), loose.both(), loose.more),
        (mixed.fast, mixed.slow),
        (sample, fixed, pair),
    ]


@ct.electron
def make():
    return several()


@ct.electron
def pass_on(values):
    return values


@ct.electron
def look(values):
    return shown(values)


@ct.electron
def break_down():
    raise CodedError(8)


def test_objects_with_slots_go_to_tasks_and_come_back():
    @ct.lattice
    def workflow(given):
        made = make()
        return made, pass_on(made), pass_on(given), look(pass_on(made)), look(given)

    *values, first, second = ct.dispatch_sync(workflow)(several()).result
    expected = shown(several())
    assert expected[0]
    assert [shown(value) for value in values] == [expected] * 3
    assert [first, second] == [expected] * 2
    assert not hasattr(values[1][0], "__dict__")


def test_an_exception_with_slots_is_raised_as_it_was():
    @ct.lattice
    def workflow():
        return break_down()

    with pytest.raises(CodedError) as raised:
        ct.dispatch_sync(workflow)().result  # noqa: B018
    assert raised.value.code == 8


def test_objects_with_cached_properties_go_to_tasks_and_come_back():
    @ct.electron
    def ask(slow):
        return slow, Slow(), slow.answer + slow.answer

    @ct.lattice
    def workflow():
        asked = ask(Slow())
        return asked, ask(asked[1])

    for slow, new, answers in ct.dispatch_sync(workflow)().result:
        assert [type(slow), type(new), answers] == [Slow, Slow, 2]
        assert (slow.answer, slow.asked, new.answer, new.asked) == (1, 1, 1, 1)

"""A workflow refers to the secrets of its executors, and carries their texts beside everything else."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from typing import Any

import pytest

import covalent as ct
from covalent.errors import ExecutorError, SubmissionError, WorkflowError
from covalent.executor.base import AsyncBaseExecutor
from covalent.executor.registry import get_executor
from covalent.model import ExecutorSpec, Submission
from covalent.secrets import MASK, Secret, references
from covalent.serialize import decode_submission, encode_submission, loads
from covalent.testing.harness import write_plugins
from covalent.workflow.settings import executor_spec
from tests.support.secretive import PLUGINS, SecretiveExecutor

WORD = "hunter2-hunter2"


@pytest.fixture(autouse=True)
def plugin(tmp_path, monkeypatch: pytest.MonkeyPatch):
    write_plugins(tmp_path / "plugins", PLUGINS)
    monkeypatch.syspath_prepend(str(tmp_path / "plugins"))


def secretive(word: str = WORD) -> SecretiveExecutor:
    return SecretiveExecutor(password=word)


def parts(submission: Submission) -> bytes:
    """All of it but the texts of secrets."""
    return encode_submission(replace(submission, secrets={}))


@ct.electron
def work(x: Any) -> Any:
    return x


def test_the_attribute_is_a_secret_and_nothing_shows_its_text():
    executor = secretive()
    assert executor.password == Secret(WORD)
    assert repr(executor) == f"SecretiveExecutor(password=Secret({MASK!r}))"
    assert executor.to_dict() == {"password": {"$secret": Secret(WORD).id}}
    assert copy.deepcopy(executor).password.reveal() == WORD
    again = get_executor("secretive", executor.to_dict(), {Secret(WORD).id: WORD})
    assert again.to_dict() == executor.to_dict()
    assert again.password.reveal() == WORD


@pytest.mark.parametrize("wrong", ["", 7, ["x"], {"$secret": "x"}])
def test_what_is_no_secret_is_refused_without_being_shown(wrong: object):
    with pytest.raises(ExecutorError) as refused:
        SecretiveExecutor(password=wrong)
    assert str(refused.value) == "password must be text that is not empty."


class Simple(AsyncBaseExecutor):
    """As a plugin may be written that has no settings of ours."""

    short_name = "simple"

    def __init__(self, password: str | Secret) -> None:
        self.password = password if isinstance(password, Secret) else Secret(password)

    send = poll = receive = cancel = None


def test_a_plugin_that_keeps_a_secret_in_an_attribute_gets_it_back(monkeypatch: pytest.MonkeyPatch):
    options = executor_spec(Simple(WORD)).options
    assert options == {"password": Secret(WORD).reference()}
    assert Simple.from_options(options).to_dict() == options
    monkeypatch.setattr("covalent.executor.registry.executor_class", lambda name: Simple)
    assert get_executor("simple", options, {Secret(WORD).id: WORD}).password.reveal() == WORD


def test_the_executor_of_azure_shows_and_pickles_no_secret(covalent_home):
    ct.set_config("executors.azurebatch.client_secret", f"{WORD} of the file")
    for executor in (ct.executor.AzureBatchExecutor(client_secret=WORD), ct.executor.AzureBatchExecutor()):
        assert executor.client_secret.reveal().startswith(WORD)
        assert WORD not in f"{executor} {vars(executor)} {executor.to_dict()}"
        assert WORD.encode() not in pickle.dumps(executor)


def test_a_reference_leads_to_no_text_in_a_setting_that_is_shown():
    with pytest.raises(ExecutorError, match="proofs must be a path, not Secret"):
        get_executor("secretive", {"proofs": Secret(WORD).reference()}, {Secret(WORD).id: WORD})


def test_a_pickled_executor_has_neither_the_text_that_was_said_nor_that_of_the_configuration(covalent_home):
    ct.set_config("executors.secretive.password", "from the file")
    configured, said = SecretiveExecutor(), secretive()
    assert configured.password.reveal() == "from the file"
    data = pickle.dumps((configured, said))
    assert b"from the file" not in data and WORD.encode() not in data
    assert [one.to_dict() for one in pickle.loads(data)] == [{}, said.to_dict()]


def test_equal_secrets_are_one_executor_of_a_workflow_and_others_are_not():
    one, two, other = (ct.electron(work.function, executor=secretive(word)) for word in (WORD, WORD, "other"))

    @ct.lattice
    def workflow():
        return [one(1), two(2), other(3)]

    built = workflow.build_graph()
    assert [node.executor for node in built.graph.nodes] == [0, 0, 1]
    assert built.secrets == {Secret(WORD).id: WORD, Secret("other").id: "other"}
    assert WORD.encode() not in parts(built)
    assert WORD not in repr(built)


def test_a_text_that_was_written_into_a_spec_becomes_a_reference():
    spec = executor_spec(ExecutorSpec(name="secretive", options={"password": WORD, "proofs": "p"}))
    assert spec.options == {"password": Secret(WORD).reference(), "proofs": "p"}


def test_secrets_of_the_lattice_of_closures_and_of_sublattices_come_along():
    words = [f"{WORD} {number}" for number in range(4)]
    closed_over, inner, outer, around = map(secretive, words)

    @ct.electron
    @ct.lattice
    def below(x):
        return ct.electron(work.function, executor=inner)(x)

    @ct.electron
    def closing(x):
        return repr(closed_over)

    @ct.lattice(executor=outer, workflow_executor=around)
    def workflow():
        return closing(below(1))

    built = workflow.build_graph()
    assert sorted(built.secrets.values()) == words
    assert WORD.encode() not in parts(built)
    assert {one for spec in built.graph.executors for one in references(spec.options)} == {
        outer.password.id,
        around.password.id,
    }


def test_the_source_of_a_function_is_shown_without_the_secret_in_its_decorator():
    @ct.electron(executor=SecretiveExecutor(password="in the 'line' ü"))
    def task(x):
        return x

    @ct.lattice(executor=SecretiveExecutor(password="of the lattice"))
    def workflow():
        return task(1)

    built = workflow.build_graph()
    assert "def task" in built.graph.functions[0].source
    assert built.graph.functions[0].source.startswith(f'@ct.electron(executor=SecretiveExecutor(password="{MASK}"')
    assert built.graph.source.startswith(f'@ct.lattice(executor=SecretiveExecutor(password="{MASK}"')
    assert b"of the lattice" not in parts(built)


def test_a_secret_that_takes_another_way_is_warned_of():
    text = "taken " + WORD

    @ct.electron
    def task(x):
        return text

    @ct.lattice
    def workflow(executor_text):
        executor = SecretiveExecutor(password="written " + "here indeed")
        guarded = ct.electron(work.function, executor=SecretiveExecutor(password=text))
        return ct.electron(guarded, executor=executor)(task(executor_text)), guarded(1)

    with pytest.warns(UserWarning, match="a secret of an executor also stands in") as warned:
        workflow.build_graph(text)
    said = sorted(str(warning.message).split(", from where")[0] for warning in warned)
    assert said == [
        "The text of a secret of an executor also stands in an argument, the function task, the lattice workflow",
        "The text of a secret of an executor also stands in the lattice workflow",
    ]


def test_a_sublattice_refers_to_what_it_brought_and_returns_no_text():
    inner = secretive()

    @ct.electron
    @ct.lattice
    def below(x):
        return ct.electron(work.function, executor=inner)(x)

    @ct.lattice
    def workflow():
        return below(1)

    built = workflow.build_graph()
    # As in a worker, where nobody knows the text.
    builder = loads(built.values[built.graph.functions[0].digest])
    child = decode_submission(builder(1))
    assert child.secrets == {}
    assert [spec.options for spec in child.graph.executors] == [{"password": Secret(WORD).reference()}]


def test_a_secret_that_is_made_in_the_task_of_a_sublattice_is_refused():
    @ct.electron
    @ct.lattice
    def below(x):
        from tests.support.secretive import SecretiveExecutor

        return ct.electron(work.function, executor=SecretiveExecutor(password="made there"))(x)

    @ct.lattice
    def workflow():
        return below(1)

    built = workflow.build_graph()
    builder = loads(built.values[built.graph.functions[0].digest])
    with pytest.raises(
        WorkflowError, match="sublattice below uses an executor with a secret that was made in its task"
    ) as refused:
        builder(1)
    assert "made there" not in str(refused.value)


@pytest.mark.parametrize(
    ("secrets", "complaint"),
    [
        ({WORD: WORD}, "secrets has a key that is no id of a secret"),
        ({"0" * 32: ""}, "secrets holds a text of 0 characters; 1 to 65536 are allowed"),
        ({"0" * 32: WORD * 10_000}, "secrets holds a text of 150000 characters"),
        ({"0" * 32: 7}, "Expected `str`, got `int`"),
        ({7: WORD}, "Expected `str`, got `int`"),
        (WORD, "Expected `object`, got `str`"),
    ],
)
def test_a_submission_with_wrong_secrets_is_refused_without_showing_them(secrets: Any, complaint: str):
    @ct.lattice
    def workflow():
        return work(1)

    with pytest.raises(SubmissionError, match=complaint) as refused:
        decode_submission(encode_submission(replace(workflow.build_graph(), secrets=secrets)))
    assert WORD not in str(refused.value)
    assert WORD not in str(refused.value.__cause__)

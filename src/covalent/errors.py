"""Every error that Covalent raises on purpose.

::

    CovalentError
    ├── ConfigError               a setting is wrong; names the file, line and key
    ├── WorkflowError             the workflow's own code is wrong
    │   ├── HandleUseError        a handle was used as if it were its value
    │   ├── CycleError            tasks wait for one another
    │   ├── PickleError           something cannot travel; names the argument
    │   └── SubmissionError       what arrived is not a well-formed workflow; names the place
    ├── ClientError               the client and a server did not come to terms
    │   ├── ServerUnreachableError
    │   │   └── InterruptedServerError
    │   ├── AuthenticationError
    │   ├── VersionMismatchError
    │   ├── NotFoundError
    │   └── RequestError          the server refused the request and said why
    ├── ServerError               a server cannot start or go on
    │   ├── AlreadyRunningError
    │   ├── PortInUseError
    │   ├── AddressError
    │   └── StoreError
    │       ├── IllegalTransitionError
    │       ├── NotEndedError
    │       ├── NewerDatabaseError
    │       ├── CorruptDatabaseError
    │       ├── DiskFullError
    │       └── StoreUnavailableError
    ├── ExecutorError             an executor cannot be had or refuses its settings
    │   ├── UnknownExecutorError
    │   ├── ThrottledError        a service wants fewer calls
    │   ├── ServiceUnreachableError   no answer came from a service
    │   ├── WithdrawnError        nobody wants any more what was about to be sent
    │   ├── SecretError           a secret cannot be kept, or is not known where it is needed
    │   ├── BucketNotFoundError   a bucket does not exist
    │   ├── ObjectNotFoundError   a bucket does not hold what should be there
    │   └── ObjectTooLargeError   a bucket holds more there than can be read
    ├── EmulatorError             an emulator cannot start, or is asked for what it cannot do
    ├── DeployError               cloud resources cannot be made, looked at or removed
    ├── ImageError                a container image cannot be built or pushed
    ├── IntegrityError            bytes are not what their digest says
    └── TaskError                 a task did not complete; raised by ``Result``

``retryable`` says whether the same call may succeed later with nothing changed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from .troubles import Trouble


def hint(name: str, known: Iterable[str]) -> str:
    """A sentence, after a space, that names the nearest of the known names; empty if none is near."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


class CovalentError(Exception):
    """The root of the tree."""

    #: Which trouble it is, if it is one that can be put in a word.
    trouble: Trouble | None = None

    #: Whether the same call may succeed later with nothing changed.
    retryable: bool = False


class ConfigError(CovalentError):
    """A setting is wrong, unknown or unreadable."""

    trouble = Trouble.WRONG_SETTING


class WorkflowError(CovalentError):
    """The workflow's own code is wrong."""


class HandleUseError(WorkflowError):
    """A handle was used where only its value would do."""


class CycleError(WorkflowError):
    """Tasks wait for one another, so none of them could ever start."""


class PickleError(WorkflowError):
    """Something that has to travel cannot be pickled."""


class SubmissionError(WorkflowError):
    """What arrived as a workflow is not a well-formed one."""


class ClientError(CovalentError):
    """The client and a server did not come to terms."""


class ServerUnreachableError(ClientError):
    """Nothing answers at the server's address."""

    retryable = True

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"No Covalent server answers at {address} ({reason}). Start one with "
            "'covalent start', or set COVALENT_DISPATCHER_ADDR to the address of yours."
        )
        self.address = address


class InterruptedServerError(ServerUnreachableError):
    """The server was there and went away before it had answered; it may be starting again."""


class AuthenticationError(ClientError):
    """The server did not accept the token."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"The Covalent server at {address} did not accept the token. Set COVALENT_TOKEN to "
            "the contents of the file 'token' in that server's data directory."
        )
        self.address = address


class VersionMismatchError(ClientError):
    """Client and server are too far apart to understand one another."""

    def __init__(self, client: str, server: str) -> None:
        super().__init__(
            f"This client is Covalent {client}, the server is {server}. "
            "Install the same version on both sides, then run 'covalent restart'."
        )
        self.client, self.server = client, server


class NotFoundError(ClientError):
    """The server knows nothing by that name."""


class RequestError(ClientError):
    """The server refused the request; the message is the server's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.retryable = status in (429, 503)


class ServerError(CovalentError):
    """A server cannot start or cannot go on."""


class AlreadyRunningError(ServerError):
    """Another server owns the data directory."""

    def __init__(self, data_dir: str, pid: int | None, address: str | None) -> None:
        who = f"process {pid}" if pid else "another process"
        where = f" at {address}" if address else ""
        super().__init__(
            f"A Covalent server ({who}) already runs{where} on the data directory {data_dir}. "
            "Stop it with 'covalent stop', or give this one a directory of its own in COVALENT_DATA_DIR."
        )
        self.pid, self.address = pid, address


class PortInUseError(ServerError):
    """Something else listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Port {port} on {host} is taken by another program. Choose another with "
            "'covalent start -p PORT' or COVALENT_SVC_PORT."
        )
        self.host, self.port = host, port


class AddressError(ServerError):
    """The server cannot listen where it should."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"The server cannot listen on {host}, port {port} ({reason}). Set dispatcher.address to a name or address of this "
            "machine, and choose a port above 1023."
        )
        self.host, self.port = host, port


class StoreError(ServerError):
    """The database refused or failed."""


class IllegalTransitionError(StoreError):
    """A change of state that the transition table does not hold, or that came too late."""

    def __init__(self, dispatch_id: str, node_id: int | None, source: str, target: str) -> None:
        what = f"dispatch {dispatch_id}" if node_id is None else f"task {node_id} of {dispatch_id}"
        super().__init__(
            f"{what} cannot go from {source} to {target}: it is no longer {source}, or the table has no such step"
        )
        self.dispatch_id, self.node_id = dispatch_id, node_id
        self.source, self.target = source, target


class NotEndedError(StoreError):
    """A dispatch cannot be deleted while it runs."""

    def __init__(self, dispatch_id: str, status: str) -> None:
        super().__init__(
            f"Dispatch {dispatch_id} is {status} and cannot be deleted. Wait for it, or end it with 'covalent cancel'."
        )
        self.dispatch_id = dispatch_id


class NewerDatabaseError(StoreError):
    """The database was written by a later version of this program."""

    def __init__(self, where: str, found: int, known: int) -> None:
        super().__init__(
            f"The database {where} has schema {found}; this program knows {known} at most. "
            "Install the version of Covalent that wrote it, or a later one."
        )


class CorruptDatabaseError(StoreError):
    """The database file is not a database or is damaged."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"The database {where} is damaged ({reason}). Nothing was changed. Restore it from a "
            "backup, or move it away and start afresh with 'covalent start'."
        )


class DiskFullError(StoreError):
    """There is no room left to write what must be durable."""

    retryable = True

    def __init__(self, where: str) -> None:
        super().__init__(f"No space is left to write to {where}. Free some space; the work then goes on by itself.")


class StoreUnavailableError(StoreError):
    """The database does not answer, or somebody else keeps it busy."""

    retryable = True

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"The database {where} cannot be used at the moment ({reason.strip()}). Nothing that was stored is lost; "
            "the work goes on by itself once it can be used again."
        )
        self.where = where


class ExecutorError(CovalentError):
    """An executor refuses its settings or cannot do its work."""

    def __init__(self, message: str, *, trouble: Trouble | None = None) -> None:
        super().__init__(message)
        self.trouble = trouble or type(self).trouble


class UnknownExecutorError(ExecutorError):
    """No executor has that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        super().__init__(f"There is no executor {name!r}.{hint(name, names)} Known here: {', '.join(names)}.")
        self.name = name


class ThrottledError(ExecutorError):
    """A service wants fewer calls; nothing was done."""

    retryable = True


class ServiceUnreachableError(ExecutorError):
    """No answer came from a service; what was asked may have been done or not."""

    retryable = True
    trouble = Trouble.UNREACHABLE


class WithdrawnError(ExecutorError):
    """Tasks were cancelled before a service had taken them, and none of them runs."""


class SecretError(ExecutorError):
    """A secret cannot be kept, or its text is not known where it is needed."""


class BucketNotFoundError(ExecutorError):
    """A bucket does not exist, or exists no more."""

    trouble = Trouble.MISSING_BUCKET


class ObjectNotFoundError(ExecutorError):
    """Nothing lies at a place in a bucket where something is expected."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"Nothing lies at {uri}: it was deleted, or the bucket is another one. Run the workflow again to have it made again."
        )
        self.uri = uri


class ObjectTooLargeError(ExecutorError):
    """What lies at a place in a bucket is longer than anything that belongs there."""

    def __init__(self, uri: str, size: int, limit: int) -> None:
        super().__init__(f"{uri} has {size:,} bytes, and at most {limit:,} were expected. It was not read.")


class EmulatorError(CovalentError):
    """An emulator cannot start, or is asked for what it cannot do."""


class DeployError(CovalentError):
    """Cloud resources cannot be made, looked at or removed as they were asked for."""


class ImageError(CovalentError):
    """A container image cannot be built or pushed as it was asked for."""


class IntegrityError(CovalentError):
    """Bytes are not what their digest says."""

    def __init__(self, digest: str, what: str = "payload") -> None:
        super().__init__(
            f"The {what} {digest[:12]} is damaged: its bytes do not match its digest. "
            "It was not opened. Run the workflow again, or restore the data directory from a backup."
        )
        self.digest = digest


class TaskError(CovalentError):
    """A task did not complete; ``cause`` says why, ``remote_traceback`` where."""

    def __init__(
        self,
        message: str,
        *,
        cause: str | None = None,
        node_id: int | None = None,
        remote_traceback: str = "",
        log_tail: str = "",
    ) -> None:
        parts = [message]
        if remote_traceback:
            parts.append(remote_traceback.rstrip())
        if log_tail:
            parts.append("Last lines of its output:\n" + log_tail.rstrip())
        super().__init__("\n\n".join(parts))
        self.message, self.cause, self.node_id = message, cause, node_id
        self.remote_traceback, self.log_tail = remote_traceback, log_tail

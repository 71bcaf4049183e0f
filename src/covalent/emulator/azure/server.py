"""The emulator of Azure as a whole: started, used, stopped."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from ...errors import EmulatorError
from ..calls import Calls
from ..control import Control
from ..faults import Faults
from ..hosts import make_host
from ..http import listen
from .application import AzureApplication
from .batch import HOLD_REASON, BatchApplication, PoolSettings
from .gate import Gate
from .identity.batch_access import BatchAccess
from .identity.metadata import Metadata, MetadataServers
from .identity.principals import by_id
from .identity.sign_in import SignIn
from .identity.tokens import Tokens
from .settings import AzureSettings
from .storage.access import StorageAccess
from .storage.azurite import Azurite
from .storage.gateway import Gateway

#: Source: https://learn.microsoft.com/azure/storage/common/storage-account-overview (storage account name)
_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")


class AzureEmulator:
    """Serves from the moment it is made until :meth:`stop`."""

    def __init__(self, settings: AzureSettings) -> None:
        """:raises EmulatorError: if it cannot start"""
        if not _ACCOUNT.fullmatch(settings.storage_account):
            raise EmulatorError(
                f"{settings.storage_account!r} is no name of a storage account, which has 3 to 24 lower-case letters and digits."
            )
        self._settings = settings
        self._keys = {name: base64.b64encode(secrets.token_bytes(64)).decode() for name in ("batch", "storage")}
        faults, calls = Faults(hold_reason=HOLD_REASON), Calls()
        gate, tokens = Gate(faults, calls), Tokens(settings.token_lifetime_s)
        http = listen(settings.host, settings.port)
        self._storage = Gateway(settings.host, settings.storage_port)
        self.endpoint = http.address.url
        metadata = Metadata(by_id(settings.identities), tokens, gate)
        self._machines = MetadataServers(settings.host, metadata)
        with ExitStack() as parts:
            host = node_host = make_host(settings.containers)
            parts.callback(host.close)
            if settings.containers != "none":
                node_host = make_host("none")
                parts.callback(node_host.close)
            for fault in settings.faults:
                faults.add(fault)
            self._start_storage(parts, StorageAccess(settings.storage_account, settings.application, tokens), gate)
            parts.callback(self._machines.stop)
            batch = BatchApplication(
                settings.batch,
                host=host,
                node_host=node_host,
                faults=faults,
                calls=calls,
                authenticate=BatchAccess(settings.batch.account, self._keys["batch"], tokens),
                variables=self._variables,
            )
            batch.start(self.endpoint)
            parts.callback(batch.stop)
            clients = metadata.of_machine([each.client_id for each in settings.identities], "client")
            sign_in = SignIn(settings.application, tokens)
            http.start(AzureApplication(batch, sign_in, clients, gate, Control(faults, calls)))
            parts.callback(http.stop)
            self._parts = parts.pop_all()

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which clients on this machine find it, and the keys of its accounts."""
        return {
            "COVALENT_AZURE_BATCH_ENDPOINT": self.endpoint,
            "COVALENT_AZURE_STORAGE_ENDPOINT": self._storage.address.url,
            "COVALENT_AZURE_AUTHORITY": self.endpoint,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": self.endpoint,
            "AZURE_BATCH_ACCOUNT": self._settings.batch.account,
            "AZURE_BATCH_ACCESS_KEY": self._keys["batch"],
            "AZURE_STORAGE_CONNECTION_STRING": self._connection_string(self._storage.address.url),
        }

    def stop(self) -> None:
        """End all tasks, and serve no more."""
        self._parts.close()

    def _start_storage(self, parts: ExitStack, access: StorageAccess, gate: Gate) -> None:
        account, key = self._settings.storage_account, self._keys["storage"]
        azurite = Azurite(account, key)
        parts.callback(azurite.stop)
        self._create_containers(azurite)
        self._storage.start(azurite.url, account, key, access, gate)
        parts.callback(self._storage.stop)

    def _variables(self, pool: PoolSettings) -> Mapping[str, str]:
        """What tasks of a pool find their surroundings with."""
        return {
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": self._machines.address(pool.identities).url,
            "COVALENT_AZURE_STORAGE_ENDPOINT": self._storage.address.url,
        }

    def _connection_string(self, url: str) -> str:
        account = self._settings.storage_account
        return (
            f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={self._keys['storage']};"
            f"BlobEndpoint={url}/{account};"
        )

    def _create_containers(self, azurite: Azurite) -> None:
        with BlobServiceClient.from_connection_string(self._connection_string(azurite.url)) as client:
            for name in self._settings.blob_containers:
                try:
                    client.create_container(name)
                except (AzureError, ValueError) as error:
                    raise EmulatorError(f"The container {name!r} cannot be created: {error}") from error

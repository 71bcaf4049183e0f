"""Answers that show entities: one, or a page of a list of them.

Source: https://learn.microsoft.com/azure/batch/batch-efficient-list-queries
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...http import Response
from .odata import View, compile_filter, compile_select, paginate
from .wire import Call, Version, answer


@dataclass(frozen=True, kw_only=True)
class EntitySet:
    """Entities of one kind."""

    account_url: str
    name: str  #: In the metadata of answers.
    properties: frozenset[str]  #: By which they can be filtered, and which can be selected.

    def page(self, call: Call, views: Iterable[View], url: str) -> Response:
        """What is asked for of a list.

        :param views: all that is in it
        :param url: of the list, without a query
        :raises RefusalError: if the query is none
        """
        fits = compile_filter(call.query.get("$filter", ""), self.properties)
        select = compile_select(call.query.get("$select", ""), self.properties)
        shown, link = paginate([view for view in views if fits(view)], call.query, url)
        body = {"odata.metadata": self._metadata, "value": [select(view) for view in shown]}
        return answer(200, body if link is None else {**body, "odata.nextLink": link})

    def element(self, call: Call, view: View, version: Version | None = None) -> Response:
        """What is asked for of one.

        :raises RefusalError: if the query is none
        """
        select = compile_select(call.query.get("$select", ""), self.properties)
        return answer(200, {"odata.metadata": f"{self._metadata}/@Element", **select(view)}, version=version)

    @property
    def _metadata(self) -> str:
        return f"{self.account_url}/$metadata#{self.name}"

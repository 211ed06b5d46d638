"""The checks by name, and which resource each is for. One table, which the suite and the command both go through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import ValidationError

from gateway.conformance import filtering, reading, writing
from gateway.conformance.api import Api, Broken, Unmade
from gateway.conformance.subject import Subject


@dataclass(frozen=True, slots=True)
class Check:
    """`run` raises Broken when the contract is not kept. needs: the standard operations that it uses; writes: whether it makes
    records; everywhere: whether it is about every contract, or about the newest alone.
    """

    run: Callable[[Api, Subject, str], None]
    needs: tuple[str, ...] = ()
    writes: bool = False
    everywhere: bool = False

    @property
    def name(self) -> str:
        """What is checked, as a sentence."""
        return self.run.__name__.replace("_", " ")

    def dates(self, subject: Subject) -> Sequence[str]:
        """The contracts that it is to be run in; none where the resource has not what it needs."""
        if not subject.can(*self.needs):
            return ()
        return subject.dates if self.everywhere else subject.dates[:1]


CHECKS: Final = (
    Check(writing.what_is_created_is_read_back_as_it_was_sent, ("create",), writes=True, everywhere=True),
    Check(writing.a_deleted_record_is_gone, ("create", "delete"), writes=True),
    Check(writing.a_patch_keeps_what_it_does_not_name, ("create", "update"), writes=True, everywhere=True),
    Check(writing.an_object_of_names_is_no_larger_than_an_import_takes, ("create", "update"), writes=True),
    Check(writing.null_clears_a_list_or_an_object_of_names, ("create", "update", "get"), writes=True, everywhere=True),
    Check(writing.an_empty_patch_changes_nothing, ("create", "update"), writes=True),
    Check(writing.null_on_a_field_that_cannot_be_empty_is_refused, ("update",)),
    Check(writing.system_fields_and_strangers_never_reach_the_service, ("create",), everywhere=True),
    Check(
        reading.a_listed_record_has_the_fields_of_the_model_and_is_the_one_at_its_address, ("search",), everywhere=True
    ),
    Check(reading.there_is_no_bare_list, ("search",)),
    Check(reading.a_walk_meets_every_record_once_in_either_direction, ("search",), everywhere=True),
    Check(reading.a_record_that_does_not_exist_is_not_found, ("get",)),
    Check(reading.several_records_are_read_in_the_order_of_their_ids, ("search", "get_many"), everywhere=True),
    Check(reading.ids_of_another_kind_are_refused_at_their_place, ("get_many",)),
    Check(reading.an_id_of_another_kind_is_not_found_without_any_call),
    Check(reading.an_unknown_query_parameter_is_refused),
    Check(filtering.each_field_and_operator_is_answered_or_refused_with_what_is_allowed, ("search",), everywhere=True),
    Check(filtering.what_eq_finds_has_that_value, ("search",)),
    Check(filtering.groups_mean_what_they_say, ("search",)),
    Check(filtering.a_search_that_cannot_be_is_refused_at_its_place, ("search",)),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one check of one resource in one contract. `broken`: how it is not kept; `unmade`: why it could not be
    made; both are empty when the contract is kept.
    """

    resource: str
    check: str
    contract: str
    broken: str = ""
    unmade: str = ""


class Cleaning:
    """An `Api` that remembers what was made through it, and can take it away again."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._made: list[tuple[str, str]] = []
        self.left: list[str] = []

    def call(self, method: str, path: str, body: object = None, **more: object) -> httpx.Response:
        """See `Api`."""
        answer = self._api.call(method, path, body, **more)  # type: ignore[arg-type] # passed on as it came
        if answer.status_code == 201:
            self._made.append((f"{path}/{answer.json()['data']['id']}", str(more["version"])))
        return answer

    def counted(self) -> int | None:
        """See `Api`."""
        return self._api.counted()

    def clean(self) -> None:
        """Delete what was made. What cannot be deleted is in `left`."""
        for path, version in self._made:
            if self._api.call("DELETE", path, version=version).status_code not in (204, 404):
                self.left.append(path)
        self._made.clear()


def run(api: Cleaning, subjects: Sequence[Subject], *, writes: bool) -> Iterator[Result]:
    """Every check that fits, one result each, what was made for it deleted again. `writes`: also those that make records."""
    for subject in subjects:
        for check in CHECKS:
            for date in check.dates(subject):
                if writes or not check.writes:
                    yield Result(subject.resource.path, check.name, date, *_made(check, api, subject, date))
                    api.clean()


def _made(check: Check, api: Api, subject: Subject, date: str) -> tuple[str, str]:
    """Why the contract is not kept, and why the check could not be made."""
    try:
        check.run(api, subject, date)
    except Broken as error:
        return str(error), ""
    except Unmade as reason:
        return "", str(reason)
    except (KeyError, LookupError, TypeError, ValueError, ValidationError) as error:
        # An answer that is not even of the form that the check looks into.
        return f"an answer has not the form of the contract: {type(error).__name__}: {error}", ""
    return "", ""

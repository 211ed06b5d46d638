"""Faults of the translators: filters, pages, moments, amounts, ids, bodies and what services answer."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FILTERS = "adapters/core/request/filters.py"
SEARCH = "adapters/core/request/search_request.py"
GROUPS = ("tests/adapters/test_filters.py",)
CURSORS = (
    "tests/attacks/test_cursors.py",
    "-k",
    "one_query or one_tenant or one_contract or one_collection or expires",
)
KEYSET = ("tests/laws/test_keyset.py",)
ANCHORED = ("tests/laws/test_anchored_listing.py",)
VALUES = ("tests/adapters/test_values.py",)
WHOLE = ("tests/laws/test_whole_lists.py",)
AMOUNTS = ("tests/laws/test_decimals.py", "tests/adapters/test_paired.py")
IDS = ("tests/laws/test_alphabets.py",)
REFUSALS = ("tests/adapters/test_refusals.py", "tests/adapters/test_guarded.py")

MUTANTS = (
    Mutant("gt is asked as gte", FILTERS, '"gt": "gt",', '"gt": "gte",', GROUPS),
    Mutant("any means all", FILTERS, '{"all": "and", "any": "or"}', '{"all": "and", "any": "and"}', GROUPS),
    Mutant(
        "not is left out",
        FILTERS,
        'return {"not": self._node(inner, (*at, key), depth + 1, leaves, errors)}',
        "return self._node(inner, (*at, key), depth + 1, leaves, errors)",
        GROUPS,
    ),
    Mutant(
        "an address that is none is unlike every address",
        FILTERS,
        'return {"and": [{"field": held, "op": "notNull"}, {"not": some}]} if operator in _UNLIKE else some',
        'return {"not": some} if operator in _UNLIKE else some',
        GROUPS,
    ),
    Mutant("groups nest one level deeper", FILTERS, "if depth == MOST_DEPTH:", "if depth > MOST_DEPTH:", GROUPS),
    Mutant(
        "one condition more is taken",
        FILTERS,
        "if len(leaves) > MOST_LEAVES or len(nodes) > MOST_LEAVES:",
        "if len(leaves) > MOST_LEAVES + 1 or len(nodes) > MOST_LEAVES + 1:",
        GROUPS,
    ),
    Mutant(
        "between takes one value",
        FILTERS,
        'if operator == "between" and len(values) != 2:',
        'if operator == "between" and len(values) > 2:',
        GROUPS,
    ),
    Mutant(
        "a value for an operator that takes none is overlooked",
        FILTERS,
        'given = [key for key in ("value", "values") if node.get(key) is not None]',
        "given: list[str] = []",
        GROUPS,
    ),
    Mutant(
        "the direction of a search is turned round",
        SEARCH,
        'told("sort_direction") != "asc",',
        'told("sort_direction") == "asc",',
        WHOLE,
    ),
    Mutant(
        "a cursor is good for another text",
        SEARCH,
        "[scope, window.where, window.text, window.order_by",
        "[scope, window.where, window.order_by",
        CURSORS,
    ),
    Mutant(
        "a cursor is good for another collection",
        SEARCH,
        "return [scope, window.where,",
        "return [window.where,",
        CURSORS,
    ),
    Mutant(
        "a full last page leads on to an empty one",
        "adapters/core/paging/keyset.py",
        "if len(rows) > window.limit:",
        "if len(rows) >= window.limit:",
        KEYSET,
    ),
    Mutant(
        "the total changes from page to page",
        "adapters/core/paging/keyset.py",
        "total = window.position[2]",
        "total = found.total",
        KEYSET,
    ),
    Mutant(
        "a walk downwards counts its place upwards",
        "adapters/core/paging/anchors.py",
        "sum(key > own if window.descending else key < own for key in keys)",
        "sum(key < own for key in keys)",
        ANCHORED,
    ),
    Mutant(
        "a walk whose anchor is not in the window goes on from its start",
        "adapters/core/paging/anchored_walk.py",
        "return boundary == 0 and seen.start > 0",
        "return False",
        ANCHORED,
    ),
    Mutant(
        "the witness between two windows is left out",
        "adapters/core/paging/anchored_walk.py",
        "seen.start + boundary - 1, MOST_ROWS)",
        "seen.start + boundary, MOST_ROWS)",
        ANCHORED,
    ),
    Mutant(
        "a bound between two milliseconds moves onto one",
        "adapters/core/declare/timestamps.py",
        "moment = moment.replace(microsecond=moment.microsecond + 1)",
        "moment = moment.replace(microsecond=moment.microsecond)",
        GROUPS,
    ),
    Mutant(
        "a leap second is the second before it",
        "adapters/core/declare/timestamps.py",
        "        raise ValueError(value)\n    return after",
        "        raise ValueError(value)\n    return before",
        VALUES,
    ),
    Mutant(
        "an amount of minus nothing keeps its sign",
        "adapters/core/declare/kinds/money.py",
        "amount = amount or abs(amount)",
        "amount = Decimal(value)",
        AMOUNTS,
    ),
    Mutant(
        "an amount may have one decimal more than its currency",
        "adapters/core/declare/kinds/money.py",
        "-exponent > digits:",
        "-exponent > digits + 1:",
        ("tests/adapters/test_values.py", "tests/adapters/test_nested_records.py"),
    ),
    Mutant(
        "an amount has the digits of the service",
        "adapters/core/declare/currencies.py",
        'return f"{amount.quantize(quantum):f}"',
        'return f"{amount:f}"',
        AMOUNTS,
    ),
    Mutant(
        "the fixed start of an id is handed out",
        "adapters/core/declare/ids.py",
        "return self.prefix + str(internal).removeprefix(self.cut)",
        "return self.prefix + str(internal)",
        IDS,
    ),
    Mutant(
        "an id may be one character too long among many",
        "adapters/core/declare/alphabets.py",
        "len(start) + last.most + 1)",
        "len(start) + last.most + 2)",
        IDS,
    ),
    Mutant(
        "0 is an id",
        "adapters/core/declare/ids.py",
        "return not ids or (min(ids) >= 1 and",
        "return not ids or (min(ids) >= 0 and",
        IDS,
    ),
    Mutant(
        "an id that cannot be read back is handed out",
        "adapters/core/answer/generated.py",
        "if ids[{place}] and not {source.bind(fits, 'fits')}(ids[{place}]):",
        "if not ids[{place}] and not {source.bind(fits, 'fits')}(ids[{place}]):",
        IDS,
    ),
    Mutant(
        "null clears nothing",
        "adapters/core/request/to_service.py",
        "value = self._cleared.get(name) if written is None else written",
        "value = written",
        ("tests/adapters/test_values.py", "tests/adapters/test_golden.py", "tests/laws/test_translation.py"),
    ),
    Mutant(
        "a bad value is answered as null and not named",
        "adapters/core/answer/careful.py",
        "                pointers.append(where)\n",
        "",
        ("tests/adapters/test_degraded.py",),
    ),
    Mutant(
        "a service's words about a guarded member are passed on",
        "adapters/core/answer/refusals.py",
        "in refusals.untold else texts",
        "in () else texts",
        REFUSALS,
    ),
    Mutant(
        "a service that forbids is told as a conflict",
        "adapters/core/answer/refusals.py",
        "            return RoleForbids()",
        "            return Conflict()",
        REFUSALS,
    ),
    Mutant(
        "the place of a refused line is always the first",
        "adapters/core/answer/refusals.py",
        'found = found.replace("#", place, 1)',
        'found = found.replace("#", "0", 1)',
        ("tests/adapters/test_refusals.py", "tests/adapters/test_nested_records.py"),
    ),
)

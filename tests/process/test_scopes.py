from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import OWN, RESOURCES, RESTRICTED_FAMILIES
from adapters.core.compile.scopes import Scopes
from adapters.core.declare.record import guarded
from gateway.auth import scopes
from gateway.config.policies import default_roles
from gateway.config.settings import Settings
from gateway.deployment import built_in, warnings

OFFERED = built_in().scopes
FAMILY, OTHER = OFFERED.families[:2]


@dataclass
class Role:
    allow: tuple[str, ...]
    deny: tuple[str, ...] = ()


def left(*asked: str, allow: tuple[str, ...], deny: tuple[str, ...] = ()) -> frozenset[str]:
    return scopes.effective(OFFERED, frozenset(asked), "role", {"role": Role(allow, deny)})


def test_all_of_a_family_is_read_write_and_delete() -> None:
    assert left(f"{FAMILY}.all", allow=("*",)) == {f"{FAMILY}.read", f"{FAMILY}.write", f"{FAMILY}.delete"}


def test_what_the_role_denies_is_gone_even_from_all() -> None:
    assert left(f"{FAMILY}.all", allow=("*",), deny=(f"{FAMILY}.delete",)) == {f"{FAMILY}.read", f"{FAMILY}.write"}


@pytest.mark.parametrize(
    ("pattern", "kept"), [("*.read", {"read"}), (f"{FAMILY}.*", {"read", "write", "delete"}), ("other.*", set())]
)
def test_a_pattern_allows_what_it_matches(pattern: str, kept: set[str]) -> None:
    assert left(f"{FAMILY}.all", allow=(pattern,)) == {f"{FAMILY}.{action}" for action in kept}


def test_a_role_that_is_not_configured_may_do_nothing() -> None:
    assert scopes.effective(OFFERED, OFFERED.known, "stranger", {}) == frozenset()


@given(st.sets(st.sampled_from(sorted(OFFERED.known)) | st.text(max_size=20)), st.sampled_from(["owner", "viewer"]))
def test_a_role_never_adds_to_what_the_token_asks(asked: set[str], role: str) -> None:
    kept = scopes.effective(OFFERED, frozenset(asked), role, default_roles())
    assert kept <= OFFERED.expanded(asked) <= OFFERED.single


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        (("*",), False),
        (("*.read",), False),
        (("*.*",), False),
        ((f"{FAMILY}.*",), True),
        ((f"{FAMILY}.read", "*"), True),
        (("**",), True),
    ],
)
def test_a_restricted_family_is_granted_by_its_name_or_by_everything(patterns: tuple[str, ...], kept: bool) -> None:
    granted = scopes.granted(Scopes(OFFERED.ordered, frozenset({FAMILY})), patterns)
    assert (f"{FAMILY}.read" in granted) is kept
    assert (f"{OTHER}.read" in granted) is (patterns != (f"{FAMILY}.*",))


@pytest.mark.parametrize(
    ("allow", "told"),
    [
        (["*"], ["roles.clerk.allow"]),
        (["*", f"{FAMILY}.*"], []),
        (["**"], []),
        (["*.read"], []),
    ],
)
def test_a_role_that_looks_like_everything_and_names_no_restricted_family_is_warned_of(
    allow: list[str], told: list[str]
) -> None:
    settings = Settings.model_validate({"roles": {"clerk": {"allow": allow}}})
    assert [each.path for each in warnings(settings, frozenset({FAMILY}))] == told
    assert list(warnings(settings, frozenset())) == []


def test_the_scopes_are_those_that_an_operation_or_an_event_needs() -> None:
    needed = {scope for operation in built_in().operations() for scope in operation.scopes}
    members = {family for resource in RESOURCES for family in guarded(resource.model).values()}
    needed |= {f"{family}.{action}" for family in members for action in ("read", "write")}
    needed |= {each.scope for each in built_in().events().named.values()}
    needed |= {scope for each in OWN for scope in each.scopes}
    assert needed == OFFERED.single


# contract-waves.md, section 9.
ROLES = {
    "owner": (("**",), ()),
    "admin": (("**",), ()),
    "manager": (
        ("*", "leave_request.*", "attendance.read", "approval.write", "webhook.read"),
        ("company.delete", "deal.delete", "invoice.delete", "project.delete", "employee.write"),
    ),
    "member": (
        ("*.read", "*.write", "leave_request.write"),
        (
            *("employee.write", "invoice.write", "payment.*", "expense.read", "account.read", "contract.read"),
            *("product.write", "inventory.write"),
        ),
    ),
    "viewer": (("*.read",), ("payment.*", "expense.*", "account.read", "contract.read")),
}
# What each of them has of the restricted families, when all of these are there.
RESTRICTED = {
    "manager": {"leave_request.read", "leave_request.write", "attendance.read", "approval.write", "webhook.read"},
    "member": {"leave_request.write"},
    "viewer": set[str](),
}


@pytest.mark.parametrize("role", ROLES)
def test_the_default_roles_are_those_of_the_contract_as_far_as_there_are_such_scopes(role: str) -> None:
    known = [tuple(pattern for pattern in patterns if scopes.matching(OFFERED, (pattern,))) for patterns in ROLES[role]]
    assert [tuple(default_roles()[role].allow), tuple(default_roles()[role].deny)] == known


@pytest.mark.parametrize("role", RESTRICTED)
@pytest.mark.parametrize("family", sorted(RESTRICTED_FAMILIES))
def test_a_role_has_of_a_restricted_family_what_the_contract_says_and_no_more(family: str, role: str) -> None:
    those = {scope for scope in OFFERED.ordered if scope.partition(".")[0] == family}
    assert those
    assert scopes.allowed(OFFERED, role, default_roles()) & those == RESTRICTED[role] & those


@pytest.mark.parametrize(
    ("test", "told"),
    [({}, ["test.sandbox_url"]), ("off", []), ({"sandbox_url": "http://sandbox:8200"}, [])],
)
def test_sandboxes_beside_each_of_several_instances_are_warned_of(
    test: dict[str, str] | str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "k" * 40)
    keys = {"service_key": {"env": "KEY"}, "control_key": {"env": "KEY"}}
    several = {"server": {"replicas": 2}, "test": {**test, **keys} if isinstance(test, dict) and test else test}
    assert [each.path for each in warnings(Settings.model_validate(several), frozenset())] == told
    alone = Settings.model_validate({**several, "server": {"replicas": 1}})
    assert list(warnings(alone, frozenset())) == []


def test_no_default_role_is_warned_of() -> None:
    assert list(warnings(Settings.model_validate({}), OFFERED.restricted)) == []


@pytest.mark.parametrize("before", [("*",), ("*.read",), ("*.write",), ("*.read", "*.write", "*.delete"), ("*.all",)])
def test_a_role_that_was_written_before_there_were_restricted_families_gains_none(before: tuple[str, ...]) -> None:
    assert not scopes.granted(OFFERED, before) & restricted()


def restricted() -> set[str]:
    return {scope for scope in OFFERED.ordered if scope.partition(".")[0] in RESTRICTED_FAMILIES}

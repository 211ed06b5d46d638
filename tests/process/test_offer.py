"""What a reload compiles again, and what it takes as it is from what runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway import deployment
from gateway.config import ConfigError, Settings, load
from gateway.config.services import Operation, Timeouts


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config.yaml").write_text("{}")
    return load(tmp_path / "config.yaml", {}, {})


@pytest.fixture
def former(settings: Settings) -> deployment.Offer:
    return deployment.checked(settings)


def crm(settings: Settings, **changed: Any) -> Settings:
    service = settings.services["crm"].model_copy(update=changed)
    return settings.model_copy(update={"services": {**settings.services, "crm": service}})


def test_settings_that_change_nothing_of_what_is_offered_have_nothing_compiled(
    settings: Settings, former: deployment.Offer
) -> None:
    slower = crm(settings, timeouts=Timeouts.model_validate({"total": "29s"}))
    assert slower != settings
    assert deployment.checked(slower, former) is former


def test_settings_that_change_what_is_offered_have_it_compiled(settings: Settings, former: deployment.Offer) -> None:
    without = crm(settings, operations={"contacts.get": Operation(enabled=False)})
    found = deployment.checked(without, former)
    changed = [
        new.name for old, new in zip(former.operations, found.operations, strict=True) if old.enabled != new.enabled
    ]
    assert changed == ["contacts.get"]
    fewer = settings.model_copy(update={"services": {"auth": settings.services["auth"]}})
    assert not any(each.enabled for each in deployment.checked(fewer, former).operations if each.service == "crm")


def test_what_is_wrong_is_found_whether_or_not_anything_is_compiled(
    settings: Settings, former: deployment.Offer
) -> None:
    owner = settings.roles["owner"].model_copy(update={"allow": ("nothing.read",)})
    wrong = settings.model_copy(update={"roles": {**settings.roles, "owner": owner}})
    with pytest.raises(ConfigError) as refused:
        deployment.checked(wrong, former)
    assert [fault.path for fault in refused.value.faults] == ["roles.owner.allow[0]"]

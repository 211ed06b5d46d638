"""The seeded rows of one tenant. On purpose among them: equal names and instants, nulls, several phones, odd alphabets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox import vocabulary as words
from sandbox.entities import ACTIVITIES, COMPANIES, CONTACTS, DEALS, NOTES, PIPELINES, TASKS
from sandbox.entity import Entity
from sandbox.moments import render_instant
from sandbox.scene import Row
from sandbox.seeds.scene import SeedScene

_FIRST = 1735689600000  # 2025-01-01
_HOUR = 3_600_000
_YEAR_OF_HOURS = 12_000
_PROPORTIONATE_UP_TO = 20_000
_STAGES = (
    ("New", 10, "open"),
    ("Qualified", 30, "open"),
    ("Proposal", 60, "open"),
    ("Won", 100, "won"),
    ("Lost", 0, "lost"),
)


@dataclass
class SeedTenant(SeedScene):
    """users: role by user id · contacts: how many. It is also the scene that the entities' rules look at."""

    users: dict[str, str] = field(default_factory=dict)
    contacts: int = 0

    def role_of(self, user_id: str) -> str | None:
        return self.users.get(user_id)

    def hex(self) -> str:
        return self.random.randbytes(12).hex()

    def keys(self, count: int) -> list[str]:
        return [self.hex() for _ in range(count)]

    def instant(self) -> str:
        """Whole hours, so that some rows share one."""
        return render_instant(_FIRST + int(self.random.random() * _YEAR_OF_HOURS) * _HOUR)

    def maybe(self, values: list[str], share: float = 0.6) -> str | None:
        return self.random.choice(values) if values and self.random.random() < share else None

    def make(self, entity: Entity, key: str, **given: Any) -> Row:
        created = self.instant()
        self.now = created
        row = entity.blank() | {"id": key, "tenantId": self.tenant_id, "createdAt": created} | given
        if entity.dated:
            row["updatedAt"] = max(created, self.instant())
        entity.settle(row, None, given, self)
        return row


def rows(tenant: SeedTenant) -> Iterator[tuple[Entity, list[Row]]]:
    pipelines = [_pipeline(tenant, "Sales", default=True), _pipeline(tenant, "Partners", default=False)]
    tenant.keep(PIPELINES, pipelines)
    yield PIPELINES, pipelines
    near = min(tenant.contacts, _PROPORTIONATE_UP_TO)
    companies, contacts, deals = tenant.keys(near // 10), tenant.keys(tenant.contacts), tenant.keys(near // 5)
    users = list(tenant.users)
    about = _About(tenant, contacts[:near], companies, deals, users)
    yield COMPANIES, [_company(tenant, key, users) for key in companies]
    yield CONTACTS, [_contact(tenant, key, number, companies, users) for number, key in enumerate(contacts)]
    yield DEALS, [_deal(about, key) for key in deals]
    yield TASKS, [_task(about, key) for key in tenant.keys(near * 3 // 10)]
    yield NOTES, [_note(about, key) for key in tenant.keys(near * 3 // 10)]
    yield ACTIVITIES, [_activity(about, key) for key in tenant.keys(near // 2)]


@dataclass
class _About:
    """What rows may refer to."""

    tenant: SeedTenant
    contacts: list[str]
    companies: list[str]
    deals: list[str]
    users: list[str]

    def links(self) -> dict[str, str | None]:
        maybe = self.tenant.maybe
        return {
            "contactId": maybe(self.contacts, 0.8),
            "companyId": maybe(self.companies),
            "dealId": maybe(self.deals, 0.3),
        }


def _pipeline(tenant: SeedTenant, name: str, *, default: bool) -> Row:
    stages = [
        {"id": tenant.hex(), "name": stage, "order": order, "probability": probability, "type": kind}
        for order, (stage, probability, kind) in enumerate(_STAGES, start=1)
    ]
    return tenant.make(PIPELINES, tenant.hex(), name=name, isDefault=default, stages=stages)


def _company(tenant: SeedTenant, key: str, users: list[str]) -> Row:
    choose = tenant.random.choice
    stem, kind = choose(words.COMPANY_STEMS), choose(words.COMPANY_KINDS)
    domain = f"{stem}-{kind}.example".lower() if tenant.random.random() < 0.9 else None
    city, state, code, country = choose(words.CITIES)
    address = {"line1": f"{tenant.random.randint(1, 99)} Main Road", "line2": None, "city": city, "state": state}
    return tenant.make(
        COMPANIES,
        key,
        name=f"{stem} {kind}",
        domain=domain,
        industry=choose(words.INDUSTRIES),
        employeeCount=choose((1, 12, 50, 50, 400, None)),
        phone=_phone(tenant.random),
        website=f"https://www.{domain}" if domain else None,
        address={**address, "postalCode": code, "country": country} if tenant.random.random() < 0.7 else None,
        ownerId=tenant.maybe(users, 0.8),
        customFields={"tier": choose(("gold", "silver"))},
    )


def _contact(tenant: SeedTenant, key: str, number: int, companies: list[str], users: list[str]) -> Row:
    random = tenant.random
    choose = random.choice
    first, last = choose(words.FIRST_NAMES), choose(words.LAST_NAMES) if random.random() < 0.97 else None
    row = tenant.make(
        CONTACTS,
        key,
        firstName=first,
        lastName=last,
        email=f"person{number}@mail{number % 40}.example" if random.random() < 0.95 else None,
        phoneNumbers=[_phone(random) for _ in range(choose((0, 1, 1, 1, 2, 3)))],
        jobTitle=choose(words.JOB_TITLES),
        companyId=tenant.maybe(companies),
        assigneeId=tenant.maybe(users, 0.8),
        source=choose(words.SOURCES),
        lifecycleStage=choose(words.STAGES_OF_LIFE),
        tags=random.sample(words.TAGS, choose((0, 0, 1, 1, 2, 3))),
        customFields={"region": choose(("north", "south")), "visits": number % 7} if number % 3 else {},
        lastContactedAt=tenant.instant() if random.random() < 0.7 else None,
        internalNotes=choose(words.INTERNAL_NOTES),
    )
    row["leadScore"] = int(random.random() * 21) * 5
    return row


def _phone(random: Random) -> str:
    return f"+91 {random.randint(70000, 99999)} {random.randint(10000, 99999)}"


def _deal(about: _About, key: str) -> Row:
    tenant, choose = about.tenant, about.tenant.random.choice
    stage = choose(choose(tenant.rows("pipeline"))["stages"])
    currency = choose(words.CURRENCIES)
    amount = tenant.random.randint(1, 200) * 250
    return tenant.make(
        DEALS,
        key,
        title=f"{choose(words.DEAL_SUBJECTS)} {tenant.random.randint(1, 99)}",
        value=choose((amount, amount if currency == "JPY" else amount + 0.5, None)),
        currency=currency,
        stageId=stage["id"],
        contactId=tenant.maybe(about.contacts, 0.8),
        companyId=tenant.maybe(about.companies),
        assigneeId=tenant.maybe(about.users, 0.8),
        closeDate=tenant.instant()[:10] if tenant.random.random() < 0.8 else None,
        lostReason=choose(words.LOST_REASONS) if stage["type"] == "lost" else None,
        customFields={"probabilityNote": "gut feeling"} if tenant.random.random() < 0.2 else {},
    )


def _task(about: _About, key: str) -> Row:
    tenant, choose = about.tenant, about.tenant.random.choice
    return tenant.make(
        TASKS,
        key,
        title=choose(words.TASK_TITLES),
        description=choose((*words.SENTENCES, None)),
        done=tenant.random.random() < 0.4,
        priority=choose(("low", "normal", "normal", "high", "urgent")),
        dueDate=tenant.instant() if tenant.random.random() < 0.7 else None,
        assigneeId=tenant.maybe(about.users, 0.9),
        **about.links(),
    )


def _note(about: _About, key: str) -> Row:
    tenant, choose = about.tenant, about.tenant.random.choice
    content = f"{choose(words.SENTENCES)} {choose(words.SENTENCES)}"
    pinned = tenant.random.random() < 0.1
    return tenant.make(
        NOTES, key, content=content, pinned=pinned, authorId=tenant.maybe(about.users, 0.95), **about.links()
    )


def _activity(about: _About, key: str) -> Row:
    tenant, choose = about.tenant, about.tenant.random.choice
    kind = choose(("call", "call", "email", "email", "meeting", "note", "sms", "system"))
    return tenant.make(
        ACTIVITIES,
        key,
        kind=kind,
        subject=choose((*words.TASK_TITLES, None)),
        description=choose((*words.SENTENCES, None)),
        direction=choose(("inbound", "outbound")) if kind in {"call", "email", "sms"} else None,
        outcome=choose(words.OUTCOMES),
        durationSeconds=tenant.random.randint(1, 60) * 30 if kind in {"call", "meeting"} else None,
        happenedAt=tenant.instant(),
        userId=tenant.maybe(about.users, 0.9) if kind != "system" else None,
        **about.links(),
    )

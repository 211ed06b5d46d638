"""`gateway probe` against live services of every sort, and deployments configured by what it printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner, Result

from adapters import RESOURCES
from gateway.cli import main
from gateway.observe import logs
from tests.conformance.declared import OPERATIONS
from tests.live import Live, sandbox_running
from tests.process.serving import founded

OWN = [resource for resource in RESOURCES if resource.upstream.service == "crm"]
ASKED = [operation for operation in OPERATIONS if operation.first in {resource.path for resource in OWN}]
DOCUMENTED = ("--documented-only", "--cap", "6000")
CLEARLY = "gateway probe"


def run(data_dir: Path, config: Path | str, *arguments: str, stdin: str | None = None) -> Result:
    """The command in this process, which spares its start."""
    try:
        said = [*arguments, "--config", str(config), "--data-dir", str(data_dir)]
        return CliRunner().invoke(main, said, input=stdin)
    finally:
        logs.configure()


def probe(live: Live, *arguments: str, config: str | None = None, service: str = "crm") -> Result:
    only = ("--tenant", live.a.business_id, "--service", service)
    return run(live.served.data_dir, config or live.served.home / "config.yaml", "probe", *only, *arguments)


def written(live: Live, crm: httpx.Client, operations: dict[str, Any]) -> str:
    """A configuration like the running gateway's, with another CRM."""
    config = yaml.safe_load((live.served.home / "config.yaml").read_text())
    config["services"]["crm"] |= {"base_url": str(crm.base_url), "operations": operations}
    path = live.served.home / f"other-{len(operations)}.yaml"
    path.write_text(yaml.safe_dump(config))
    return str(path)


def findings(probed: Result) -> dict[str, dict[str, str]]:
    (service,) = json.loads(probed.stdout)["services"]
    return {finding["operation"]: finding for finding in service["findings"]}


def verdicts(probed: Result) -> dict[str, str]:
    return {name: finding["verdict"] for name, finding in findings(probed).items()}


def marked(live: Live) -> list[str]:
    """What is left of the probe's own records, in every resource that it can write to."""
    left = []
    for path in ("contacts", "companies", "deals", "tasks", "notes", "activities"):
        found = live.call("POST", f"/v1/{path}/search", {"search_text": CLEARLY}).json()
        left += [record["id"] for record in found["data"]]
    return left


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A CRM with nothing but the documented calls. Its seed is that of every other sandbox, keys included."""
    with (
        sandbox_running(tmp_path_factory.mktemp("documented"), *DOCUMENTED) as (url, _, _),
        httpx.Client(base_url=url) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def elsewhere(live: Live, documented: httpx.Client) -> str:
    """The configuration of a deployment in front of it."""
    return written(live, documented, {})


@pytest.fixture(scope="module")
def pasted(live: Live, elsewhere: str) -> str:
    """The lines that people paste."""
    shown = probe(live, "--allow-writes", config=elsewhere)
    assert shown.exit_code == 0, shown.stderr
    _, _, lines = shown.stdout.partition("# config.yaml:")
    return lines.partition("\n")[2]


@pytest.fixture(scope="module")
def reconfigured(spare: Live, documented: httpx.Client, pasted: str) -> Live:
    crm = {"base_url": str(documented.base_url), **yaml.safe_load(pasted)}
    spare.set_up(crm=crm)
    return spare


def test_a_service_that_has_everything_answers_every_read_and_is_written_to_by_nobody(live: Live) -> None:
    before = live.sandbox.get("/_control/counts").json()
    probed = probe(live, "--json")
    after = live.sandbox.get("/_control/counts").json()
    assert probed.exit_code == 0, probed.stderr
    assert set(verdicts(probed)) == {operation.name for operation in ASKED}
    reads = {o.name for o in ASKED if all(scope.endswith(".read") for scope in o.scopes)}
    assert verdicts(probed) == {o.name: "answers" if o.name in reads else "not asked" for o in ASKED}
    asked = {call for call, count in after.items() if count["requests"] > before.get(call, {}).get("requests", 0)}
    assert asked
    assert [call for call in asked if not call.startswith("GET ") and not call.endswith("/search")] == ["unmatched"]
    assert json.loads(probed.stdout)["services"][0]["config"] == {}


def test_the_shape_of_each_resource_is_told(live: Live) -> None:
    (service,) = json.loads(probe(live, "--json").stdout)["services"]
    seen = {sight["resource"]: sight for sight in service["sights"]}
    styles = {resource.path: resource.upstream.lists.style for resource in OWN if resource.upstream.lists}
    assert {name: sight["paging"] for name, sight in seen.items()} == styles
    assert seen["activities"]["list_envelope"] == "items"
    assert seen["contacts"]["list_envelope"] == seen["contacts"]["record_envelope"] == "data"
    assert seen["contacts"]["structured_search"] is True
    assert {"internalNotes", "searchVector"} <= set(seen["contacts"]["strange"])
    assert [sight["never"] + sight["misfits"] for sight in seen.values()] == [[]] * len(seen)


def test_a_list_that_comes_whole_is_told_as_one_and_as_no_record(live: Live) -> None:
    (service,) = json.loads(probe(live, "--json", service="finance").stdout)["services"]
    seen = next(sight for sight in service["sights"] if sight["resource"] == "accounts")
    assert (seen["list_envelope"], seen["paging"], seen["record_envelope"]) == ("data", "whole", None)
    assert set(seen["strange"]) == {"bankAccountNo", "openingBalance", "tenantId"}


def test_with_writes_everything_is_asked_and_nothing_stays(live: Live) -> None:
    probed = probe(live, "--allow-writes", "--json")
    assert probed.exit_code == 0, probed.stderr
    assert set(verdicts(probed).values()) == {"answers"}
    assert marked(live) == []


def test_people_get_a_table_and_the_lines_to_paste(live: Live, elsewhere: str) -> None:
    shown = probe(live, config=elsewhere).stdout
    head = next(line for line in shown.splitlines() if line.startswith("OPERATION"))
    assert head.split() == ["OPERATION", "CALL", "VERDICT", "NOTE"]
    assert "PATCH /api/crm/deals/{id}" in shown and "not asked" in shown
    assert "    operations:\n      contacts.search: {via: list}\n" in shown
    assert live.a.api_key not in shown


def test_of_a_documented_service_it_is_found_what_is_there_what_the_lists_can_serve_and_what_is_not(
    live: Live, documented: httpx.Client, elsewhere: str
) -> None:
    probed = probe(live, "--allow-writes", "--json", config=elsewhere)
    assert probed.exit_code == 0, probed.stderr
    found = verdicts(probed)
    others = (name for name in tuple(found) if name.endswith((".list_invoices", ".list_tickets", ".list_projects")))
    for answered in (
        *("contacts.create", "contacts.get", "contacts.update", "contacts.delete", "contacts.import", *others),
        *("contacts.export", "contacts.list_deals", "deals.create", "deals.update", "deals.stage", "activities.create"),
        *("contacts.get_many", "companies.get_many", "deals.get_many"),
        *("contacts.list_tags", "companies.list_contacts", "companies.list_deals"),
    ):
        assert found.pop(answered) == "answers", answered
    for listed in ("contacts.search", "companies.search", "companies.get", "deals.search", "deals.get"):
        assert found.pop(listed) == "via list", listed
    assert set(found.values()) == {"missing"}
    counts = documented.get("/_control/counts").json()
    created = {call: count["created"] for call, count in counts.items() if count["created"]}
    assert set(created) <= {"POST /api/crm/contacts"}, "what could not be deleted again was not made"


def test_the_printed_lines_are_accepted_where_they_belong(pasted: str, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "config.yaml").read_text()
    assert text.count("    operations: {}\n    ca_file: null\n  finance") == 1
    own = text.replace("    operations: {}\n    ca_file: null\n  finance", f"{pasted}    ca_file: null\n  finance")
    (tmp_path / "config.yaml").write_text(own)
    checked = run(tmp_path / "data", tmp_path / "config.yaml", "check", "--json")
    assert json.loads(checked.stdout).items() >= {"ok": True, "faults": [], "warnings": []}.items(), checked.stdout


def test_what_the_lines_switch_off_is_not_supported_and_in_no_document(
    reconfigured: Live, documented: httpx.Client, pasted: str
) -> None:
    off = {name for name, entry in yaml.safe_load(pasted)["operations"].items() if entry == {"enabled": False}}
    assert {"deals.delete", "tasks.create", "contacts.add_tags", "contacts.list_notes"} <= off
    document = reconfigured.client.get("/openapi.json").json()
    before = documented.get("/_control/counts").json()
    for operation in ASKED:
        methods = document["paths"].get(operation.route, {})
        assert (operation.method.lower() in methods) is (operation.name not in off), operation.name
        if operation.name in off:
            path = operation.route.replace("{id}", "x").replace("{tag}", "x")
            refused = reconfigured.call(operation.method, path, {} if operation.method != "GET" else None)
            assert (refused.status_code, refused.json()["code"]) == (501, "not_supported"), operation.name
    assert documented.get("/_control/counts").json() == before


def test_what_the_lines_leave_on_works(reconfigured: Live, documented: httpx.Client) -> None:
    call = reconfigured.call
    made = call("POST", "/v1/deals", {"name": "Found by the list", "amount": "12.50", "currency": "EUR"})
    assert made.status_code == 201, made.text
    assert call("GET", made.headers["location"]).json() == made.json()
    last = documented.get("/_control/last", params={"n": 1}).json()["requests"]
    assert [(each["method"], each["path"]) for each in last] == [("GET", "/api/crm/deals")]
    moved = call("PATCH", made.headers["location"], {"name": "Moved on"})
    assert moved.json()["data"]["name"] == "Moved on"
    assert call("GET", "/v1/deals/deal_" + "0" * 24).status_code == 404
    for path, body in (("deals", {}), ("companies", {"limit": 3}), ("contacts", {"search_text": "a"})):
        found = call("POST", f"/v1/{path}/search", body)
        assert (found.status_code, bool(found.json()["data"])) == (200, True), path
    company = call("POST", "/v1/companies/search", {"limit": 1}).json()["data"][0]
    assert call("GET", f"/v1/companies/{company['id']}").json()["data"] == company
    assert call("GET", f"/v1/companies/{company['id']}/contacts").status_code == 200


def test_a_second_probe_suggests_what_is_configured_already(live: Live, documented: httpx.Client, pasted: str) -> None:
    configured = yaml.safe_load(pasted)["operations"]
    again = probe(live, "--json", config=written(live, documented, configured))
    (service,) = json.loads(again.stdout)["services"]
    assert service["config"] == configured


@pytest.mark.parametrize(
    ("switch", "operation", "verdict", "config"),
    [
        ({"path": "/api/crm/notes/search", "status": 405}, "notes.search", "via list", {"via": "list"}),
        ({"path": "/api/crm/notes/search", "garbage": True}, "notes.search", "via list", {"via": "list"}),
        ({"path": "/api/crm/notes", "html": True}, "notes.get", "differs", {"enabled": False}),
        ({"path": "/api/crm/notes/search", "status": 500}, "notes.search", "unclear", None),
        ({"path": "/api/crm/notes/search", "cut": "before"}, "notes.search", "unclear", None),
        ({"path": "/api/crm/contacts/export", "html": True}, "contacts.export", "differs", {"enabled": False}),
    ],
)
def test_an_answer_that_is_none_is_told_from_one_that_is_different(
    live: Live, switch: dict[str, Any], operation: str, verdict: str, config: dict[str, Any] | None
) -> None:
    with live.fault(**switch):
        probed = probe(live, "--json")
    assert verdicts(probed)[operation] == verdict, findings(probed)[operation]
    assert json.loads(probed.stdout)["services"][0]["config"].get(operation) == config


def test_a_search_that_looks_right_and_ignores_what_is_asked_is_found_out(live: Live) -> None:
    rows = live.sandbox.post(
        "/api/crm/notes/search", json={"limit": 3}, headers={"Authorization": f"Bearer {live.a.api_key}"}
    ).json()
    with live.fault(path="/api/crm/notes/search", status=200, body=rows):
        found = findings(probe(live, "--json"))
    assert found["notes.search"]["verdict"] == "via list" and "ignores" in found["notes.search"]["note"]


def test_a_record_that_cannot_be_deleted_is_named_and_the_exit_code_says_so(live: Live) -> None:
    with live.fault(method="DELETE", path="/api/crm/notes", status=500):
        probed = probe(live, "--allow-writes", "--json")
    (left,) = marked(live)
    assert probed.exit_code == 5
    assert probed.stderr.count("\n") == 1 and left.removeprefix("note_") in probed.stderr
    assert json.loads(probed.stdout)["services"][0]["left"]
    assert live.call("DELETE", f"/v1/notes/{left}").status_code == 204


def test_a_dead_service_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("service-key")
    data_dir, nowhere = founded(tmp_path), "base_url: 'http://127.0.0.1:1'"
    config = tmp_path / "config.yaml"
    config.write_text(
        f"services:\n  auth: {{{nowhere}, credentials: service_key, service_key: {{file: key}}}}\n  crm: {{{nowhere}}}\n"
    )
    assert run(data_dir, config, "probe", "--service", "crm").exit_code == 4, "nobody is registered yet"
    assert run(data_dir, config, "tenants", "add", "clxacme", "--name", "Acme", stdin="sk_acme").exit_code == 0
    for arguments in ((), ("--json",), ("--service", "crm", "--allow-writes")):
        dead = run(data_dir, config, "probe", *arguments)
        assert (dead.exit_code, dead.stdout, dead.stderr.count("\n")) == (5, "", 1), dead.stderr
        assert "services.crm does not answer" in dead.stderr


def test_a_wrong_key_and_a_wrong_address_are_one_clear_line_each(live: Live, elsewhere: str, tmp_path: Path) -> None:
    data_dir, config = founded(tmp_path), tmp_path / "config.yaml"
    settings = yaml.safe_load(Path(elsewhere).read_text())
    config.write_text(yaml.safe_dump(settings))
    add = ("tenants", "add", live.a.business_id, "--name", "Acme")
    untaken = run(data_dir, config, *add, stdin="sk_wrong")
    assert untaken.exit_code == 3 and "refused by services.crm" in untaken.stderr and "sk_wrong" not in untaken.stderr
    assert "Acme" not in run(data_dir, config, "tenants", "list").stdout
    run(data_dir, config, *add, "--untried", stdin="sk_wrong")
    refused = run(data_dir, config, "probe", "--service", "crm")
    assert (refused.exit_code, refused.stdout) == (5, "") and "refuses these credentials with 401" in refused.stderr
    taken = run(data_dir, config, *add, "--replace", stdin=live.a.api_key)
    assert (taken.exit_code, taken.stderr) == (0, "")
    settings["services"]["crm"]["base_url"] += "/elsewhere"
    config.write_text(yaml.safe_dump(settings))
    lost = run(data_dir, config, "probe", "--service", "crm")
    assert (lost.exit_code, lost.stdout) == (5, "") and "base_url" in lost.stderr and lost.stderr.count("\n") == 1


def test_writing_into_one_of_several_tenants_wants_its_name(live: Live) -> None:
    config = live.served.home / "config.yaml"
    refused = run(live.served.data_dir, config, "probe", "--allow-writes")
    assert refused.exit_code == 3 and "--tenant" in refused.stderr and refused.stderr.count("\n") == 1
    assert run(live.served.data_dir, config, "probe", "--tenant", "clxnobody").exit_code == 4

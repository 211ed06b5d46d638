"""What a person who edits the configuration may rely on."""

from pathlib import Path

import pytest

from gateway.config import Secret, Settings, data_directory, load, locate, reveal
from gateway.keys.keyring import Keyring
from tests.config.reading import Write, faults


def test_an_empty_file_means_the_defaults(write: Write) -> None:
    assert load(write(""), {}).limits == Settings().limits
    assert (
        load(write("limits:\nservices:\n  auth:\n    credentials: service_key\n  crm:\n"), {}).limits
        == Settings().limits
    )


def test_all_faults_are_told_at_once_with_line_and_fix(write: Write) -> None:
    path = write(
        """\
server: {prot: 1, workers: true, trusted_proxies: [10.0.0.1/8], body_timeout: 30}
brands:
  - {name: X, hosts: ["http://a"], public_url: "https://b/c"}
services:
  auth: {base_url: "https://auth.internal", credentials: service_key}
  hr: {operations: {x: {}, contact.search: {path: z, enabeld: true}}}
roles: {owner: {allow: "*"}, guest: {allow: [contact]}}
limits: {tenant: 5}
versions: {2026-06-01: {deprecated: 2026-09-01, sunset: 2026-08-01}, soon: {}}
logging: {level: INFO}
tokens: {prefix: GW, max_lifetime: 400d}
"""
    )
    found = faults(path)
    assert set(found) == {
        "server.prot",
        "server.workers",
        "server.trusted_proxies[0]",
        "server.body_timeout",
        "brands[0].hosts[0]",
        "brands[0].public_url",
        "services.auth.service_key",
        "services.hr.operations.x",
        "services.hr.operations.contact.search.path",
        "services.hr.operations.contact.search.enabeld",
        "roles.owner.allow",
        "roles.guest.allow[0]",
        "limits.tenant",
        "versions.2026-06-01.sunset",
        "versions.soon",
        "logging.level",
        "tokens.prefix",
        "tokens.max_lifetime",
    }
    assert found["logging.level"].source == "gateway.yaml, line 10"
    assert all(fault.fix for fault in found.values())
    assert found["server.body_timeout"].fix == "Write a number and a unit: 250ms, 30s, 5m, 24h or 90d."


@pytest.mark.parametrize(
    ("text", "path", "fix"),
    [
        ("server: {prot: 1}", "server.prot", "Did you mean port?"),
        ("sever: {}", "sever", "Did you mean server?"),
        ("limits: {token: {qota: 1}}", "limits.token.qota", "Did you mean quota?"),
        ("brands: [{name: A, hosts: [a], logos: x}]", "brands[0].logos", "Did you mean logo?"),
    ],
)
def test_a_misspelt_key_is_refused_with_what_was_probably_meant(write: Write, text: str, path: str, fix: str) -> None:
    assert faults(write(text))[path].fix == fix


def test_a_key_like_no_other_is_refused_with_what_there_is(write: Write) -> None:
    assert faults(write("cursors: {zzz: 1}"))["cursors.zzz"].fix == "Remove it; known here: lifetime."


def test_flags_stand_above_environment_above_file(write: Write) -> None:
    path = write("server: {port: 1, workers: 1, host: a}\n")
    env = {"GATEWAY_PORT": "2", "GATEWAY_SERVER__WORKERS": "2"}
    server = load(path, env, {"server.port": 3, "server.host": None}).server
    assert (server.port, server.workers, server.host) == (3, 2, "a")


def test_the_environment_reaches_every_level_and_takes_yaml(write: Write) -> None:
    env = {
        "GATEWAY_LIMITS__TOKEN__QUOTA": "1000",
        "GATEWAY_SERVER__TRUSTED_PROXIES": "[10.0.0.0/8, fd00::/8]",
        "GATEWAY_SERVICES__CRM__OPERATIONS": "{contact.tags: {enabled: false}}",
        "GATEWAY_BRANDS": "[{name: Acme, hosts: [API.acme.example]}]",
        "GATEWAY_ADMIN_PORT": "",
        "HOME": "/root",
    }
    settings = load(None, env)
    assert (settings.limits.token.quota, settings.limits.token.burst) == (1000, 100)
    assert len(settings.server.trusted_proxies) == 2
    assert not settings.services["crm"].operations["contact.tags"].enabled
    assert settings.services["auth"].credentials == "service_key"
    assert settings.brands[0].hosts == ("api.acme.example",)
    assert settings.server.admin_port == 9090


@pytest.mark.parametrize(
    ("name", "value", "path", "hint"),
    [
        ("GATEWAY_PROT", "1", "GATEWAY_PROT", "Did you mean GATEWAY_PORT?"),
        ("GATEWAY_WHATEVER", "1", "GATEWAY_WHATEVER", "two underscores"),
        ("GATEWAY_SERVER__PROT", "1", "server.prot", "Did you mean port?"),
        ("GATEWAY_SERVER__MAX_BODY", "[", "server.max_body", "Quote it"),
        ("GATEWAY_BRANDS__0__NAME", "x", "brands[0].name", "as a whole"),
        ("GATEWAY_PORT", "tcp://10.0.0.1:80", "GATEWAY_PORT", "enableServiceLinks"),
    ],
)
def test_a_variable_that_fits_nothing_is_refused(write: Write, name: str, value: str, path: str, hint: str) -> None:
    fault = faults(write("brands: [{name: A, hosts: [a]}]"), {name: value})[path]
    assert hint in fault.fix
    assert fault.source in {name, "environment"}


def test_the_folder_of_data_is_relative_to_the_file_or_to_the_caller(write: Write, tmp_path: Path) -> None:
    path = write("server: {data_dir: ../var}")
    assert load(path, {}).server.data_dir.resolve() == tmp_path / "var"
    assert load(path, {"GATEWAY_DATA_DIR": "here"}).server.data_dir == tmp_path / "here"
    assert load(path, {}, {"server.data_dir": Path("there")}).server.data_dir == tmp_path / "there"
    assert load(None, {}).server.data_dir == tmp_path / "data"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("server: {data_dir: ../var, prot: 1}\nleaks: {secret: {env: GONE}}", "var"),
        ("server: {data_dir: 5}", "data"),
        ("server: 5", "data"),
        ("server: [", "data"),
        ("[]", "data"),
    ],
)
def test_the_data_directory_is_found_whatever_else_is_wrong(
    write: Write, tmp_path: Path, text: str, found: str
) -> None:
    path = write(text)
    assert data_directory(path, {}).resolve() == tmp_path / found
    assert data_directory(path, {"GATEWAY_SERVER": "{data_dir: own}"}) == tmp_path / "etc" / "own"
    env = {"GATEWAY_SERVER": "5", "GATEWAY_SERVER__DATA_DIR": "long", "GATEWAY_PORT": "x", "GATEWAY_WHATEVER": "["}
    assert data_directory(path, env) == tmp_path / "long"
    assert data_directory(path, env | {"GATEWAY_DATA_DIR": "short"}) == tmp_path / "short"
    assert data_directory(path, env | {"GATEWAY_DATA_DIR": "short"}, Path("flag")) == tmp_path / "flag"
    assert data_directory(Path("gone.yaml"), {}) == data_directory(None, {}) == tmp_path / "data"


def test_the_file_is_the_given_one_or_the_named_one_or_the_one_here(write: Write, tmp_path: Path) -> None:
    path = write("")
    named = {"GATEWAY_CONFIG": str(path)}
    assert locate(None, {}) is None
    (tmp_path / "config.yaml").touch()
    assert locate(None, {}) == Path("config.yaml")
    assert locate(None, named) == path
    assert locate(Path("other.yaml"), named) == Path("other.yaml")


class TestSecrets:
    def test_a_literal_is_refused_and_never_repeated(self, write: Write) -> None:
        path = write(
            "services: {crm: {service_key: hunter2}}\nstores: {redis: 'redis://:hunter2@host'}\nsecrets: {keyring: hunter2}"
        )
        found = faults(path)
        assert {"services.crm.service_key", "stores.redis", "secrets.keyring"} <= set(found)
        assert "hunter2" not in "".join(map(str, found.values()))

    def test_a_reference_is_read_without_the_line_end(self, write: Write, tmp_path: Path) -> None:
        path = write("leaks: {secret: {file: key}}\nstores: {sql: {env: GATEWAY_DB_URL}}")
        (tmp_path / "etc" / "key").write_text("k\n")
        env = {"GATEWAY_DB_URL": "postgresql://u:p@h/d"}
        settings = load(path, env)
        assert isinstance(settings.leaks.secret, Secret)
        assert settings.leaks.secret.read() == "k"
        assert reveal(settings.stores.sql, env) == "postgresql://u:p@h/d"
        assert "u:p" not in repr(settings)

    @pytest.mark.parametrize(
        "value", ["{env: NOT_SET}", "{file: missing}", "{env: EMPTY}", "{env: A, file: b}", "{}", "{env: 1}"]
    )
    def test_a_reference_that_leads_nowhere_is_refused(self, write: Write, value: str) -> None:
        assert set(faults(write(f"secrets: {{keyring: {value}}}"), {"EMPTY": ""})) == {"secrets.keyring"}

    @pytest.mark.parametrize(
        ("store", "url"),
        [
            ("redis", "redis://h:99999"),
            ("redis", "redis://:hunter2/x@h"),
            ("redis", "redis://[::1"),
            ("redis", "redis://h/first"),
            ("redis", "redis://default:64/hunter2@cache:6379/0"),
            ("redis", "redis://default:64?hunter2=1@cache:6379/0"),
            ("redis", "redis://:12?hunter2@host"),
            ("redis", "rediss://h?ca_file=none.pem"),
            ("sql", "postgresql://h:abc/x"),
            ("sql", "postgresql://u:hunter2@h:99999/x"),
            ("sql", "sqlite:///"),
        ],
    )
    def test_a_store_that_cannot_be_addressed_is_refused(self, write: Write, store: str, url: str) -> None:
        for text, env in ((f"stores: {{{store}: '{url}'}}", {}), (f"stores: {{{store}: {{env: URL}}}}", {"URL": url})):
            found = faults(write(text), env)
            assert set(found) == {f"stores.{store}"} and "hunter2" not in str(found)

    def test_a_keyring_that_is_none_is_refused_without_being_repeated(self, write: Write) -> None:
        fault = faults(write("secrets: {keyring: {env: KEYS}}"), {"KEYS": "hunter2"})["secrets.keyring"]
        assert "not JSON" in fault.problem and "hunter2" not in str(fault)
        text = Keyring.create()
        settings = load(write("secrets: {keyring: {env: KEYS}}"), {"KEYS": text})
        assert isinstance(settings.secrets.keyring, Secret) and settings.secrets.keyring.read({"KEYS": text}) == text

    def test_what_a_store_reference_holds_is_checked(self, write: Write) -> None:
        found = faults(write("stores: {sql: {env: URL}}"), {"URL": "mysql://root:hunter2@h/d"})
        assert "hunter2" not in str(found["stores.sql"])


def test_a_service_left_out_is_not_offered_rather_than_sandboxed(write: Write) -> None:
    settings = load(write("services: {auth: {credentials: service_key}}"), {})
    assert set(settings.services) == {"auth"}
    assert "`auth` is missing" in faults(write("services: {crm: {}}"))["services"].problem
    refused = faults(write("services: {auth: {credentials: tenant_key}}"))
    assert "tenant_key" in refused["services"].problem


def test_a_file_of_certificates_has_to_hold_one(write: Write, tmp_path: Path) -> None:
    path = write("services: {auth: {credentials: service_key, ca_file: x.pem}}")
    (tmp_path / "etc" / "x.pem").write_text("nothing of the kind")
    assert "no certificate" in faults(path)["services.auth.ca_file"].problem


def test_a_host_belongs_to_one_brand(write: Write) -> None:
    text = "brands: [{name: A, hosts: [x.example]}, {name: B, hosts: [X.example]}]"
    assert "x.example belongs to two brands" in faults(write(text))["brands"].problem


def test_a_brand_knows_its_public_address(write: Write) -> None:
    text = """
    brands:
      - {name: A, hosts: [a.example]}
      - {name: B, hosts: [b.example], public_url: "https://b.example/", problem_base: "https://docs.b.example/p"}
      - {name: C, hosts: ["::1"]}
    """
    a, b, c = load(write(text), {}).brands
    assert (a.origin(8080), a.problems(80)) == ("http://a.example:8080", "http://a.example/problems")
    assert (b.origin(8080), b.problems(8080)) == ("https://b.example", "https://docs.b.example/p")
    assert c.origin(1) == "http://[::1]:1"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("server: {port: 9090}", "server.admin_port"),
        ("identity: {role_ttl: 61s}", "identity.role_ttl"),
        ("tokens: {max_lifetime: 30d}", "tokens"),
        ("idempotency: {lifetime: 10s}", "idempotency"),
        ("limits: {token: {quota: 50}}", "limits.token.burst"),
        ("brands: []", "brands"),
        ("roles: {}", "roles"),
        ("brands: [{name: A, hosts: [a], public_url: 'https://b'}]", "brands[0].public_url"),
        ("brands: [{name: A, hosts: []}]", "brands[0].hosts"),
        ("services: {auth: {base_url: 'https://u:p@h', credentials: service_key}}", "services.auth.base_url"),
        ("services: {auth: {credentials: service_key, ca_file: none.pem}}", "services.auth.ca_file"),
        ("stores: {redis: 'http://h'}", "stores.redis"),
        ("stores: {sql: [1]}", "stores.sql"),
        ("server: {max_body: 0B}", "server.max_body"),
        ("server: {port: '8080'}", "server.port"),
    ],
)
def test_values_that_contradict_each_other_or_the_contract_are_refused(write: Write, text: str, path: str) -> None:
    assert path in faults(write(text))


def test_local_receivers_are_allowed_by_one_variable() -> None:
    text = "{http: true, allow: [{network: 127.0.0.0/8, ports: [1-65535], http: true}]}"
    egress = load(None, {"GATEWAY_WEBHOOKS__EGRESS": text}).webhooks.egress
    assert egress.http and egress.allow[0].ports == ((1, 65_535),)


@pytest.mark.parametrize("ports", ["0", "65536", "9-1", "1-2-3", "a", "-1", "1.5", "true"])
def test_what_is_no_port_is_refused_with_its_path(ports: str, write: Write) -> None:
    found = faults(write(f"webhooks: {{egress: {{allow: [{{network: 127.0.0.0/8, ports: [{ports}]}}]}}}}"))
    assert [*found] == ["webhooks.egress.allow[0].ports[0]"]

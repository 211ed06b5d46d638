"""The facts that only the running process knows: where the embedded parts ended up listening."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Runtime:
    """Settings say what is wanted, Runtime says what became of it. Made by the supervisor, read by every worker.

    redis_url     `unix:///…`, `redis://…` or `rediss://…`; never `embedded`; empty where other commands are told and know
    sql_url       SQLAlchemy URL; the same
    service_urls  base URL by service name; the sandbox's own address where the settings say `sandbox`
    service_keys  service key by service name, for the services that have one
    public_port   the port that answers, also when 0 was asked for
    replicas      workers that share the budget when the store is lost, over all instances
    data_dir      absolute
    test_url      base URL of the sandbox program that test mode uses; empty where there is no test mode
    test_key      its service key; control_key: what opens its control API
    ingest_url    where services reach the ingest port, without closing slash; empty where no courier runs here
    site          what the published documents' folder below `site/` there is called; empty where nobody serves them
    """

    redis_url: str = field(repr=False)
    sql_url: str = field(repr=False)
    service_urls: Mapping[str, str]
    service_keys: Mapping[str, str] = field(repr=False)
    public_port: int
    replicas: int
    data_dir: Path
    site: str = ""
    ingest_url: str = ""
    test_url: str = ""
    test_key: str = field(default="", repr=False)
    control_key: str = field(default="", repr=False)

    def to_json(self) -> str:
        """One line, secrets included: hand it over by a pipe or the environment of a child, never by an argument."""
        return json.dumps(asdict(self) | {"data_dir": str(self.data_dir)})

    @classmethod
    def from_json(cls, text: str) -> "Runtime":
        """The inverse of `to_json`."""
        fields = json.loads(text)
        return cls(**fields | {"data_dir": Path(fields["data_dir"])})

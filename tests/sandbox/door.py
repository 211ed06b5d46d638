"""The control of a running sandbox, and the test tenants that it makes."""

from typing import Any

import httpx

from tests.sandbox.conftest import Box
from tests.sandbox.services import everything

KEY = "control-key-of-this-test"
ROOT = "/__control/tenants"
CONTACTS = "/api/crm/contacts"


class Door:
    """The control of one sandbox."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.http = httpx.Client(
            base_url=box.http.base_url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30, verify=False
        )

    def told(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        answer = (
            self.http.request(method, f"{ROOT}{path}", json=body) if body else self.http.request(method, ROOT + path)
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def create(self, key: str, **body: Any) -> dict[str, Any]:
        tenant: dict[str, Any] = self.told("POST", f"/{key}", 201, **{"seed": "small", **body})
        return tenant

    def speaker(self, tenant: dict[str, Any], **headers: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {tenant['api_key']}", **headers}
        return httpx.Client(base_url=self.box.http.base_url, headers=headers, timeout=30, verify=False)


def ids(client: httpx.Client, path: str = CONTACTS) -> list[Any]:
    return [row["id"] for row in everything(client, path, order="asc")]

"""The internal services as static files behind nginx, so that nothing but the system under test has work to do."""

import json
from pathlib import Path

from bench import invoices
from bench.needs import program_path
from bench.running import AROUND, Process, free_port

TENANT, USER = "clx0benchtenant00000000t1", "clx0benchuser0000000000u1"
FIRST = "665f2b8c1d9e3a7b6c4d0000"

_NAMES = (("Ada", "Lovelace"), ("Grace", "Hopper"), ("Alan", "Turing"), ("Edsger", "Dijkstra"), ("Barbara", "Liskov"))


def contact(number: int) -> dict[str, object]:
    """One record of 20 fields as the CRM holds it, about 720 bytes; three of the fields must not get out."""
    first, last = _NAMES[number % len(_NAMES)]
    return {
        "id": f"{int(FIRST, 16) + number:024x}",
        "firstName": first,
        "lastName": last,
        "name": f"{first} {last}",
        "email": f"{first}.{last}.{number}@example.com".lower(),
        "phoneNumbers": [f"+44 20 7946 {number:04d}", f"+1 202 555 {number:04d}"],
        "jobTitle": "Principal analyst" if number % 3 else None,
        "companyId": f"{int(FIRST, 16) + 500 + number % 7:024x}",
        "assigneeId": USER if number % 5 else None,
        "source": ("web", "referral", "import")[number % 3],
        "lifecycleStage": ("lead", "opportunity", "customer")[number % 3],
        "leadScore": number * 37 % 101,
        "tags": ["vip", "newsletter"][: number % 3],
        "customFields": {"tier": "gold", "region": "EMEA", "seats": number},
        "lastContactedAt": f"2026-05-{number % 28 + 1:02d}T09:15:30.000Z" if number % 2 else None,
        "createdAt": f"2026-04-{number % 28 + 1:02d}T10:30:00.000Z",
        "updatedAt": f"2026-05-{number % 28 + 1:02d}T16:45:10.250Z",
        "tenantId": TENANT,
        "ownerRole": "manager",
        "searchVector": f"'{first.lower()}':1 '{last.lower()}':2 'example':3 'analyst':4 'principal':5 'gold':6 'emea':7",
    }


def one() -> bytes:
    return _json({"data": contact(1)})


def page() -> bytes:
    return _json({"data": [contact(number) for number in range(50)], "total": 13658})


def user() -> bytes:
    """An owner in whichever tenant is asked about (an nginx variable)."""
    data = {
        "id": USER,
        "tenantId": "$http_x_business_id",
        "email": "ada@example.com",
        "name": "Ada",
        "role": "owner",
        "active": True,
    }
    return _json({"data": data})


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_CONFIG = """
daemon off; master_process off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/error.log error;
events {{ worker_connections 2048; }}
http {{
  access_log off; default_type application/json; sendfile on; tcp_nopush on; tcp_nodelay on;
  keepalive_requests 100000000; keepalive_timeout 600s; client_body_buffer_size 256k; open_file_cache max=16;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=2048; root {home}/files;
    # A static file answers no POST: the refusal is turned into the answer.
    location = /api/crm/contacts {{ error_page 405 =201 /one.json; try_files /none.json =405; }}
    location = /api/crm/contacts/search {{ error_page 405 =200 /page.json; try_files /none.json =405; }}
    location /api/crm/contacts/ {{ try_files /one.json =404; }}
    location = /api/finance/invoices/search {{ error_page 405 =200 /invoices.json; try_files /none.json =405; }}
    location /api/finance/invoices/ {{ try_files /invoice.json =404; }}
    location /api/auth/users/ {{ return 200 '{user}'; }}
  }}
}}
"""


def start(home: Path) -> tuple[Process, int]:
    """A running stub and its port. `home` is an empty folder of its own."""
    (home / "files").mkdir(parents=True)
    files = {"one": one(), "page": page(), "invoice": invoices.one(200), "invoices": invoices.page(100, 20)}
    for name, content in files.items():
        (home / "files" / f"{name}.json").write_bytes(content)
    port = free_port()
    (home / "nginx.conf").write_text(_CONFIG.format(home=home, port=port, user=user().decode()))
    process = Process(nginx_line(home), AROUND, log=home / "log")
    process.wait_for(port)
    return process, port


def nginx_line(home: Path) -> list[str]:
    return [program_path("nginx"), "-p", str(home), "-e", str(home / "error.log"), "-c", str(home / "nginx.conf")]

from pathlib import Path

from gateway.config import Runtime


def test_the_runtime_survives_the_way_to_a_worker_and_keeps_its_secrets_out_of_reprs() -> None:
    runtime = Runtime(
        redis_url="redis://:hunter2@h",
        sql_url="postgresql+psycopg://u:hunter2@h/d",
        service_urls={"crm": "http://127.0.0.1:1"},
        service_keys={"crm": "hunter2"},
        public_port=8080,
        replicas=2,
        data_dir=Path("/var/lib/gateway"),
    )
    assert Runtime.from_json(runtime.to_json()) == runtime
    assert "hunter2" not in repr(runtime)

"""Webhooks as people write them: a job for each delivery in PostgreSQL, and httpx.

Takes a URL of PostgreSQL, the receiver's port, and how many events each of 50 endpoints is told of. Prints `{"seconds", "cpu", "count"}` of the sending alone: the jobs are there before it starts, and the connections are kept.
"""

import asyncio
import base64
import hmac
import json
import sys
import time

import httpx
import procrastinate

ENDPOINTS, EVENTS, AT_ONCE = 50, int(sys.argv[3]), 256
SECRET = b"s" * 32
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=sys.argv[1]))
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=400, max_keepalive_connections=400), trust_env=False)


@app.task(queue="webhooks", retry=procrastinate.RetryStrategy(max_attempts=10, exponential_wait=5))
async def deliver(url: str, event_id: str) -> None:
    body = json.dumps({"id": event_id, "type": "deal.won", "data": {"id": event_id}}).encode()
    now = int(time.time())
    signature = base64.b64encode(hmac.digest(SECRET, f"{event_id}.{now}.".encode() + body, "sha256")).decode()
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{signature}",
    }
    answer = await client.post(url, content=body, headers=headers, timeout=20)
    answer.raise_for_status()


async def main(port: str) -> None:
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        jobs = [
            {"url": f"http://127.0.0.1:{port}/{endpoint}", "event_id": f"evt_{event}"}
            for event in range(EVENTS)
            for endpoint in range(ENDPOINTS)
        ]
        for at in range(0, len(jobs), 1_000):
            await deliver.batch_defer_async(*jobs[at : at + 1_000])
        started, cpu = time.perf_counter(), time.process_time()
        await app.run_worker_async(
            queues=["webhooks"],
            concurrency=AT_ONCE,
            wait=False,
            install_signal_handlers=False,
            delete_jobs=procrastinate.jobs.DeleteJobCondition.SUCCESSFUL,
        )
        spent = time.process_time() - cpu
        told = {"seconds": time.perf_counter() - started, "cpu": spent, "count": len(jobs)}
        print(json.dumps(told))
    await client.aclose()


asyncio.run(main(sys.argv[2]))

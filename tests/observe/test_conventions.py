"""Names of metrics and attributes as OpenTelemetry's own package has them."""

from __future__ import annotations

import pytest
from opentelemetry.semconv.attributes import error_attributes as error
from opentelemetry.semconv.attributes import http_attributes as http
from opentelemetry.semconv.attributes import server_attributes as server
from opentelemetry.semconv.attributes import url_attributes as url
from opentelemetry.semconv.metrics import http_metrics

from gateway.observe import conventions, metrics, tracing

# Those that the conventions require, always or where they apply, but for paths.
REQUEST = (
    http.HTTP_REQUEST_METHOD,
    url.URL_SCHEME,
    http.HTTP_ROUTE,
    http.HTTP_RESPONSE_STATUS_CODE,
    error.ERROR_TYPE,
)
CALL = (
    http.HTTP_REQUEST_METHOD,
    server.SERVER_ADDRESS,
    server.SERVER_PORT,
    http.HTTP_RESPONSE_STATUS_CODE,
    error.ERROR_TYPE,
)


def prometheus(name: str) -> str:
    return name.replace(".", "_")


def shown(name: str, **labels: str) -> bool:
    told = ",".join(f'{key}="{labels[key]}"' for key in sorted(labels))
    return f"{name}_count{{{told}}} 1.0" in metrics.exposition().decode()


@pytest.mark.parametrize(
    ("metric", "labels", "attributes"),
    [
        (http_metrics.HTTP_SERVER_REQUEST_DURATION, conventions.SERVER, REQUEST),
        (http_metrics.HTTP_CLIENT_REQUEST_DURATION, conventions.CLIENT, CALL),
    ],
)
def test_durations_have_the_names_and_attributes_of_the_conventions(
    metric: str, labels: tuple[str, ...], attributes: tuple[str, ...]
) -> None:
    assert sorted(labels) == sorted(map(prometheus, attributes))
    kept = {each._name for each in (metrics._server_seconds, metrics._client_seconds)}
    assert f"{prometheus(metric)}_seconds" in kept


@pytest.mark.parametrize(
    ("method", "status", "told", "failed"),
    [("GET", 200, "GET", ""), ("GET", 404, "GET", ""), ("BREW", 405, "_OTHER", ""), ("POST", 503, "POST", "503")],
)
def test_a_request_says_its_scheme_and_whether_it_ended_in_an_error_of_ours(
    method: str, status: int, told: str, failed: str
) -> None:
    route = f"/conventional/{status}"
    metrics.request(route, method, status, "", 0.001)
    labels = {"http_request_method": told, "http_route": route, "http_response_status_code": str(status)}
    assert shown("http_server_request_duration_seconds", url_scheme="http", error_type=failed, **labels)
    said = dict(tracing._request(route, method, status).attributes)
    wanted: dict[str, str | int] = {
        http.HTTP_REQUEST_METHOD: told,
        url.URL_SCHEME: "http",
        http.HTTP_ROUTE: route,
        http.HTTP_RESPONSE_STATUS_CODE: status,
    }
    wanted |= {error.ERROR_TYPE: failed} if failed else {}
    wanted |= {http.HTTP_REQUEST_METHOD_ORIGINAL: method} if told != method else {}
    assert said == wanted
    assert tracing._request(route, method, status).name == f"{'HTTP' if told == '_OTHER' else method} {route}"


@pytest.mark.parametrize(("status", "failed"), [(201, ""), (404, "404"), (503, "503"), (0, "no_answer")])
def test_a_call_says_where_it_went_and_an_error_of_either_side(status: int, failed: str) -> None:
    service = f"conventional-{status}"
    metrics.upstream(service, 0.01, "POST", status, 8443)
    labels = {"http_request_method": "POST", "http_response_status_code": str(status or ""), "error_type": failed}
    assert shown("http_client_request_duration_seconds", server_address=service, server_port="8443", **labels)
    wanted: dict[str, str | int] = {
        http.HTTP_REQUEST_METHOD: "POST",
        server.SERVER_ADDRESS: service,
        server.SERVER_PORT: 8443,
    }
    wanted |= {http.HTTP_RESPONSE_STATUS_CODE: status} if status else {}
    wanted |= {error.ERROR_TYPE: failed} if failed else {}
    said = tracing.called(service, "POST", service, 8443, status)
    assert (said.name, dict(said.attributes)) == (f"POST {service}", wanted)
    assert tracing.called(service, "POST", service, 8443, status) is said, "made once for all that are alike"


def test_what_has_no_port_yet_tells_none() -> None:
    told = dict(tracing.called("webhook", "POST", "hooks.example.com", 0, 0, "vetted_private").attributes)
    assert server.SERVER_PORT not in told and told[error.ERROR_TYPE] == "vetted_private"

"""nginx passing requests through, with nothing switched on: the limit of what a proxy can do on one core."""

from contextlib import ExitStack

from bench.running import UNDER_TEST, Process, children, free_port
from bench.stub import nginx_line
from bench.subjects import Ground, Subject

_CONFIG = """
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/error.log error;
events {{ worker_connections 2048; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 100000000; proxy_buffers 16 8k; client_body_buffer_size 256k;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  upstream crm {{ server 127.0.0.1:{stub}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    proxy_http_version 1.1; proxy_set_header Connection "";
    location /v1/contacts/con_ {{ proxy_pass http://crm/api/crm/contacts/; }}
    location = /v1/contacts/search {{ proxy_pass http://crm/api/crm/contacts/search; }}
  }}
}}
"""


def start(ground: Ground, stack: ExitStack) -> Subject:
    home, port = ground.folder("nginx"), free_port()
    (home / "nginx.conf").write_text(_CONFIG.format(home=home, port=port, stub=ground.stub_port))
    process = Process(nginx_line(home), UNDER_TEST, log=home / "log")
    stack.callback(process.stop)
    process.wait_for(port)
    return Subject("nginx, pass-through", port, [process.pid, *children(process.pid)], translates=False)

"""The smallest app: it asks a user for access (OAuth 2.1, authorization code with PKCE), and says who they are.

Needs API and CLIENT_ID in its environment. Every OAuth client does these steps for you; here they can be read.
"""

import base64
import hashlib
import os
import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx


class Callback(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Done. You can close this page.")
        self.server.came_back = parse_qs(urlsplit(self.path).query)

    def log_message(self, *_):
        """Nothing: the address holds the code."""


server = HTTPServer(("127.0.0.1", 0), Callback)
app = {
    "client_id": os.environ["CLIENT_ID"],
    "redirect_uri": f"http://127.0.0.1:{server.server_port}/callback",
}
verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

with httpx.Client(base_url=os.environ["API"]) as api:
    know = api.get("/.well-known/oauth-authorization-server").json()
    asked = {"response_type": "code", "scope": "contact.read", "state": state, **app}
    asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    print(f"Open {know['authorization_endpoint']}?{urlencode(asked)}", flush=True)
    server.handle_request()

    back = server.came_back
    if back["state"] != [state] or back["iss"] != [know["issuer"]] or "code" not in back:
        raise SystemExit(f"This is no answer to what was asked: {back}")
    form = {"grant_type": "authorization_code", "code": back["code"][0], "code_verifier": verifier, **app}
    token = api.post(know["token_endpoint"], data=form).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}", "Version": "2026-09-01"}
    print(api.get("/v1/me", headers=headers).raise_for_status().text)

"""Signing in, the session, and what a person is asked."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.live import Live
from tests.oauth.acting import LOOPBACK, SCOPE, App, Asking, Browser, Forms, register, returned


def cookie(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"]


def test_the_session_gets_a_new_id_at_sign_in_and_its_cookie_is_for_the_browser_alone(browser: Browser) -> None:
    shown = browser.client.get("/oauth/sign-in")
    visitor = browser.session
    answer = browser.sign_in()
    assert answer.status_code == 303
    assert browser.session != visitor
    for each in (shown, answer):
        attributes = {part.strip().lower() for part in cookie(each).split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= attributes
        assert not any(part.startswith(("domain", "expires", "max-age")) for part in attributes)


def test_a_fixed_session_id_is_never_signed_in(pair: Live, browser: Browser) -> None:
    planted = "a" * 43
    browser.client.cookies.set(browser.cookie, planted)
    browser.sign_in()
    thief = httpx.Client(base_url=pair.url, cookies={browser.cookie: planted})
    assert thief.get("/oauth/sign-in").status_code == 200, "still the form: nobody is signed in under that id"


def test_every_refusal_of_credentials_reads_the_same(pair: Live) -> None:
    texts = set()
    for email, password in (
        (pair.a.users["owner"]["email"], "wrong"),
        ("nobody@nowhere.example", "wrong"),
        (pair.a.users["owner"]["email"], ""),
        ("", "x"),
        ("x" * 400, "x"),
        (pair.a.users["owner"]["email"], "x" * 5000),
    ):
        browser = Browser(pair)
        form = browser.sign_in_form()
        answer = browser.client.post(form.action, data={**form.fields, "email": email, "password": password})
        assert answer.status_code == 401
        shown = re.sub(r'value="[^"]*"', "", answer.text)
        texts.add(shown)
    assert len(texts) == 1
    assert "wrong" in texts.pop()


def test_a_sign_in_needs_the_page_it_came_from_and_works_once(pair: Live, browser: Browser) -> None:
    form = browser.sign_in_form()
    user = pair.a.users["owner"]
    given = {"email": user["email"], "password": user["password"]}
    for csrf in ("", "x", "é", "y" * 500):
        assert browser.client.post(form.action, data={**given, "csrf": csrf}).status_code == 403
    stranger = Browser(pair)
    assert stranger.client.post(form.action, data={**form.fields, **given}).status_code == 403, "bound to the browser"
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert browser.client.post(form.action, data={**form.fields, **given}, headers=cross).status_code == 403
    again = browser.sign_in_form().fields
    assert browser.client.post(form.action, data={**again, **given}).status_code == 303
    browser.client.cookies.clear()
    assert browser.client.post(form.action, data={**again, **given}).status_code == 403


@pytest.mark.parametrize(
    "after", ["https://evil.example", "//evil.example", "/oauth/authorize?x", "AVDb" + "A" * 80, ""]
)
def test_signing_in_leads_nowhere_that_we_did_not_seal(browser: Browser, after: str) -> None:
    form = Forms(browser.client.get("/oauth/sign-in", params={"next": after}).text).found[0]
    user = browser.live.a.users["owner"]
    answer = browser.client.post(
        form.action, data={**form.fields, "email": user["email"], "password": user["password"]}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")


def test_signing_out_is_a_post_with_a_token_and_ends_the_session_for_every_worker(
    pair: Live, browser: Browser, public: App
) -> None:
    fresh = register(pair, "--public")
    page = browser.asked(Asking(pair, fresh))
    held = browser.session
    leave = Forms(page.text).found[1]
    assert leave.action == "/oauth/sign-out"
    assert browser.client.get("/oauth/sign-out").status_code == 405
    assert browser.client.post("/oauth/sign-out", data={"leave": "x"}).status_code == 403
    assert browser.client.post(leave.action, data=leave.fields).headers["location"].startswith("/oauth/sign-in")
    for _ in range(4):
        old = httpx.Client(base_url=pair.url, cookies={browser.cookie: held})
        link = old.get("/oauth/authorize", params=Asking(pair, fresh).query())
        assert link.headers["location"].startswith("/oauth/sign-in")


def test_pages_cannot_be_framed_cached_or_scripted(pair: Live, browser: Browser, asking: Asking) -> None:
    asking.app = register(pair, "--public")
    pages = [browser.client.get("/oauth/sign-in"), browser.asked(asking), browser.asked(asking, client_id="x")]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "script-src" not in policy and "unsafe" not in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text


def test_the_form_may_lead_to_the_validated_address_of_the_app_and_nowhere_else(
    pair: Live, browser: Browser, asking: Asking
) -> None:
    asking.app = register(pair, "--public")
    page = browser.asked(asking)
    assert "form-action 'self' http://127.0.0.1:7777;" in page.headers["content-security-policy"]


def test_the_person_sees_who_asks_for_what_in_which_workspace_and_what_the_role_forbids(pair: Live) -> None:
    app = register(pair, "--public", "--client-uri", "https://ledger.example", scope="contact.all deal.read")
    text = Browser(pair).asked(Asking(pair, app, scope="contact.all deal.read"), "viewer").text
    assert "Ledger &amp; &lt;Sons&gt;" in text and "<Sons>" not in text
    viewer = pair.a.users["viewer"]
    assert viewer["email"] in text and pair.a.name in text
    assert "127.0.0.1:7777" in text
    lines = re.findall(r"<li(?: [^>]*)?>(.*?)</li>", text, re.DOTALL)
    assert lines == [
        "See contacts",
        "Add and change contacts (your role, viewer, does not allow this)",
        "Delete contacts (your role, viewer, does not allow this)",
        "See deals and pipelines",
    ]
    assert re.findall(r"<h[23]>(.*?)</h[23]>", text) == ["CRM", "Contacts", "Deals and pipelines"]


def test_consent_is_remembered_and_asked_again_when_an_app_wants_more(pair: Live, browser: Browser) -> None:
    app = register(pair, "--public", scope="contact.all deal.read")
    assert "code" in returned(browser.decide(browser.asked(Asking(pair, app, scope="contact.read"))))
    assert "code" in returned(browser.asked(Asking(pair, app, scope="contact.read")))
    assert browser.asked(Asking(pair, app, scope="contact.read contact.write")).status_code == 200
    assert browser.asked(Asking(pair, app, scope="contact.read deal.read")).status_code == 200
    browser.decide(browser.asked(Asking(pair, app, scope="contact.all")))
    assert "code" in returned(browser.asked(Asking(pair, app, scope="contact.write contact.delete")))
    assert Browser(pair).asked(Asking(pair, app, scope="contact.read"), "member").status_code == 200, (
        "of that user only"
    )


def test_an_app_can_have_people_asked_although_they_have_agreed(pair: Live, browser: Browser) -> None:
    asking = Asking(pair, register(pair, "--public"))
    assert "code" in returned(browser.decide(browser.asked(asking)))
    assert "code" in returned(browser.asked(asking, prompt="login"))
    for prompt in ("consent", "login consent"):
        assert "code" in returned(browser.decide(browser.asked(asking, prompt=prompt)))


def test_a_refusal_is_told_and_not_remembered(pair: Live, browser: Browser) -> None:
    app = register(pair, "--public")
    for _ in range(2):
        assert returned(browser.decide(browser.asked(Asking(pair, app)), "deny"))["error"] == "access_denied"


def test_an_answer_counts_once_for_this_session_and_this_very_request(pair: Live, browser: Browser) -> None:
    asking = Asking(pair, register(pair, "--public"))
    page = browser.asked(asking)
    form = Forms(page.text).found[0]
    allow = {**form.fields, "decision": "allow"}

    changed = form.action.replace("contact.read", "deal.read")
    assert changed != form.action
    assert browser.client.post(changed, data=allow).status_code == 403
    assert browser.client.post(form.action, data=allow).status_code == 403, "the token is used up by the attempt"

    form = Forms(browser.asked(asking).text).found[0]
    thief = Browser(pair)
    thief.sign_in("admin" if "admin" in pair.a.users else "member")
    assert thief.client.post(form.action, data={**form.fields, "decision": "allow"}).status_code == 403
    for csrf in ("", "x"):
        assert browser.client.post(form.action, data={"csrf": csrf, "decision": "allow"}).status_code == 403

    form = Forms(browser.asked(asking).text).found[0]
    first = browser.client.post(form.action, data={**form.fields, "decision": "allow"})
    assert "code" in returned(first)
    again = browser.client.post(form.action, data={**form.fields, "decision": "allow"})
    assert (again.status_code, "location" in again.headers) == (403, False)


def test_an_answer_counts_for_the_app_as_it_was_shown_and_another_one_is_asked_about_anew(
    pair: Live, browser: Browser
) -> None:
    plain = {"client_name": "Small", "redirect_uris": [LOOPBACK], "token_endpoint_auth_method": "none"}
    made = pair.client.post("/oauth/register", json={**plain, "scope": "contact.read"}).json()
    path, mine = made["registration_client_uri"], {"Authorization": f"Bearer {made['registration_access_token']}"}
    asking = Asking(pair, App(made["client_id"], None, "none"))
    for changed in (
        {"scope": "contact.all deal.all"},
        {"scope": "contact.read", "client_name": "Large"},
        {"scope": "contact.read", "client_uri": "https://elsewhere.example"},
        {"scope": "contact.read", "token_endpoint_auth_method": "client_secret_basic"},
    ):
        page = browser.asked(asking, scope=None)
        assert "Small" in page.text and re.findall(r"<li>(.*?)</li>", page.text) == ["See contacts"]
        new = {**plain, "client_id": made["client_id"], **changed}
        assert pair.client.put(path, headers=mine, json=new).status_code == 200
        refused = browser.decide(page)
        assert (refused.status_code, "location" in refused.headers) == (403, False)
        assert browser.asked(asking, scope=None).status_code == 200, "asked anew"
        old = {**plain, "client_id": made["client_id"], "scope": "contact.read"}
        assert pair.client.put(path, headers=mine, json=old).status_code == 200
    assert "code" in returned(browser.decide(browser.asked(asking, scope=None)))


def test_anything_but_allow_is_a_refusal(pair: Live, browser: Browser) -> None:
    asking = Asking(pair, register(pair, "--public"))
    for decision in ("", "yes", "Allow"):
        form = Forms(browser.asked(asking).text).found[0]
        told = returned(browser.client.post(form.action, data={**form.fields, "decision": decision}))
        assert told["error"] == "access_denied"


def test_an_answer_after_the_session_ended_leads_to_sign_in_and_back(pair: Live, browser: Browser) -> None:
    asking = Asking(pair, register(pair, "--public"))
    form = Forms(browser.asked(asking).text).found[0]
    browser.client.cookies.clear()
    answer = browser.client.post(form.action, data={**form.fields, "decision": "allow"})
    assert answer.headers["location"].startswith("/oauth/sign-in")
    back = browser.sign_in("owner", answer.headers["location"])
    assert back.headers["location"].startswith("/oauth/authorize?")
    assert browser.client.get(back.headers["location"]).status_code == 200


@pytest.fixture(scope="module")
def branded(spare: Live) -> Live:
    brands = [
        {
            "name": "Acme & Sons",
            "hosts": ["api.acme.example", "127.0.0.1"],
            "public_url": "https://api.acme.example",
            "logo": "https://cdn.acme.example/logo.png",
            "signup_url": "https://acme.example/join",
            "forgot_password_url": "https://acme.example/forgot",
        }
    ]
    limits = {"sign_in_account": {"quota": 3, "window": "5m"}, "sign_in_address": {"quota": 6, "window": "5m"}}
    spare.set_up(brands=brands, limits=limits)
    return spare


def test_a_brand_reached_by_https_has_its_look_its_issuer_and_a_host_bound_cookie(branded: Live) -> None:
    page = branded.client.get("/oauth/sign-in")
    assert "Acme &amp; Sons" in page.text
    for link in ("https://acme.example/join", "https://acme.example/forgot", "https://cdn.acme.example/logo.png"):
        assert link in page.text
    assert "img-src 'self' https://cdn.acme.example;" in page.headers["content-security-policy"]
    sent = cookie(page)
    assert sent.startswith("__Host-session=") and "Secure" in sent and "Domain" not in sent
    document = branded.client.get("/.well-known/oauth-authorization-server").json()
    assert document["issuer"] == "https://api.acme.example"
    assert "registration_endpoint" not in document, "closed unless configured"
    assert branded.client.post("/oauth/register", json={}).status_code == 403


def test_attempts_to_sign_in_are_limited_for_each_account_and_each_address(branded: Live) -> None:
    def attempt(email: str) -> httpx.Response:
        jar = httpx.Client(base_url=branded.url)
        page = jar.get("/oauth/sign-in")
        name, _, value = cookie(page).partition(";")[0].partition("=")
        fields = Forms(page.text).found[0].fields
        data = {**fields, "email": email, "password": "wrong"}
        return jar.post("/oauth/sign-in", data=data, headers={"Cookie": f"{name}={value}"})

    email = branded.a.users["owner"]["email"]
    first = [attempt(each).status_code for each in (email, email.upper(), email)]
    assert first == [401] * 3
    refused = attempt(email)
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
    assert "Too many attempts" in refused.text
    others = [attempt(f"nobody{at}@nowhere.example").status_code for at in range(4)]
    assert others[-1] == 429, "the address has had its share"


def test_no_secret_of_a_person_or_app_reaches_a_log_or_the_audit(pair: Live, browser: Browser) -> None:
    app = register(pair)
    asking = Asking(pair, app)
    code = browser.code(asking)
    tokens = asking.redeem(code).json()
    logged = pair.served.out.read_text() + pair.served.err.read_text()
    audited = pair.served.run("audit", "tail", "-n", "10000", "--json").stdout
    assert '"session.start"' in audited and '"consent.allow"' in audited and '"grant.create"' in audited
    secrets = [code, tokens["access_token"], tokens["refresh_token"], app.secret, pair.a.users["owner"]["password"]]
    secrets += [browser.session, asking.verifier]
    assert [secret for secret in secrets if secret and (secret in logged or secret in audited)] == []
    assert SCOPE.split()[0] in audited

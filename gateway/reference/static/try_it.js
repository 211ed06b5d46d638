// Trying an operation: Swagger UI on the part of the document that is about it, loaded when somebody asks for it.
"use strict";

const REDIRECT = `${location.origin}/docs/assets/oauth2-redirect.html`;
const TOKEN = "token";

// The renderer has a dress for the night, which it puts on by a class and not by what the reader's system says.
const night = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", night.matches);

let renderer;
const loaded = (own) => {
  renderer ??= new Promise((done, failed) => {
    dress();
    night.addEventListener("change", dress);
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = `${own.assets}/swagger-ui.css?${own.stamp}`;
    // Before ours, which make it fit.
    document.head.prepend(style);
    const script = document.createElement("script");
    script.src = `${own.assets}/swagger-ui-bundle.js?${own.stamp}`;
    script.addEventListener("load", done);
    script.addEventListener("error", failed);
    document.head.append(script);
  });
  return renderer;
};

let whole;
const described = (own) => {
  whole ??= fetch(`/openapi/${own.contract}.json`).then((answer) => answer.text()).then((text) => {
    // Whatever name this deployment was reached by, requests go to where the page came from.
    const origin = JSON.parse(text).servers[0].url;
    return JSON.parse(text.replaceAll(origin, location.origin));
  });
  return whole;
};

// The document of one operation: with what it refers to, and the scopes that it needs.
const reduced = (spec, id) => {
  const [path, method, item] = Object.entries(spec.paths)
    .flatMap(([path, items]) => Object.entries(items).map(([method, item]) => [path, method, item]))
    .find(([, , item]) => item.operationId === id);
  // Headers are the same everywhere; the page tells of them.
  const success = Object.fromEntries(
    Object.entries(item.responses).filter(([status]) => status.startsWith("2")).map(([status, { headers, ...response }]) => [status, response]));
  const operation = { ...item, responses: success };
  delete operation["x-codeSamples"];
  const components = {};
  const follow = (node) => {
    if (Array.isArray(node)) node.forEach(follow);
    else if (node && typeof node === "object") {
      for (const [key, value] of Object.entries(node)) {
        if (key !== "$ref" || typeof value !== "string") { follow(value); continue; }
        const [, , group, name] = value.split("/");
        components[group] ??= {};
        if (name in components[group]) continue;
        components[group][name] = spec.components[group][name];
        follow(components[group][name]);
      }
    }
  };
  follow(operation);
  const { oauth2, personalAccessToken } = spec.components.securitySchemes;
  const flow = oauth2.flows.authorizationCode;
  const needed = operation.security.flatMap((each) => each.oauth2 ?? []);
  const scopes = Object.fromEntries(needed.map((scope) => [scope, flow.scopes[scope] ?? ""]));
  components.securitySchemes = { oauth2: { ...oauth2, flows: { authorizationCode: { ...flow, scopes } } }, personalAccessToken };
  return { openapi: spec.openapi, info: spec.info, servers: spec.servers, paths: { [path]: { [method]: operation } }, components };
};

const uuid = () =>
  crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");

export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set: (text) => sessionStorage.setItem(TOKEN, text),
};

export const instant = async (address) => {
  const answer = await fetch(address, { method: "POST" });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  token.set(told.token);
  return told;
};

// What the renderer leaves out for those who use a keyboard or hear a page.
const mend = (place) => {
  for (const each of place.querySelectorAll("pre:not([tabindex])")) each.tabIndex = 0;
  for (const each of place.querySelectorAll("select:not([aria-label]), textarea:not([aria-label]), input:not([aria-label]):not([id])")) {
    each.setAttribute("aria-label", each.closest("[data-param-name]")?.dataset.paramName ?? "Value");
  }
};

// The renderer's own layout is a page: with a title, servers, and a main landmark that this page has already.
const layout = ({ React }) => ({
  components: {
    OneOperation: ({ getComponent }) =>
      React.createElement("div", { className: "swagger-ui" },
        React.createElement(getComponent("SvgAssets")),
        React.createElement("div", { className: "wrapper" },
          React.createElement(getComponent("errors", true)),
          React.createElement(getComponent("AuthorizeBtnContainer", true)),
          React.createElement(getComponent("operations", true)))),
  },
});

// What is tried stands below the operation: within, what the renderer lays over the page would be cut off.
export const open = async (section, own, make) => {
  const id = section.dataset.operation;
  const field = make("input", { type: "text", class: "secret", spellcheck: "false", id: `token-${id}`, autocomplete: "off", value: token.get(), oninput: () => token.set(field.value.trim()) });
  const said = make("p", { role: "status" }, "Loading…");
  const bar = make("div", { class: "credentials" }, make("label", { for: field.id }, "Token"), field);
  if (own.instant) {
    bar.append(make("button", {
      type: "button",
      onclick: async () => {
        try {
          field.value = (await instant(own.instant)).token;
          said.textContent = "A sandbox of your own, for an hour.";
        } catch (error) { said.textContent = error.message; }
      },
    }, "Get a test token"));
  }
  const place = make("div", {});
  const about = make("details", {}, make("summary", {}, "Sign in instead"),
    make("p", {}, "Authorize below signs you in by OAuth (authorization code and PKCE), as your app would. It wants the client id of a public app with the redirect URI ", make("code", {}, REDIRECT), "; the ", make("a", { href: "/console/apps" }, "console"), " registers one."));
  const panel = make("section", { class: "try", id: `try-${id}`, "aria-label": `Try ${id}` }, bar, about, said, place);
  section.after(panel);
  const [spec] = await Promise.all([described(own), loaded(own)]);
  const operation = reduced(spec, id);
  const keyed = Object.values(Object.values(operation.paths)[0])[0].parameters.some((each) => each.$ref?.endsWith("/IdempotencyKey"));
  new MutationObserver(() => mend(place)).observe(place, { childList: true, subtree: true });
  const ui = SwaggerUIBundle({
    spec: operation,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [layout],
    layout: "OneOperation",
    docExpansion: "full",
    defaultModelsExpandDepth: -1,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    validatorUrl: null,
    oauth2RedirectUrl: REDIRECT,
    showMutatedRequest: true,
    requestInterceptor: (request) => {
      const headers = new Headers(request.headers);
      if (!headers.has("authorization") && token.get() && request.url.startsWith(`${location.origin}/v1/`)) {
        request.headers.Authorization = `Bearer ${token.get()}`;
      }
      // A new key for every press of Execute: one that stood in the page would be used for other requests, too.
      if (keyed && !headers.has("idempotency-key")) request.headers["Idempotency-Key"] = uuid();
      return request;
    },
    onComplete: () => { said.textContent = ""; },
  });
  ui.initOAuth({ usePkceWithAuthorizationCodeGrant: true });
};

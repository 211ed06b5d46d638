// The reference page: Swagger UI on the document of the contract that the page was made for.
"use strict";

(async () => {
  const page = document.getElementById("reference");
  const picker = document.getElementById("contract");
  picker.value = page.dataset.contract;
  picker.addEventListener("change", () => location.assign(`/docs/${picker.value}`));

  const answer = await fetch(`/openapi/${page.dataset.contract}.json`);
  const text = await answer.text();
  // Whatever name this deployment was reached by, requests go to where the page came from.
  const spec = JSON.parse(text.replaceAll(page.dataset.origin, location.origin));

  // A new key for every press of Execute: one that stood in the page would be used for other requests, too.
  const keyed = Object.entries(spec.paths)
    .filter(([, item]) => item.post?.parameters.some((each) => each.$ref?.endsWith("/IdempotencyKey")))
    .map(([path]) => new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/]+")}$`));
  const uuid = () =>
    crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
  const withKey = (request) => {
    const path = new URL(request.url, location.origin).pathname;
    const given = Object.keys(request.headers ?? {}).some((name) => name.toLowerCase() === "idempotency-key");
    if (request.method === "POST" && !given && keyed.some((each) => each.test(path))) {
      request.headers["Idempotency-Key"] = uuid();
    }
    return request;
  };

  // Names of operations hold `_`, which the renderer would take for the blanks of links as they were, and complain of.
  const linked = () => ({
    statePlugins: {
      layout: {
        wrapActions: {
          parseDeepLinkHash: (original, { layoutActions, layoutSelectors }) => (hash) => {
            const [tag, operation] = hash.replace(/^#!?\/?/, "").split("/");
            if (!operation) return original(hash);
            const shown = layoutSelectors.isShownKeyFromUrlHashArray([tag, operation]);
            layoutActions.show(layoutSelectors.isShownKeyFromUrlHashArray([tag]), true);
            layoutActions.show(shown, true);
            layoutActions.scrollTo(shown);
            return layoutActions.scrollToVirtualizedOperation(shown);
          },
        },
      },
    },
  });

  const ui = SwaggerUIBundle({
    requestInterceptor: withKey,
    showMutatedRequest: true,
    spec,
    domNode: page,
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [linked],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    defaultModelExpandDepth: 2,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: false,
    requestSnippetsEnabled: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    oauth2RedirectUrl: `${location.origin}/docs/assets/oauth2-redirect.html`,
  });
  ui.initOAuth({ usePkceWithAuthorizationCodeGrant: true });
})();

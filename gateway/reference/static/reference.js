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

  const ui = SwaggerUIBundle({
    spec,
    domNode: page,
    presets: [SwaggerUIBundle.presets.apis],
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

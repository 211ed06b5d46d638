// Signing in from a script: OAuth 2.1 with PKCE, back to a port of this machine (RFC 8252). Node, Bun and Deno only.

import { tokenOf } from "./auth.js";
import { SignInNeeded } from "./errors.js";

const PAGE = "<!doctype html><meta charset=utf-8><title>Done</title><p>Done. You can close this page.";

/** @param {Uint8Array | ArrayBuffer} bytes */
function base64url(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/**
 * @param {import("./types.js").LoginOptions & {baseUrl: string}} options
 * @returns {Promise<import("./types.js").Tokens>}
 */
export async function loginAt({ baseUrl, scope, open = told, timeout = 300_000, ...app }) {
  const { createServer } = await import("node:http");
  const known = await (app.fetch ?? fetch)(new URL("/.well-known/oauth-authorization-server", baseUrl));
  const { issuer, authorization_endpoint: authorize, token_endpoint: url } = await known.json();
  const [verifier, state] = [random(), random()];
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  const place = server.address();
  const redirect = `http://127.0.0.1:${place !== null && typeof place === "object" ? place.port : 0}/callback`;
  try {
    const asked = new URL(authorize);
    asked.search = String(
      new URLSearchParams({
        response_type: "code",
        client_id: app.clientId,
        redirect_uri: redirect,
        scope: typeof scope === "string" ? scope : scope.join(" "),
        state,
        code_challenge: challenge,
        code_challenge_method: "S256",
      }),
    );
    const back = cameBack(server, timeout);
    await open(asked.href);
    const answer = await back;
    // Of another sign-in, or of another server, which would be given the code (RFC 9207): nothing of it is used.
    if (answer.get("state") !== state) throw new SignInNeeded("state_mismatch", "The answer is not to what was asked");
    if (answer.get("iss") !== issuer) throw new SignInNeeded("issuer_mismatch", `The answer is not from ${issuer}`);
    const code = answer.get("code");
    if (!code) throw new SignInNeeded(answer.get("error") ?? "access_denied", answer.get("error_description") ?? undefined);
    const form = { grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: redirect };
    return await tokenOf(url, form, app);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/**
 * What the browser brings back.
 * @param {import("node:http").Server} server
 * @param {number} timeout
 * @returns {Promise<URLSearchParams>}
 */
function cameBack(server, timeout) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new SignInNeeded("timeout", "Nobody signed in")), timeout);
    server.on("request", (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
      // Browsers ask for an icon, too.
      if (pathname !== "/callback") {
        response.writeHead(404).end();
        return;
      }
      clearTimeout(timer);
      response.writeHead(200, { "content-type": "text/html", connection: "close" }).end(PAGE, () => resolve(searchParams));
    });
  });
}

/** @param {string} url */
function told(url) {
  console.error(`Open ${url}`);
}

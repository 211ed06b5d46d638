// A strict client (openid-client, unmodified) through discovery, code + PKCE, refresh, introspection and revocation.
// argv: issuer, client id, secret, redirect URI. Prints the link for the person, reads the address they came back to.
import * as readline from "node:readline/promises";
import * as client from "openid-client";

const [issuer, id, secret, redirectUri] = process.argv.slice(2);
const config = await client.discovery(new URL(issuer), id, {}, client.ClientSecretBasic(secret), {
  algorithm: "oauth2",
  execute: [client.allowInsecureRequests],
});
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const link = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope: "contact.read deal.read",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  resource: issuer,
});
console.log(link.href);

const lines = readline.createInterface({ input: process.stdin });
const [returned] = await new Promise((resolve) => lines.once("line", (line) => resolve([line])));
lines.close();

const first = await client.authorizationCodeGrant(config, new URL(returned), {
  pkceCodeVerifier: verifier,
  expectedState: state,
});
const second = await client.refreshTokenGrant(config, first.refresh_token);
const known = await client.tokenIntrospection(config, second.access_token);
const me = await client.fetchProtectedResource(
  config,
  second.access_token,
  new URL("/v1/me", issuer),
  "GET",
  null,
  new Headers({ Version: "2026-09-01" }),
);
await client.tokenRevocation(config, second.refresh_token);
const gone = await client.tokenIntrospection(config, second.access_token);
console.log(
  JSON.stringify({
    issuer: config.serverMetadata().issuer,
    pkce: config.serverMetadata().supportsPKCE(),
    scope: first.scope,
    rotated: first.refresh_token !== second.refresh_token,
    active: known.active,
    me: me.status,
    gone,
  }),
);

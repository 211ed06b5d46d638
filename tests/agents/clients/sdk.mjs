// The TypeScript SDK, unmodified: discovery, registration or a client metadata document, code + PKCE, tools.
// argv: the folder of node_modules, the URL of /mcp, the redirect URI, the document's URL or nothing.
// Prints the link for the person, reads the address they came back to, prints what it found.
import * as readline from "node:readline/promises";
import { pathToFileURL } from "node:url";

const [modules, url, redirectUrl, clientMetadataUrl] = process.argv.slice(2);
const sdk = pathToFileURL(`${modules}/@modelcontextprotocol/sdk/dist/esm/`).href;
const { Client } = await import(`${sdk}client/index.js`);
const { StreamableHTTPClientTransport } = await import(`${sdk}client/streamableHttp.js`);
const { UnauthorizedError } = await import(`${sdk}client/auth.js`);

const kept = {};
const authProvider = {
  redirectUrl,
  clientMetadataUrl,
  clientMetadata: {
    client_name: "A program in TypeScript",
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => void (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  redirectToAuthorization: (link) => console.log(link.href),
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  codeVerifier: () => kept.verifier,
};
const opened = () => new StreamableHTTPClientTransport(new URL(url), { authProvider });
const client = new Client({ name: "typescript", version: "1" });
const first = opened();
try {
  await client.connect(first);
  throw new Error("it was let in without a token");
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error;
}
const lines = readline.createInterface({ input: process.stdin });
const [returned] = await new Promise((resolve) => lines.once("line", (line) => resolve([line])));
lines.close();
await first.finishAuth(new URL(returned).searchParams.get("code"));
await client.connect(opened());
const { tools } = await client.listTools();
const found = await client.callTool({ name: "search", arguments: { resource: "contacts", limit: 1 } });
const me = await client.callTool({ name: "whoami", arguments: {} });
console.log(
  JSON.stringify({
    client_id: kept.client.client_id,
    tools: tools.map((tool) => tool.name),
    records: found.structuredContent.records.length,
    tenant: me.structuredContent.tenant.name,
  }),
);
await client.close();

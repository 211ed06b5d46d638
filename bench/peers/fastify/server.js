// The gateway's work as a good Node team would write it: Fastify, the token and the limit in the store over one
// auto-pipelined connection, undici with keep-alive, a mapping written out, a compiled serializer, one log line, metrics.
import { createHash, randomBytes } from "node:crypto";
import Fastify from "fastify";
import rateLimit from "@fastify/rate-limit";
import { Redis } from "ioredis";
import { Pool } from "undici";
import prom from "prom-client";

const { PORT, STUB, VALKEY, SERVICE_KEY } = process.env;
const QUOTA = 1_000_000_000;
const redis = new Redis(VALKEY, { enableAutoPipelining: true });
const crm = new Pool(STUB, { connections: 100, pipelining: 1 });
const requests = new prom.Counter({ name: "requests_total", help: "answered", labelNames: ["route", "method", "status"] });
const seconds = new prom.Histogram({ name: "request_seconds", help: "duration", labelNames: ["route"] });

class Problem extends Error {
  constructor(status, slug, code) {
    super(code);
    this.statusCode = status;
    this.slug = slug;
    this.code = code;
  }
}

const moment = (text) => (text === null ? null : text.endsWith(".000Z") ? `${text.slice(0, 19)}Z` : text);
const contact = (row) => ({
  id: `con_${row.id}`,
  first_name: row.firstName,
  last_name: row.lastName,
  name: row.name,
  email: row.email,
  phones: row.phoneNumbers ?? [],
  job_title: row.jobTitle,
  company_id: row.companyId === null ? null : `cmp_${row.companyId}`,
  owner_id: row.assigneeId === null ? null : `usr_${row.assigneeId}`,
  source: row.source,
  lifecycle_stage: row.lifecycleStage,
  lead_score: row.leadScore,
  tags: row.tags ?? [],
  custom: row.customFields ?? {},
  last_contacted_at: moment(row.lastContactedAt),
  created_at: moment(row.createdAt),
  updated_at: moment(row.updatedAt),
});

const app = Fastify({
  logger: { level: "info", base: undefined },
  disableRequestLogging: true,
  genReqId: () => `req_${randomBytes(12).toString("hex")}`,
});

app.decorateRequest("caller", null);
app.addHook("onRequest", async (request) => {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  if (scheme !== "Bearer" || !token) throw new Problem(401, "unauthorized", "token_missing");
  const found = await redis.get(`token:${createHash("sha256").update(token).digest("hex")}`);
  if (found === null) throw new Problem(401, "unauthorized", "token_invalid");
  const caller = JSON.parse(found);
  if (caller.expires_at < Date.now() / 1000) throw new Problem(401, "unauthorized", "token_expired");
  if (!caller.scopes.includes("contact.read")) throw new Problem(403, "forbidden", "scope_missing");
  const version = request.headers.version;
  if (!version || !/^\d{4}-\d\d-\d\d$/.test(version) || version < "2026-06-01")
    throw new Problem(400, "bad-request", "version_invalid");
  request.caller = caller;
});
app.addHook("onSend", async (request, reply) => {
  reply.headers({
    "x-request-id": request.id,
    version: "2026-09-01",
    vary: "Authorization, Version",
    "cache-control": "no-store",
  });
});
app.addHook("onResponse", async (request, reply) => {
  const route = request.routeOptions.url;
  requests.inc({ route, method: request.method, status: reply.statusCode });
  seconds.observe({ route }, reply.elapsedTime / 1000);
  request.log.info({
    request_id: request.id,
    method: request.method,
    route,
    status: reply.statusCode,
    tenant: request.caller?.tenant,
    token: request.caller?.id,
    client: request.ip,
    total_ms: reply.elapsedTime,
  });
});
app.setErrorHandler((error, request, reply) => {
  reply.code(error.statusCode ?? 500).type("application/problem+json");
  return { type: `/problems/${error.slug ?? "server-error"}`, status: error.statusCode ?? 500, code: error.code };
});

await app.register(rateLimit, {
  redis,
  hook: "preHandler",
  max: QUOTA,
  timeWindow: 60_000,
  keyGenerator: (request) => request.caller.id,
});

async function ask(request, method, path, body) {
  const { caller } = request;
  const answer = await crm.request({
    method,
    path,
    body,
    headers: {
      authorization: `Bearer ${SERVICE_KEY}`,
      "x-business-id": caller.tenant,
      "x-user-id": caller.user,
      "x-user-role": caller.role,
      "x-request-id": request.id,
      traceparent: `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-00`,
      ...(body && { "content-type": "application/json" }),
    },
  });
  if (answer.statusCode >= 300) throw new Problem(502, "bad-gateway", "upstream_failed");
  return answer.body.json();
}

app.get("/v1/contacts/:id", async (request) => {
  const id = /^con_([0-9a-f]{24})$/.exec(request.params.id);
  if (!id) throw new Problem(404, "not-found", "record_not_found");
  const { data } = await ask(request, "GET", `/api/crm/contacts/${id[1]}`);
  return { data: contact(data) };
});

const searched = {
  body: { type: "object", properties: { limit: { type: "integer", minimum: 1, maximum: 100 } }, additionalProperties: false },
};
app.post("/v1/contacts/search", { schema: searched }, async (request) => {
  const limit = request.body.limit ?? 25;
  const wanted = JSON.stringify({ sort: { field: "createdAt", dir: "desc" }, limit: limit + 1 });
  const { data, total } = await ask(request, "POST", "/api/crm/contacts/search", wanted);
  return {
    data: data.slice(0, limit).map(contact),
    meta: { cursor: { next: null, has_more: data.length > limit }, total },
  };
});

await app.listen({ host: "127.0.0.1", port: Number(PORT) });

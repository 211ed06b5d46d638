// Compiled, never run: what the types let through, and what they do not.

import { ApiError, Client, OutcomeUnknown, RateLimited, RecordNotFound, ScopeMissing, ValidationFailed, webhooks } from "sdk";
import type { Contact, ContactUpdate, Page, WebhookEvent } from "sdk";
import { login } from "sdk/login";

const api = new Client({ token: "gw_pat_x", timeout: { read: 5_000 }, maxRetries: 3, pace: false });

export async function records(): Promise<void> {
  const one: Contact = await api.contacts.get("con_1");
  const email: string | null = one.email;
  const some = await api.contacts.get("con_1", { fields: ["name"] });
  const name: string | null = some.name;
  const id: string = some.id;
  // @ts-expect-error - it was not asked for
  some.email;
  // @ts-expect-error - there is no such field
  await api.contacts.get("con_1", { fields: ["nmae"] });
  const made = await api.contacts.create({ first_name: "Ada" }, { idempotencyKey: "mine" });
  // @ts-expect-error - what is required is missing
  await api.contacts.create({ last_name: "Lovelace" });
  const change: ContactUpdate = { email: null };
  await api.contacts.update(made.id, change);
  await api.contacts.delete(made.id);
  const moved = await api.deals.stage("deal_1", { stage_id: "stage_1" });
  // A status of a later release is a text.
  const status: string = moved.status;
  const raw = await api.deals.get("deal_1").withResponse();
  console.log(email, name, id, status, raw.status, raw.data.name, raw.meta?.degraded, api.limits?.["token"]?.remaining);
}

export async function lists(): Promise<void> {
  const found = api.contacts.search({
    filters: [
      { field: "lead_score", operator: "gte", value: 50 },
      { any: [{ field: "tags", operator: "contains_any", values: ["vip"] }, { not: { field: "email", operator: "is_empty" } }] },
    ],
    order_by: "name",
    fields: ["name", "email"],
  });
  for await (const each of found) console.log(each.name);
  for await (const page of found.pages()) console.log(page.total, (page satisfies Page<{ id: string }>).data.length);
  const first: { email: string | null } | undefined = await found.first();
  const notes = await api.contacts.listNotes("con_1", { limit: 5 }).toArray(10);
  const { data, missing } = await api.contacts.getMany(["con_1"], { fields: ["name"] });
  // @ts-expect-error - an operator of numbers
  api.contacts.search({ filters: [{ field: "email", operator: "gte", value: "a" }] });
  // @ts-expect-error - a value of another type
  api.contacts.search({ filters: [{ field: "lead_score", operator: "gte", value: "50" }] });
  // @ts-expect-error - nothing is ordered by this
  api.contacts.search({ order_by: "email" });
  console.log(first?.email, notes[0]?.body, data[0]?.name, missing.join());
}

export async function files(csv: ReadableStream<Uint8Array>): Promise<void> {
  const { imported } = await api.contacts.import(csv, { dry_run: true });
  for await (const piece of await api.contacts.export()) console.log(imported, piece.byteLength);
}

export async function failures(): Promise<string | undefined> {
  try {
    await api.tasks.complete("task_1");
  } catch (error) {
    if (error instanceof RecordNotFound) return error.traceId;
    if (error instanceof ValidationFailed) return error.errors[0]?.pointer;
    if (error instanceof RateLimited) return `${error.retryAfter} ${error.policies.join()}`;
    if (error instanceof ScopeMissing) return error.required.join();
    if (error instanceof OutcomeUnknown) return error.idempotencyKey;
    if (error instanceof ApiError) return error.code;
    throw error;
  }
  return undefined;
}

export async function received(body: Uint8Array, headers: Record<string, string>): Promise<void> {
  const event: WebhookEvent = await webhooks.unwrap(body, headers, "whsec_AAAA");
  if (event.type === "deal.won") console.log(event.data.amount, event.sequence);
}

export async function app(): Promise<Client> {
  const tokens = await login({ clientId: "app_1", scope: ["contact.read"] });
  return new Client({ oauth: { clientId: "app_1", tokens, save: async (made) => console.log(made.expires_at) } });
}

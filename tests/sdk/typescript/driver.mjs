// The behaviours of tests/sdk/behaviours.yaml in TypeScript's client: tasks come on stdin, what came of them goes to stdout.
// Each has a client and a sleeper of its own, and nobody really sleeps.

import { Client, webhooks } from "sdk";

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

function client({ base_url: baseUrl, client: told }, waits, saved) {
  const options = { baseUrl, headers: told.headers, pace: told.pace, maxRetries: told.max_retries };
  options.sleep = async (milliseconds) => void waits.push(milliseconds / 1000);
  if (told.timeout) {
    const { read = 30, total = 120 } = told.timeout;
    options.timeout = { read: read * 1000, total: total * 1000 };
  }
  if (told.token) return new Client({ ...options, token: told.token });
  const { client_id: clientId, ...tokens } = told.oauth;
  const save = ({ access_token, refresh_token }) => void saved.push({ access_token, refresh_token });
  return new Client({ ...options, oauth: { clientId, tokens, save } });
}

async function taken(list, how) {
  if (how === "all") return list.toArray();
  if (how === "first") return list.first();
  if (typeof how === "number") return list.toArray(how);
  const pages = [];
  for await (const page of list.pages()) pages.push(page.data);
  return pages;
}

async function done(api, { call, path, with: { idempotency_key: idempotencyKey, ...given }, take, raw, stream }) {
  if (call === "$limits") return api.limits;
  if (call === "$unwrap") return webhooks.unwrap(given.body, given.headers, given.secret);
  const [of, name] = call.split(".").map(camel);
  const { where, file, ids, ...rest } = given;
  const own = [...path, ...[file, ids].filter((each) => each !== undefined)];
  if (api[of][name].length > own.length + 1) own.push(where ? { ...rest, filters: where } : rest);
  const answer = api[of][name](...own, idempotencyKey ? { idempotencyKey } : undefined);
  if (take !== undefined) return taken(answer, take);
  if (stream) return (await answer).text();
  if (!raw) return answer;
  const { status, headers, data } = await answer.withResponse();
  return { status, headers: { version: headers.get("version") }, data };
}

function failed(error) {
  const { code, status, detail, retryAfter, policies, required, errors, traceId, requestId, idempotencyKey } = error;
  const told = { code, status, detail, policies, required, errors, retry_after: retryAfter, trace_id: traceId };
  const name = error instanceof TypeError ? "ValueError" : error.constructor.name;
  return { class: name, ...told, request_id: requestId, idempotency_key: idempotencyKey, message: error.message };
}

async function outcome(api, call) {
  try {
    return { result: (await done(api, call)) ?? null };
  } catch (error) {
    return { error: failed(error) };
  }
}

async function behaviour(task) {
  const [waits, saved] = [[], []];
  const api = client(task, waits, saved);
  const outcomes = [];
  if (task.together) outcomes.push(...(await Promise.all(task.calls.map((call) => outcome(api, call)))));
  else for (const call of task.calls) outcomes.push(await outcome(api, call));
  return { outcomes, waits, saved };
}

let asked = "";
for await (const piece of process.stdin) asked += piece;
const outcomes = [];
for (const task of JSON.parse(asked)) outcomes.push(await behaviour(task));
console.log(JSON.stringify(outcomes));

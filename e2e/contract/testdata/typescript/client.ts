// A guest's client, with the types that openapi-typescript makes of the document: log in,
// order, follow the order until it is served, refresh, log out. It ends with an error
// unless each answer is what its type says.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] }; // of Node.js

type OrderEvent = components["schemas"]["OrderEvent"];

const baseUrl = process.argv[2];
if (baseUrl === undefined) throw new Error("usage: node client.js URL");

const api = createClient<paths>({ baseUrl });
let accessToken = "";
api.use({
  onRequest({ request }) {
    if (accessToken !== "") request.headers.set("Authorization", `Bearer ${accessToken}`);
  },
});

// orFail returns the data of an answer. A refusal is a problem with a sentence in it.
function orFail<T>(answer: { data?: T; error?: components["schemas"]["Problem"]; response: Response }): T {
  if (answer.data === undefined) throw new Error(`${answer.response.status}: ${answer.error?.detail}`);
  return answer.data;
}

const refused = await api.POST("/api/v1/auth/login", { body: { username: "alice", password: "wrong" } });
if (refused.error?.status !== 401) throw new Error("a wrong password was taken");

const login = orFail(await api.POST("/api/v1/auth/login", { body: { username: "alice", password: "alice-likes-pizza" } }));
accessToken = login.access_token ?? "";

const menu = orFail(await api.GET("/api/v1/menu", { params: { query: { vegetarian: true, sort: "price" } } }));
const dish = menu.items.find((d) => d.available && !d.vip_only && !d.age_restricted);
const size = dish?.sizes[0];
if (dish === undefined || size === undefined) throw new Error("nothing to eat");

const order = orFail(
  await api.POST("/api/v1/orders", {
    body: { items: [{ menu_item_id: dish.id, size: size.size, quantity: 2 }], table: "7" },
    headers: { "Idempotency-Key": crypto.randomUUID() },
  }),
);
if (order.total_cents !== 2 * size.price_cents || order.table !== "7") throw new Error("another order than this one");

const statuses: OrderEvent["status"][] = [];
const { data, response } = await api.GET("/api/v1/orders/{id}/events", { params: { path: { id: order.id } }, parseAs: "stream" });
if (!data) throw new Error(`no events: ${response.status}`);
let text = "";
for await (const chunk of data.pipeThrough(new TextDecoderStream())) {
  text += chunk;
  const lines = text.split("\n");
  text = lines.pop() ?? "";
  for (const line of lines.filter((l) => l.startsWith("data: "))) {
    const event: OrderEvent = JSON.parse(line.slice("data: ".length));
    statuses.push(event.status);
  }
}

const fresh = orFail(await api.POST("/api/v1/auth/refresh", { body: { refresh_token: login.refresh_token ?? "" } }));
accessToken = fresh.access_token ?? "";
const me = orFail(await api.GET("/api/v1/auth/me"));
const page = orFail(await api.GET("/api/v1/orders", { params: { query: { limit: 1 } } }));
if (page.items[0]?.id !== order.id) throw new Error("the newest order is another");

const out = await api.POST("/api/v1/auth/logout");
if (out.response.status !== 204) throw new Error(`logged out with ${out.response.status}`);
const late = await api.GET("/api/v1/auth/me");
if (late.error?.type !== "/problems/token-revoked") throw new Error("the token outlives its session");

console.log(`${me.name}: ${statuses.join(" ")}`);

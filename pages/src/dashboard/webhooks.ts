/** How webhooks fare: each endpoint's success and delay, and what failed with a way to send it again. */
import { element } from "../element";
import { ask } from "../graphql";
import type { Session } from "../key";
import DELIVERIES from "./operations/deliveries.graphql";
import ENDPOINTS from "./operations/endpoints.graphql";
import REDELIVER from "./operations/redeliver.graphql";
import { note } from "./panel";
import { moment } from "./range";
import { table } from "./table";

const MOST_ENDPOINTS = 20;

interface Endpoint {
  id: string;
  url: string;
  enabled: boolean;
  disabledReason: string | null;
  failingSince: string | null;
}
interface Delivery {
  status: "PENDING" | "SUCCEEDED" | "FAILED" | "EXHAUSTED";
  createdAt: string;
  attempts: { attemptedAt: string; durationMs: number }[];
}
interface Trouble {
  id: string;
  status: "FAILED" | "EXHAUSTED";
  createdAt: string;
  nextAttemptAt: string | null;
  event: { type: string };
  attempts: { statusCode: number | null; error: string | null }[];
}
interface Health {
  endpoint: Endpoint;
  latest: { nodes: Delivery[] };
  failing: { nodes: Trouble[] };
  exhausted: { nodes: Trouble[] };
}

export async function webhooks(session: Session): Promise<Node[]> {
  const { webhookEndpoints } = await ask<{ webhookEndpoints: Endpoint[] }>(session.key, ENDPOINTS);
  if (!webhookEndpoints.length) return [];
  const shown = webhookEndpoints.slice(0, MOST_ENDPOINTS);
  const health = await Promise.all(
    shown.map(async (endpoint): Promise<Health> => {
      const found = await ask<Omit<Health, "endpoint">>(session.key, DELIVERIES, { endpoint: endpoint.id });
      return { endpoint, ...found };
    }),
  );
  const more = webhookEndpoints.length > shown.length;
  return [
    endpoints(health),
    ...troubles(session, health),
    ...(more ? [note(`The newest ${MOST_ENDPOINTS} of ${webhookEndpoints.length} endpoints are shown.`)] : []),
  ];
}

function endpoints(health: Health[]): HTMLElement {
  const columns = [
    { title: "Endpoint" },
    { title: "State" },
    { title: "Succeeded", number: true },
    { title: "Median delay", number: true },
    { title: "Longest delay", number: true },
  ];
  const rows = health.map(({ endpoint, latest }) => {
    const delays = latest.nodes.filter(({ status }) => status === "SUCCEEDED").map(delay).sort((a, b) => a - b);
    const over = latest.nodes.filter(({ status }) => status !== "PENDING").length;
    return [
      endpoint.url,
      state(endpoint),
      over ? `${((delays.length / over) * 100).toFixed(1)} %` : "–",
      seconds(delays[Math.floor(delays.length / 2)]),
      seconds(delays.at(-1)),
    ];
  });
  return table("Endpoints, by their latest 100 deliveries", columns, rows);
}

function state({ enabled, disabledReason, failingSince }: Endpoint): HTMLElement {
  const bad = (textContent: string) => element("strong", { className: "bad", textContent });
  if (!enabled) return disabledReason ? bad(`Disabled: ${disabledReason}`) : element("span", { textContent: "Disabled" });
  if (failingSince) return bad(`Failing since ${moment(failingSince)}`);
  return element("span", { textContent: "Well" });
}

/** From the event to the answer of the attempt that succeeded, in milliseconds. */
function delay({ createdAt, attempts }: Delivery): number {
  const last = attempts.at(-1);
  return last ? Date.parse(last.attemptedAt) + last.durationMs - Date.parse(createdAt) : 0;
}

function seconds(milliseconds: number | undefined): string {
  return milliseconds === undefined ? "–" : `${(milliseconds / 1000).toFixed(1)} s`;
}

function troubles(session: Session, health: Health[]): HTMLElement[] {
  const rows = health.flatMap(({ endpoint, failing, exhausted }) =>
    [...failing.nodes, ...exhausted.nodes].map((trouble) => row(session, endpoint, trouble)),
  );
  if (!rows.length) return [];
  const columns = [
    { title: "Event" },
    { title: "Action" }, // near the start, where a phone shows it
    { title: "Last answer" },
    { title: "What follows" },
    { title: "Created" },
    { title: "Endpoint" },
  ];
  return [table("Deliveries that failed, the latest 5 of each kind and endpoint", columns, rows)];
}

function row(session: Session, endpoint: Endpoint, trouble: Trouble): (string | Node)[] {
  const last = trouble.attempts.at(-1);
  const follows = element("span", {
    textContent: trouble.nextAttemptAt ? `Tried again ${moment(trouble.nextAttemptAt)}` : "Given up",
  });
  return [
    trouble.event.type,
    session.viewer.key.access === "WRITE" ? redeliver(session, trouble, follows) : "–",
    last?.statusCode ? String(last.statusCode) : (last?.error ?? "–"),
    follows,
    moment(trouble.createdAt),
    endpoint.url,
  ];
}

function redeliver(session: Session, { id, event }: Trouble, told: HTMLElement): HTMLElement {
  const button = element("button", { type: "button", textContent: "Redeliver" });
  button.setAttribute("aria-label", `Redeliver ${event.type}`);
  told.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { redeliverWebhook: done } = await ask<{
        redeliverWebhook: { userErrors: { message: string }[] };
      }>(session.key, REDELIVER, { delivery: id });
      told.textContent = done.userErrors[0]?.message ?? "Sent again";
      button.disabled = !done.userErrors.length;
    } catch (error) {
      told.textContent = (error as Error).message;
      button.disabled = false;
    }
  });
  return button;
}

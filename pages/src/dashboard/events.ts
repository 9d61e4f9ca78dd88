/** The latest events, and each new one as it is committed; what happens while away is caught up. */
import { createClient } from "graphql-ws";

import { element } from "../element";
import { ask } from "../graphql";
import { authorization } from "../key";
import LATEST from "./operations/latest.graphql";
import LIVE from "./operations/live.graphql";
import { moment } from "./range";

const SHOWN = 20;
const PAUSE = 3000; // milliseconds

interface Event {
  id: string;
  type: string;
  createdAt: string;
  details: { data?: { attributes?: Record<string, string | null> } };
}

export async function events(key: string): Promise<Node[]> {
  const { events: latest } = await ask<{ events: { nodes: Event[] } }>(key, LATEST);
  const list = element("ol", { className: "events" }, latest.nodes.map(item));
  const state = element("span", { className: "state", role: "status", textContent: "Connecting…" });
  const pause = element("button", { type: "button", textContent: "Pause", ariaPressed: "false" });
  const waiting: Event[] = [];
  const show = (event: Event) => {
    list.prepend(item(event));
    while (list.children.length > SHOWN) list.lastElementChild!.remove();
  };
  pause.addEventListener("click", () => {
    const paused = pause.ariaPressed !== "true";
    pause.ariaPressed = String(paused);
    if (!paused) waiting.splice(0).forEach(show);
  });
  follow(key, latest.nodes[0]?.id, state, (event) => {
    if (pause.ariaPressed !== "true") return show(event);
    waiting.push(event);
    if (waiting.length > SHOWN) waiting.shift();
  });
  return [element("p", { className: "live" }, [state, pause]), list];
}

/** Subscribes from the event that was seen last on, again after each break, for as long as the page is open. */
function follow(key: string, after: string | undefined, state: HTMLElement, act: (event: Event) => void): void {
  let seen = after;
  const client = createClient({
    url: `${location.origin.replace(/^http/, "ws")}/graphql`,
    connectionParams: authorization(key),
    on: { connected: () => (state.textContent = "Live") },
  });
  const subscribe = () => {
    const next = ({ data, errors }: { data?: unknown; errors?: readonly { message: string }[] | null }) => {
      if (errors) return void (state.textContent = errors[0]!.message);
      const { events: event } = data as { events: Event };
      seen = event.id;
      act(event);
    };
    const again = () => {
      state.textContent = "Not connected; trying again";
      setTimeout(subscribe, PAUSE);
    };
    client.subscribe({ query: LIVE, variables: { after: seen } }, { next, error: again, complete: again });
  };
  subscribe();
}

function item({ type, createdAt, details }: Event): HTMLElement {
  const { from, to, status } = details.data?.attributes ?? {};
  const text = [from && to && `${from} → ${to}`, status?.replaceAll("_", " ")].filter(Boolean).join(", ");
  return element("li", {}, [
    element("time", { dateTime: createdAt, textContent: moment(createdAt) }),
    element("code", { textContent: type }),
    element("span", { textContent: text }),
  ]);
}

/**
 * The API key of this browser tab: entered once, checked, and forgotten with the tab.
 *
 * It is kept in sessionStorage alone, which no other origin and no other tab reads, and leaves
 * the page only as the Authorization header (or the first message of a WebSocket) to our own origin.
 */
import { element } from "./element";

const STORED = "carrierql.key";
const VIEWER = "{ viewer { key { name role access } carrier { name billingCurrency } } }";

export interface Viewer {
  key: { name: string; role: "CARRIER" | "PLATFORM"; access: "READ" | "WRITE" };
  carrier: { name: string; billingCurrency: string } | null;
}

export interface Session {
  key: string;
  viewer: Viewer;
}

export function authorization(key: string): { Authorization: string } {
  return { Authorization: `Bearer ${key}` };
}

export function forget(): void {
  sessionStorage.removeItem(STORED);
  location.reload();
}

/** The session of a key that the service knows: the stored one, or else the one that is entered in `place`. */
export async function session(place: HTMLElement): Promise<Session> {
  const stored = sessionStorage.getItem(STORED);
  let problem = "";
  if (stored) {
    try {
      return { key: stored, viewer: await check(stored) };
    } catch (error) {
      problem = (error as Error).message;
    }
  }
  return ask(place, problem);
}

/** Whose key it is. Throws what the service says against it. */
async function check(key: string): Promise<Viewer> {
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error("A key has no spaces and no letters outside ASCII.");
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization(key) },
    body: JSON.stringify({ query: VIEWER }),
  }).catch(() => {
    throw new Error("The service does not answer. Is it running?");
  });
  const answer = await response.json().catch(() => ({}));
  if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? `The service answered ${response.status}.`);
  return answer.data.viewer;
}

function ask(place: HTMLElement, problem: string): Promise<Session> {
  const input = element("input", {
    id: "key",
    type: "password",
    required: true,
    autocomplete: "off",
    spellcheck: false,
  });
  const told = element("p", { className: "problem", role: "alert", textContent: problem });
  const button = element("button", { type: "submit", textContent: "Continue" });
  const form = element("form", { className: "key-form" }, [
    element("h1", { textContent: "carrierql" }),
    element("label", { htmlFor: "key", textContent: "API key" }),
    input,
    told,
    button,
    element("p", {
      className: "hint",
      textContent:
        "It stays in this browser tab until you close it, and is sent to this service alone. " +
        "carrierql up prints one at its first start; carrierql keys create makes another.",
    }),
  ]);
  place.replaceChildren(element("main", {}, [form]));
  input.focus();
  return new Promise((resolve) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        const key = input.value.trim();
        const viewer = await check(key);
        sessionStorage.setItem(STORED, key);
        resolve({ key, viewer });
      } catch (error) {
        told.textContent = (error as Error).message;
        input.select();
      } finally {
        button.disabled = false;
      }
    });
  });
}

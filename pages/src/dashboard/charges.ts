/** What each account was charged, by currency, to the last decimal. */
import { ask } from "../graphql";
import { add, charged, compare } from "./money";
import CHARGES from "./operations/charges.graphql";
import { note } from "./panel";
import { type Range, starts } from "./range";
import { table } from "./table";

interface Charged {
  account: { id: string; name: string };
  charges: { currency: string; amount: string }[];
}
interface Page {
  nodes: Charged[];
  pageInfo: { hasNextPage: boolean };
}
interface Row {
  account: string;
  currency: string;
  calls: string;
  messages: string;
}

export async function charges(key: string, range: Range): Promise<Node[]> {
  const now = new Date();
  const asked = { from: starts(range, now)[0], to: now };
  const found = await ask<{ calls: Page; messages: Page }>(key, CHARGES, asked);
  const rows = [...collect(found.calls.nodes, found.messages.nodes).values()];
  if (!rows.length) return [];
  const total = (row: Row) => add([row.calls, row.messages]);
  rows.sort((a, b) => a.currency.localeCompare(b.currency) || compare(total(a), total(b)));
  const cells = rows.map((row) => [
    row.account,
    row.currency,
    charged(row.calls),
    charged(row.messages),
    charged(total(row)),
  ]);
  const numbers = ["Calls", "Messages", "Total"].map((title) => ({ title, number: true }));
  const shown = table("Charges by account and currency", [{ title: "Account" }, { title: "Currency" }, ...numbers], cells);
  const more = found.calls.pageInfo.hasNextPage || found.messages.pageInfo.hasNextPage;
  return more ? [shown, note("There are more accounts than the 100 that are shown.")] : [shown];
}

function collect(calls: Charged[], messages: Charged[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  const put = (kind: "calls" | "messages", list: Charged[]) => {
    for (const { account, charges: amounts } of list) {
      for (const { currency, amount } of amounts) {
        const place = `${account.id} ${currency}`;
        const row = rows.get(place) ?? { account: account.name, currency, calls: "0", messages: "0" };
        rows.set(place, { ...row, [kind]: amount });
      }
    }
  };
  put("calls", calls);
  put("messages", messages);
  return rows;
}

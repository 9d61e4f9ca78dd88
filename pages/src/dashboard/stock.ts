/** Available numbers by place, the places that run low first. */
import { element } from "../element";
import { ask } from "../graphql";
import STOCK from "./operations/stock.graphql";
import { note } from "./panel";
import { table } from "./table";

const LOW = 5;

interface Place {
  country: string | null;
  region: string | null;
  locality: string | null;
  value: number;
}
interface Page {
  nodes: Place[];
  pageInfo: { hasNextPage: boolean };
}

export async function stock(key: string): Promise<Node[]> {
  const { low, enough } = await ask<{ low: Page; enough: Page }>(key, STOCK, { low: LOW });
  const rows = [...sorted(low).map((place) => row(place, true)), ...sorted(enough).map((place) => row(place, false))];
  if (!rows.length) return [];
  const columns = [{ title: "Place" }, { title: "Available", number: true }, { title: "Stock" }];
  const shown = table("Available numbers by place, the fewest first", columns, rows);
  const summary = low.nodes.length
    ? `${low.nodes.length}${low.pageInfo.hasNextPage ? " or more" : ""} places have fewer than ${LOW} numbers left.`
    : `Every place that has numbers has ${LOW} or more.`;
  const more = low.pageInfo.hasNextPage || enough.pageInfo.hasNextPage;
  return [note(summary), shown, ...(more ? [note("There are more places than are shown.")] : [])];
}

function sorted({ nodes }: Page): Place[] {
  return nodes.toSorted((a, b) => a.value - b.value);
}

function row({ country, region, locality, value }: Place, low: boolean): (string | Node)[] {
  const place = [locality, region, country].filter(Boolean).join(", ") || "No place";
  return [place, value.toLocaleString(), low ? element("strong", { className: "bad", textContent: "Low" }) : "Enough"];
}

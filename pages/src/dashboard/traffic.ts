/** Calls and messages over time: how many, how well they were answered, how long they took. */
import { element } from "../element";
import { ask } from "../graphql";
import { chart, type Series } from "./chart";
import TRAFFIC from "./operations/traffic.graphql";
import { type Range, starts, TIME_ZONE } from "./range";

interface Calls {
  start: string;
  count: number;
  answered: number;
  answerSeizureRatio: number | null;
  averageSeconds: number | null;
}
interface Messages {
  start: string;
  count: number;
  delivered: number;
  failed: number;
  deliveryRatio: number | null;
}
interface Nodes<Node> {
  nodes: Node[];
}
export interface Traffic {
  range: Range;
  starts: Date[];
  calls: Nodes<Calls>;
  messages: Nodes<Messages>;
  allCalls: Nodes<Calls>;
  allMessages: Nodes<Messages>;
}

const whole = (value: number) => (Number.isInteger(value) ? value.toLocaleString() : "");
const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
const seconds = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} s`;

export async function traffic(key: string, range: Range): Promise<Traffic> {
  const now = new Date();
  const times = starts(range, now);
  const asked = { from: times[0], to: now, interval: range.interval, timeZone: TIME_ZONE };
  return { range, starts: times, ...(await ask<Omit<Traffic, "range" | "starts">>(key, TRAFFIC, asked)) };
}

export function totals({ allCalls, allMessages }: Traffic): Node[] {
  const [calls, messages] = [allCalls.nodes[0], allMessages.nodes[0]];
  const shown = (value: number | null | undefined, format: (value: number) => string) =>
    value == null ? "–" : format(value);
  const figures = [
    ["Calls", whole(calls?.count ?? 0)],
    ["Answer-seizure ratio", shown(calls?.answerSeizureRatio, percent)],
    ["Average duration", shown(calls?.averageSeconds, seconds)],
    ["Messages", whole(messages?.count ?? 0)],
    ["Delivered", shown(messages?.deliveryRatio, percent)],
  ];
  const list = figures.flatMap(([title, figure]) => [
    element("div", {}, [element("dt", { textContent: title }), element("dd", { textContent: figure })]),
  ]);
  return [element("dl", { className: "totals" }, list)];
}

export function calls(found: Traffic): Node[] {
  return drawn(found, "Calls", found.calls.nodes, [
    { title: "Calls", of: (row) => row.count, nothing: 0, format: whole },
    { title: "Answered", of: (row) => row.answered, nothing: 0, format: whole },
  ]);
}

export function messages(found: Traffic): Node[] {
  return drawn(found, "Messages", found.messages.nodes, [
    { title: "Messages", of: (row) => row.count, nothing: 0, format: whole },
    { title: "Delivered", of: (row) => row.delivered, nothing: 0, format: whole },
  ]);
}

export function answers(found: Traffic): Node[] {
  return drawn(found, "Answer-seizure ratio", found.calls.nodes, [
    { title: "Answered of those that ended", of: (row) => row.answerSeizureRatio, nothing: null, format: percent },
  ]);
}

export function durations(found: Traffic): Node[] {
  return drawn(found, "Average duration", found.calls.nodes, [
    { title: "Seconds of an answered call", of: (row) => row.averageSeconds, nothing: null, format: seconds },
  ]);
}

interface Measure<Row> {
  title: string;
  of: (row: Row) => number | null;
  /** What a bucket without rows has: none is 0, but a ratio of none is unknown. */
  nothing: number | null;
  format: (value: number) => string;
}

function drawn<Row extends { start: string }>(
  { starts: times, range }: Traffic,
  title: string,
  rows: Row[],
  measures: Measure<Row>[],
): Node[] {
  if (!rows.length) return [];
  const known = new Map(rows.map((row) => [Date.parse(row.start), row]));
  const series = measures.map(({ of, nothing, ...rest }): Series => {
    const values = times.map((time) => {
      const row = known.get(time.getTime());
      return row ? of(row) : nothing;
    });
    return { ...rest, values };
  });
  return [chart(title, times, range.interval, series)];
}

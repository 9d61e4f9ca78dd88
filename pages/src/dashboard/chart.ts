/** Lines over time, drawn by uPlot, with the same figures as a table for those who do not see them. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { element } from "../element";
import { type Interval, mark, name } from "./range";
import { table } from "./table";

const HEIGHT = 220;

export interface Series {
  title: string;
  values: (number | null)[];
  format: (value: number) => string;
}

export function chart(title: string, starts: Date[], interval: Interval, series: Series[]): HTMLElement {
  const plot = element("div", { className: "plot", role: "img", ariaLabel: described(title, starts, interval, series) });
  const figures = series.map(() => element("output"));
  const legend = element(
    "ul",
    { className: "legend" },
    series.map((one, index) => element("li", { className: `series-${index}` }, [one.title, figures[index]!])),
  );
  const when = element("span", { className: "when" });
  const tell = (at: number | null | undefined) => {
    when.textContent = at == null ? "" : name(starts[at]!, interval);
    series.forEach((one, index) => (figures[index]!.textContent = at == null ? "" : shown(one, at)));
  };
  const rows = starts.map((start, at) => [name(start, interval), ...series.map((one) => shown(one, at))]);
  const columns = [{ title: "From" }, ...series.map((one) => ({ title: one.title, number: true }))];
  whenSized(plot, (width) => draw(plot, width, starts, interval, series, tell));
  return element("div", { className: "chart" }, [
    element("div", { className: "readout", ariaHidden: "true" }, [legend, when]),
    plot,
    element("details", {}, [
      element("summary", { textContent: `${title} as a table` }),
      table(`${title} in figures`, columns, rows.reverse()),
    ]),
  ]);
}

function shown({ values, format }: Series, at: number): string {
  const value = values[at];
  return value == null ? "–" : format(value);
}

function described(title: string, starts: Date[], interval: Interval, series: Series[]): string {
  const highest = series.map((one) => {
    const top = one.values.reduce((best: number, value, at) => ((value ?? -1) > (one.values[best] ?? -1) ? at : best), 0);
    return `${one.title} highest at ${shown(one, top)}, ${name(starts[top]!, interval)}`;
  });
  return `${title} by ${interval.toLowerCase()}: ${highest.join("; ")}. The table below has every figure.`;
}

/** Call back with the element's width as soon as it has one, and whenever that changes. */
function whenSized(node: HTMLElement, act: (width: number) => void): void {
  let last = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry!.contentRect.width);
    if (width && width !== last) act((last = width));
  }).observe(node);
}

const drawn = new WeakMap<HTMLElement, uPlot>();

function draw(
  plot: HTMLElement,
  width: number,
  starts: Date[],
  interval: Interval,
  series: Series[],
  tell: (at: number | null | undefined) => void,
): void {
  const before = drawn.get(plot);
  if (before) return before.setSize({ width, height: HEIGHT });
  const [ink, line] = [color("--quiet"), color("--line")];
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const format = series[0]!.format;
  const options: uPlot.Options = {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [{ ...axis, values: (_plot, ticks) => ticks.map((tick) => mark(tick, interval)) }, { ...axis, size: 64, values: (_plot, ticks) => ticks.map((tick) => format(tick)) }],
    series: [
      {},
      ...series.map((one, index) => ({
        label: one.title,
        stroke: color(`--series-${index}`),
        width: 2,
        dash: index ? [6, 4] : [],
        points: { show: true, size: 4 },
      })),
    ],
    hooks: { setCursor: [(self) => tell(self.cursor.idx)] },
  };
  const times = starts.map((start) => start.getTime() / 1000);
  drawn.set(plot, new uPlot(options, [times, ...series.map((one) => one.values)], plot));
}

/** A custom property as the colour that the present scheme makes of it. */
function color(property: string): string {
  const probe = element("span", { hidden: true });
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

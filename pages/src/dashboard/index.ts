import "../page.css";
import "./dashboard.css";

import { element } from "../element";
import { header } from "../header";
import { session } from "../key";
import { charges } from "./charges";
import { events } from "./events";
import { Panel } from "./panel";
import { type Range, RANGES, TIME_ZONE } from "./range";
import { stock } from "./stock";
import { answers, calls, durations, messages, totals, type Traffic, traffic } from "./traffic";
import { webhooks } from "./webhooks";

async function open(place: HTMLElement): Promise<void> {
  const opened = await session(place);
  let range: Range = RANGES[2]!;
  let asked: Promise<Traffic> | undefined;
  /** One request serves the panels of a range together. */
  const shared = (draw: (found: Traffic) => Node[]) => async () => {
    asked ??= traffic(opened.key, range).finally(() => (asked = undefined));
    return draw(await asked);
  };
  const ofRange = [
    new Panel("In all", "", shared(totals), true),
    new Panel("Calls", "No calls in this time.", shared(calls)),
    new Panel("Messages", "No messages in this time.", shared(messages)),
    new Panel("Answer-seizure ratio", "No calls in this time.", shared(answers)),
    new Panel("Average duration", "No calls in this time.", shared(durations)),
    new Panel("Charges", "Nothing was charged in this time.", () => charges(opened.key, range)),
  ];
  const ofNow = [
    new Panel("Number stock", "No number is available.", () => stock(opened.key)),
    new Panel("Webhooks", "There is no webhook endpoint.", () => webhooks(opened), true),
  ];
  const live = new Panel("Latest events", "", () => events(opened.key), true);
  const refresh = () => [...ofRange, ...ofNow].forEach((panel) => void panel.show());
  const controls = choice(
    (chosen) => {
      range = chosen;
      asked = undefined;
      ofRange.forEach((panel) => void panel.show());
    },
    range,
    refresh,
  );
  const panels = [...ofRange, ...ofNow, live].map(({ node }) => node);
  place.replaceChildren(
    header(opened.viewer),
    element("main", {}, [controls, element("div", { className: "panels" }, panels)]),
  );
  refresh();
  void live.show();
  // The charts are drawn in the colours of the scheme they were drawn in.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
}

function choice(choose: (range: Range) => void, first: Range, refresh: () => void): HTMLElement {
  const options = RANGES.map((range) =>
    element("option", { textContent: range.title, value: range.title, selected: range === first }),
  );
  const select = element("select", { id: "range" }, options);
  select.addEventListener("change", () => choose(RANGES[select.selectedIndex]!));
  return element("form", { className: "choice", onsubmit: (event) => event.preventDefault() }, [
    element("label", { htmlFor: "range", textContent: "Time" }),
    select,
    element("span", { textContent: TIME_ZONE }),
    element("button", { type: "button", textContent: "Refresh", onclick: refresh }),
  ]);
}

void open(document.getElementById("page")!);

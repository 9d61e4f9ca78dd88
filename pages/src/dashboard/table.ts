import { element } from "../element";

type Cell = string | Node;

export interface Column {
  title: string;
  number?: boolean;
}

/** A table that scrolls within itself on a narrow screen, by keyboard too; its first column names the row. */
export function table(caption: string, columns: Column[], rows: Cell[][]): HTMLElement {
  const head = columns.map(({ title, number }) =>
    element("th", { scope: "col", className: number ? "number" : "", textContent: title }),
  );
  const body = rows.map((cells) => element("tr", {}, cells.map((cell, index) => made(cell, index, columns[index]))));
  const whole = element("table", {}, [
    element("caption", { textContent: caption }),
    element("thead", {}, [element("tr", {}, head)]),
    element("tbody", {}, body),
  ]);
  const scroller = element("div", { className: "scroller", tabIndex: 0 }, [whole]);
  scroller.setAttribute("role", "region");
  scroller.setAttribute("aria-label", caption);
  return scroller;
}

function made(cell: Cell, index: number, column?: Column): HTMLElement {
  const className = column?.number ? "number" : "";
  return index === 0
    ? element("th", { scope: "row", className }, [cell])
    : element("td", { className }, [cell]);
}

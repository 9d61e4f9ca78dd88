import { element } from "../element";

/** Fills a panel; an empty list says that there is nothing to show. */
export type Load = () => Promise<Node[]>;

/** A titled part of the page that says whether it loads, failed or has nothing to show. */
export class Panel {
  readonly node: HTMLElement;
  private readonly body = element("div", { className: "body" });
  private latest = 0;

  constructor(
    title: string,
    private readonly nothing: string,
    private readonly load: Load,
    wide = false,
  ) {
    const id = title.toLowerCase().replaceAll(/\W+/g, "-");
    const heading = element("h2", { id, textContent: title });
    this.node = element("section", { className: wide ? "panel wide" : "panel" }, [heading, this.body]);
    this.node.setAttribute("aria-labelledby", id);
  }

  async show(): Promise<void> {
    const mine = ++this.latest;
    this.node.setAttribute("aria-busy", "true");
    if (!this.body.hasChildNodes()) this.body.replaceChildren(note("Loading…"));
    const content = await this.load().catch((error: Error) => [this.failure(error)]);
    if (mine !== this.latest) return; // a later choice of range overtook this one
    const opened = this.body.querySelector("details")?.open ?? false;
    this.body.replaceChildren(...(content.length ? content : [note(this.nothing)]));
    this.body.querySelector("details")?.toggleAttribute("open", opened); // who reads the table goes on reading it
    this.node.setAttribute("aria-busy", "false");
  }

  private failure(error: Error): HTMLElement {
    const again = element("button", { type: "button", textContent: "Try again", onclick: () => void this.show() });
    return element("div", { className: "failure", role: "alert" }, [
      element("p", { textContent: `This could not be loaded: ${error.message}` }),
      again,
    ]);
  }
}

export function note(text: string): HTMLElement {
  return element("p", { className: "note", textContent: text });
}

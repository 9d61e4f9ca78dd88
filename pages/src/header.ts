/** The strip above each page: where one is, whose key is used, and the way to the other pages. */
import { element } from "./element";
import { forget, type Viewer } from "./key";

const PAGES = [
  { title: "Dashboard", path: "/dashboard" },
  { title: "GraphiQL", path: "/graphql" },
  { title: "REST reference", path: "/docs" },
];

export function header({ key, carrier }: Viewer): HTMLElement {
  const links = PAGES.map(({ title, path }) => {
    const link = element("a", { href: path, textContent: title });
    if (path === location.pathname) link.setAttribute("aria-current", "page");
    return element("li", {}, [link]);
  });
  const pages = element("nav", {}, [element("ul", {}, links)]);
  pages.setAttribute("aria-label", "Pages");
  const whose = carrier ? carrier.name : "Platform";
  return element("header", { className: "strip" }, [
    element("h1", { className: "brand", textContent: "carrierql" }),
    pages,
    element("span", { className: "whose", textContent: `${whose} · ${key.name} (${key.access.toLowerCase()})` }),
    element("button", { type: "button", textContent: "Forget key", onclick: forget }),
  ]);
}

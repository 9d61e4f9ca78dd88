// A button to copy each piece of code; a short table of contents on a small screen.
const said = document.getElementById("said");
for (const figure of document.querySelectorAll("figure.code")) {
  const caption = figure.querySelector("figcaption");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${caption.textContent}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(figure.querySelector("code").textContent);
    said.textContent = "Copied";
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  caption.append(button);
}
const contents = document.getElementById("contents");
const small = window.matchMedia("(max-width: 59.99rem)");
const fold = () => { contents.open = !small.matches; };
small.addEventListener("change", fold);
fold();

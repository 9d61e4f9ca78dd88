// Bundles the pages into dist/: assets named by their content, and one HTML file for each page.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

const PAGES = { graphiql: "GraphiQL", dashboard: "Dashboard" };
const FRESH = "dist.new"; // takes the place of dist/ when it is whole: a server may be using that
const SMALLEST_TO_COMPRESS = 1024;
const common = {
  bundle: true,
  minify: true,
  keepNames: true, // GraphiQL names its icons by their components
  metafile: true,
  target: ["es2022"],
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  outdir: join(FRESH, "assets"),
  legalComments: "linked",
  logLevel: "warning",
};

/** Monaco's own style sheets are part of GraphiQL's; importing them again would double them. */
const withoutMonacoStyles = {
  name: "without-monaco-styles",
  setup({ onLoad }) {
    onLoad({ filter: /monaco-editor[\\/].*\.css$/ }, () => ({ contents: "", loader: "empty" }));
  },
};

/** Where each entry point went: {"graphiql": {js: "graphiql-….js", css: "graphiql-….css"}}. */
function outputs(metafile) {
  const found = {};
  for (const [path, output] of Object.entries(metafile.outputs)) {
    if (!output.entryPoint) continue;
    const name = basename(path).replace(/-[A-Z0-9]+\.js$/, "");
    found[name] = { js: basename(path), css: output.cssBundle && basename(output.cssBundle) };
  }
  return found;
}

function page(title, { js, css }) {
  return readFileSync("src/page.html", "utf8")
    .replaceAll("{{title}}", title)
    .replaceAll("{{script}}", `/assets/${js}`)
    .replaceAll("{{icon}}", `/assets/${icon}`)
    .replaceAll("{{style}}", `/assets/${css}`);
}

rmSync(FRESH, { recursive: true, force: true });
mkdirSync(join(FRESH, "assets"), { recursive: true });

const drawing = readFileSync("src/icon.svg");
const icon = `icon-${createHash("sha256").update(drawing).digest("hex").slice(0, 8)}.svg`;
writeFileSync(join(FRESH, "assets", icon), drawing);

const workers = await build({
  ...common,
  format: "iife",
  entryPoints: {
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  },
});
const worker = (name) => JSON.stringify(`/assets/${outputs(workers.metafile)[name].js}`);
const pages = await build({
  ...common,
  format: "esm",
  splitting: true,
  jsx: "automatic",
  chunkNames: "chunk-[hash]",
  entryPoints: { graphiql: "src/graphiql/index.tsx", dashboard: "src/dashboard/index.ts" },
  define: {
    "process.env.NODE_ENV": '"production"',
    EDITOR_WORKER: worker("editor.worker"),
    JSON_WORKER: worker("json.worker"),
    GRAPHQL_WORKER: worker("graphql.worker"),
  },
  loader: { ".ttf": "file", ".graphql": "text" },
  plugins: [withoutMonacoStyles],
});
for (const [name, title] of Object.entries(PAGES)) {
  writeFileSync(join(FRESH, `${name}.html`), page(title, outputs(pages.metafile)[name]));
}
for (const name of readdirSync(join(FRESH, "assets"))) {
  const content = readFileSync(join(FRESH, "assets", name));
  if (content.length > SMALLEST_TO_COMPRESS) {
    writeFileSync(join(FRESH, "assets", `${name}.gz`), gzipSync(content, { level: 9 }));
  }
}
rmSync("dist", { recursive: true, force: true });
renameSync(FRESH, "dist");

import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "../page.css";
import "./graphiql.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { useMonaco } from "@graphiql/react";
import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { type DocumentNode, Kind, parse } from "graphql";
import { createClient } from "graphql-ws";
import { type ReactNode, useEffect } from "react";
import { createRoot } from "react-dom/client";

import { element } from "../element";
import { header } from "../header";
import { authorization, session } from "../key";
import examples from "./examples.json";
import { storage } from "./storage";
import "./workers";

const PLUGINS = [HISTORY_PLUGIN, explorerPlugin()];

/** The operation that a link brings: /graphql?query=…&variables=… */
function linked(): { query: string; variables?: string } | undefined {
  const given = new URLSearchParams(location.search);
  const query = given.get("query");
  return query ? { query, variables: given.get("variables") ?? undefined } : undefined;
}

function parsed(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined; // the server words what is wrong
  }
}

/** GraphiQL looks at a document 0.1 s after it is shown; until then it would name the former one's operation. */
function fetcher(key: string): Fetcher {
  const send = createGraphiQLFetcher({
    url: "/graphql",
    headers: authorization(key),
    wsClient: createClient({
      url: location.origin.replace(/^http/, "ws") + "/graphql",
      connectionParams: authorization(key),
      retryAttempts: 2,
    }),
  });
  return (params, options) => {
    const documentAST = parsed(params.query);
    const operations = documentAST?.definitions.filter((part) => part.kind === Kind.OPERATION_DEFINITION);
    const names = operations?.map(({ name }) => name?.value) ?? [];
    const operationName = names.includes(params.operationName ?? undefined) ? params.operationName : names[0];
    return send({ ...params, operationName }, { ...options, documentAST });
  };
}

const tabs = examples.map(({ query, variables }) => ({
  query,
  variables: variables && JSON.stringify(variables, null, 2),
}));

/** GraphiQL as soon as its editor is loaded: a tab chosen before would show the first tab's text. */
function WhenLoaded({ children }: { children: ReactNode }) {
  const { monaco, actions } = useMonaco();
  useEffect(() => void actions.initialize(), [actions]);
  return monaco ? children : <p role="status" className="loading">Loading the editor…</p>;
}

async function open(place: HTMLElement): Promise<void> {
  const { key, viewer } = await session(place);
  const editors = element("main", { className: "editors" });
  place.replaceChildren(header(viewer), editors);
  const link = linked();
  createRoot(editors).render(
    <WhenLoaded>
      <GraphiQL
        fetcher={fetcher(key)}
        plugins={PLUGINS}
        storage={storage}
        defaultTabs={link ? [link, ...tabs] : tabs}
        initialQuery={link?.query}
        initialVariables={link?.variables}
        defaultEditorToolsVisibility="variables"
        showPersistHeadersSettings={false}
        inputValueDeprecation
        schemaDescription
      />
    </WhenLoaded>,
  );
}

void open(document.getElementById("page")!);

/** Asks the service's public GraphQL API, as any other client does. */
import { authorization } from "./key";

const MILLISECONDS = 30_000;

/** The data of an operation. Throws, in a sentence, what kept it from being answered whole. */
export async function ask<Data>(key: string, query: string, variables: object = {}): Promise<Data> {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization(key) },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(MILLISECONDS),
  }).catch((error: Error) => {
    throw new Error(error.name === "TimeoutError" ? "The service took too long." : "The service does not answer.");
  });
  const answer = await response.json().catch(() => ({}));
  if (answer.errors) throw new Error(answer.errors[0].message);
  if (!answer.data) throw new Error(`The service answered ${response.status}.`);
  return answer.data;
}

/**
 * localStorage, but GraphiQL's history does not keep what the headers editor holds: that is where
 * some people put their key.
 */
const HISTORIES = ["graphiql:queries", "graphiql:favorites"];
const withoutHeaders = (name: string, value: unknown) => (name === "headers" ? undefined : value);

export const storage = {
  getItem: (name: string) => localStorage.getItem(name),
  removeItem: (name: string) => localStorage.removeItem(name),
  clear: () => localStorage.clear(),
  get length() {
    return localStorage.length;
  },
  setItem(name: string, value: string) {
    const kept = HISTORIES.includes(name) ? JSON.stringify(JSON.parse(value, withoutHeaders)) : value;
    localStorage.setItem(name, kept);
  },
};

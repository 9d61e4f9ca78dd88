/** Exact sums of the API's decimals, "-320.00000": a float would round what somebody pays. */
const PLACES = 12;
const ONE = 10n ** BigInt(PLACES);

export function add(amounts: string[]): string {
  return written(amounts.map(read).reduce((sum, amount) => sum + amount, 0n));
}

/** For sorting: negative where `a` is less. */
export function compare(a: string, b: string): number {
  const difference = read(a) - read(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** What was charged, the way people read it: "320.00" for "-320.00000". */
export function charged(amount: string): string {
  const [whole = "0", fraction = ""] = written(-read(amount)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, " ");
  return `${grouped}.${fraction.padEnd(2, "0")}`;
}

function read(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.replace("-", "").split(".");
  const units = BigInt(whole) * ONE + BigInt(fraction.padEnd(PLACES, "0").slice(0, PLACES));
  return amount.startsWith("-") ? -units : units;
}

function written(units: bigint): string {
  const absolute = units < 0n ? -units : units;
  const fraction = (absolute % ONE).toString().padStart(PLACES, "0").replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${absolute / ONE}${fraction && `.${fraction}`}`;
}

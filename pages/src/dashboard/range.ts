/** A stretch of time up to now, cut by the clock of this browser's time zone. */
export type Interval = "HOUR" | "DAY" | "MONTH";

export interface Range {
  title: string;
  interval: Interval;
  /** How many buckets, the running one included. */
  buckets: number;
}

export const RANGES: Range[] = [
  { title: "Last 24 hours", interval: "HOUR", buckets: 24 },
  { title: "Last 7 days", interval: "DAY", buckets: 7 },
  { title: "Last 30 days", interval: "DAY", buckets: 30 },
  { title: "Last 12 months", interval: "MONTH", buckets: 12 },
];

export const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const HOUR = 3_600_000;

/** The starts of a range's buckets, the oldest first: days of 23 and 25 hours as the clock has them. */
export function starts({ interval, buckets }: Range, now: Date): Date[] {
  const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()];
  const hour = now.getTime() - ((now.getMinutes() * 60 + now.getSeconds()) * 1000 + now.getMilliseconds());
  return Array.from({ length: buckets }, (_, index) => {
    const back = buckets - 1 - index;
    if (interval === "HOUR") return new Date(hour - back * HOUR);
    return interval === "DAY" ? new Date(year, month, day - back) : new Date(year, month - back, 1);
  });
}

const FORMATS: Record<Interval, Intl.DateTimeFormatOptions> = {
  HOUR: { weekday: "short", hour: "2-digit", minute: "2-digit" },
  DAY: { weekday: "short", day: "numeric", month: "short" },
  MONTH: { month: "long", year: "numeric" },
};

export function name(start: Date, interval: Interval): string {
  return start.toLocaleString(undefined, FORMATS[interval]);
}

const MARKS: Record<Interval, Intl.DateTimeFormatOptions> = {
  HOUR: { hour: "2-digit", minute: "2-digit" },
  DAY: { day: "numeric", month: "short" },
  MONTH: { month: "short" },
};

/** What an axis says at a time, in seconds since 1970. */
export function mark(seconds: number, interval: Interval): string {
  return new Date(seconds * 1000).toLocaleString(undefined, MARKS[interval]);
}

export function moment(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

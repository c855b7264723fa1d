/** What a unit measures, and how much of the base unit one of it is. */
export interface Unit {
  readonly base: string;
  readonly factor: number;
}

/** By base unit: the names of its units, each with its worth in the base. A plural `s` need not be listed. */
const table: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '%': { '%': 1, percent: 1, 'per cent': 1 },
  usd: { $: 1, usd: 1, dollar: 1, us$: 1, cent: 0.01, '¢': 0.01 },
  eur: { '€': 1, eur: 1, euro: 1 },
  gbp: { '£': 1, gbp: 1 },
  jpy: { '¥': 1, jpy: 1, yen: 1 },
  inr: { '₹': 1, inr: 1, rupee: 1 },
  m: {
    mm: 0.001,
    millimeter: 0.001,
    millimetre: 0.001,
    cm: 0.01,
    centimeter: 0.01,
    centimetre: 0.01,
    m: 1,
    meter: 1,
    metre: 1,
    km: 1_000,
    kilometer: 1_000,
    kilometre: 1_000,
    inch: 0.0254,
    inches: 0.0254,
    ft: 0.3048,
    foot: 0.3048,
    feet: 0.3048,
    yard: 0.9144,
    yd: 0.9144,
    mile: 1_609.344,
  },
  g: { mg: 0.001, milligram: 0.001, g: 1, gram: 1, kg: 1_000, kilogram: 1_000, kilo: 1_000, tonne: 1_000_000 },
  lb: { oz: 1 / 16, ounce: 1 / 16, lb: 1, pound: 1 },
  l: { ml: 0.001, milliliter: 0.001, millilitre: 0.001, cl: 0.01, l: 1, liter: 1, litre: 1 },
  gallon: { gallon: 1, quart: 1 / 4, pint: 1 / 8, cup: 1 / 16 },
  s: {
    ms: 0.001,
    millisecond: 0.001,
    s: 1,
    sec: 1,
    second: 1,
    min: 60,
    minute: 60,
    h: 3_600,
    hr: 3_600,
    hour: 3_600,
    day: 86_400,
    week: 604_800,
  },
};

const units: ReadonlyMap<string, Unit> = new Map(
  Object.entries(table).flatMap(([base, names]) =>
    Object.entries(names).map(([name, factor]) => [name, { base, factor }] as const),
  ),
);

/** The unit of this name in lower case, singular or plural; undefined when it is not one that is known. */
export const unitOf = (name: string): Unit | undefined =>
  units.get(name) ?? (name.endsWith('s') ? units.get(name.slice(0, -1)) : undefined);

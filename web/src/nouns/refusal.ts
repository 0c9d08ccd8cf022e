/** Why the server said no, as it said it. */
export interface Refusal {
  code: string;
  field: string;
  message: string;
}

/** Codes that are about one field of what was sent. */
const OF_FIELD = ['invalid', 'not_found', 'limit', 'exists'];

/** What a form calls the field, by the end of the server's name for it ("PutUnit.unit.station.admin_unit"); the longest end counts. */
function labelOf(field: string, labels: Readonly<Record<string, string>>): string | undefined {
  const ends = Object.keys(labels).filter((end) => field === end || field.endsWith(`.${end}`));
  const best = ends.sort((one, other) => other.length - one.length)[0];
  return best === undefined ? undefined : labels[best];
}

/**
 * The refusal in the reader's language by its code. The server's own words are for whoever wrote the request, and stand where
 * the code has none of ours. `labels`: what the form calls its fields.
 */
export function refusalText({ code, field, message }: Refusal, words: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = {}): string {
  const known = words[code];
  if (known === undefined) return message || code;
  const label = OF_FIELD.includes(code) ? labelOf(field, labels) : undefined;
  if (label !== undefined) return `${label}: ${known}`;
  return code === 'invalid' && field !== '' ? `${known} (${field})` : known;
}

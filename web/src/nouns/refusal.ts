/** Why the server said no, as it said it. */
export interface Refusal {
  code: string;
  field: string;
  message: string;
}

/**
 * The refusal in the reader's language by its code. The server's own words are for whoever wrote the request, and stand where
 * the code has none of ours.
 */
export function refusalText({ code, field, message }: Refusal, words: Readonly<Record<string, string>>): string {
  const known = words[code];
  if (known === undefined) return message || code;
  return code === 'invalid' && field !== '' ? `${known} (${field})` : known;
}

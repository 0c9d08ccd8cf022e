// Names of kinds and states: "public-order" on the screens, "public_order" on the wire.

/** The name as the server writes it. */
export function toWire(name: string): string {
  return name.replaceAll('-', '_');
}

/** The name as the screens write it. */
export function fromWire(name: string): string {
  return name.replaceAll('_', '-').toLowerCase();
}

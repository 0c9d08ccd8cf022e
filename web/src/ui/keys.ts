// Which key presses are never shortcuts.

/** Vietnamese input methods compose a letter over several keys. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** The key goes into a field, or belongs to the browser. */
export function isTyping(event: KeyboardEvent): boolean {
  const inField = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  return inField || isComposing(event) || event.ctrlKey || event.metaKey || event.altKey;
}
